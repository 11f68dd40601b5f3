#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/tool_parse.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"

enum {
	TEXT_MAX = 1024,        /* [bytes] of description, filler, url ... */
	SCHEMA_MAX = 16 * 1024, /* [bytes] of the parameters */
	TIMEOUT_MIN = 100,      /* [ms] */
	METHODS_MAX = 5,
};

static const char no_parameters[] = "{\"type\":\"object\",\"properties\":{}}";

int tool_fault(char fault[TOOL_FAULT_MAX], const char *key, const char *what)
{
	snprintf(fault, TOOL_FAULT_MAX, "%.60s %.90s", key, what);
	return -EINVAL;
}

bool tool_only(const char *text, const char *more)
{
	for (const char *p = text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || strchr(more, *p)))
			return false;
	return text[0] != '\0';
}

/* A text of a line, or several: no other control characters. */
static bool plain(const char *text, bool lines)
{
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p < ' ' && !(lines && *p == '\n')) ||
		    *p == 0x7f)
			return false;
	return true;
}

int tool_text(char **dst, const json_t *obj, const char *key, bool required,
              char fault[TOOL_FAULT_MAX])
{
	const json_t *v = json_object_get(obj, key);
	const char *text = json_string_value(v);

	if (!v && !required)
		return 0;
	if (!text || !text[0] || strlen(text) > TEXT_MAX ||
	    strlen(text) != json_string_length(v) || !plain(text, true))
		return tool_fault(fault, key, "must be a text");
	*dst = mem_strdup(text);
	return *dst ? 0 : -ENOMEM;
}

int tool_known(json_t *obj, const char *const *known,
               char fault[TOOL_FAULT_MAX])
{
	const char *key;
	json_t *v;

	json_object_foreach(obj, key, v)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return tool_fault(fault, key, "is an unknown key");
	}
	return 0;
}

/* ---- the request ------------------------------------------------------------ */

static int get_method(struct tool_http *h, const json_t *obj,
                      char fault[TOOL_FAULT_MAX])
{
	static const char *const names[METHODS_MAX] = {"GET", "DELETE", "POST",
	                                               "PUT", "PATCH"};
	const char *text = js_str(obj, "method", "");

	for (size_t i = 0; i < METHODS_MAX; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		h->body = i >= 2;
		h->method = mem_strdup(text);
		return h->method ? 0 : -ENOMEM;
	}
	return tool_fault(fault, "http.method",
	                  "must be GET, POST, PUT, PATCH or DELETE");
}

static int get_url(struct tool_http *h, const json_t *obj,
                   char fault[TOOL_FAULT_MAX])
{
	int err = tool_text(&h->url, obj, "url", true, fault);
	const char *why;

	if (err)
		return err;
	why = tool_http_check_url(h->url, h->allow_private);
	return why ? tool_fault(fault, "http.url", why) : 0;
}

/* Headers that say how the message is framed, or whose it is, are not the
 * file's. */
static bool header_ok(const char *name, const char *value)
{
	static const char *const ours[] = {"host", "content-length", "expect",
	                                   "transfer-encoding", "connection"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (str_eq_nocase(str_of(name), ours[i]))
			return false;
	return tool_only(name, "-_") && value && value[0] &&
	       plain(value, false) && strlen(name) + strlen(value) <= TEXT_MAX;
}

static int get_headers(struct tool_http *h, const json_t *obj,
                       char fault[TOOL_FAULT_MAX])
{
	static const char what[] = "must be an object of at most 16 texts";
	json_t *list = json_object_get(obj, "headers"), *v;
	const char *name;

	if (!list)
		return 0;
	if (!json_is_object(list) || json_object_size(list) > TOOL_HEADERS_MAX)
		return tool_fault(fault, "http.headers", what);
	json_object_foreach(list, name, v)
	{
		const char *value = json_string_value(v);
		struct buf line;
		int err;

		if (!header_ok(name, value))
			return tool_fault(fault, "http.headers", what);
		buf_init(&line, 2 * TEXT_MAX);
		err = buf_addf(&line, "%s: %s", name, value);
		if (err) {
			buf_fini(&line);
			return err;
		}
		h->headers[h->n_headers++] = buf_take(&line, NULL);
	}
	return 0;
}

static int get_secret(struct tool_http *h, const json_t *obj,
                      char fault[TOOL_FAULT_MAX])
{
	int err = tool_text(&h->secret_env, obj, "secret_env", false, fault);
	const char *value;

	if (err || !h->secret_env)
		return err;
	if (!tool_only(h->secret_env, "_"))
		return tool_fault(fault, "http.secret_env",
		                  "must be a variable's name");
	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	value = getenv(h->secret_env);
	if (!value || !value[0] || !plain(value, false))
		return tool_fault(fault, h->secret_env,
		                  "(http.secret_env) is not set in the "
		                  "environment");
	return 0;
}

static int get_limits(struct tool_http *h, const json_t *obj,
                      char fault[TOOL_FAULT_MAX])
{
	const json_t *ms = json_object_get(obj, "timeout_ms");
	const json_t *inside = json_object_get(obj, "allow_private");
	const double n = ms ? json_number_value(ms) : TOOL_TIMEOUT_MS;

	if (n < TIMEOUT_MIN || n > TOOL_TIMEOUT_MAX)
		return tool_fault(fault, "http.timeout_ms",
		                  "must be a number from 100 to 30000");
	if (inside && !json_is_boolean(inside))
		return tool_fault(fault, "http.allow_private",
		                  "must be true or false");
	h->timeout_ms = (uint32_t)n;
	h->allow_private = json_is_true(inside);
	return 0;
}

static int get_http(struct tool_http *h, json_t *obj,
                    char fault[TOOL_FAULT_MAX])
{
	static const char *const known[] = {
		"method",     "url",           "timeout_ms", "headers",
		"secret_env", "allow_private", NULL};
	int err;

	if (!json_is_object(obj))
		return tool_fault(fault, "http", "must be an object");
	err = tool_known(obj, known, fault);
	if (!err)
		err = get_limits(h, obj, fault);
	if (!err)
		err = get_method(h, obj, fault);
	if (!err)
		err = get_url(h, obj, fault);
	if (!err)
		err = get_headers(h, obj, fault);
	return err ? err : get_secret(h, obj, fault);
}

/* ---- the tool --------------------------------------------------------------- */

static int get_name(struct tool_own *t, const json_t *obj,
                    char fault[TOOL_FAULT_MAX])
{
	int err = tool_text(&t->name, obj, "name", true, fault);

	if (!err &&
	    (strlen(t->name) > TOOL_NAME_MAX || !tool_only(t->name, "_-")))
		err = tool_fault(fault, "name",
		                 "must be of at most 64 letters, digits, _ and "
		                 "-");
	if (!err && tools_find(t->name))
		err = tool_fault(fault, t->name,
		                 "is the name of a built-in tool");
	return err;
}

static int get_parameters(struct tool_own *t, const json_t *obj,
                          char fault[TOOL_FAULT_MAX])
{
	const json_t *v = json_object_get(obj, "parameters");
	struct buf text;
	int err;

	buf_init(&text, SCHEMA_MAX);
	if (!v)
		err = buf_adds(&text, no_parameters);
	else if (strcmp(js_str(v, "type", ""), "object") == 0)
		err = js_dump(&text, v);
	else
		err = tool_fault(fault, "parameters",
		                 "must be a JSON schema of type object");
	if (err == ERR_LIMIT)
		err = tool_fault(fault, "parameters", "are too long");
	if (err)
		buf_fini(&text);
	else
		t->parameters = buf_take(&text, NULL);
	return err;
}

/* The agent's own code answers it. */
static int get_hook(struct tool_own *t, const json_t *obj,
                    char fault[TOOL_FAULT_MAX])
{
	const json_t *ms = json_object_get(obj, "timeout_ms");
	const double n = ms ? json_number_value(ms) : TOOL_TIMEOUT_MS;

	if (!json_is_true(json_object_get(obj, "hook")))
		return tool_fault(fault, "hook", "must be true");
	if (json_object_get(obj, "http"))
		return tool_fault(fault, "http",
		                  "has no place beside \"hook\"");
	if (n < TIMEOUT_MIN || n > TOOL_TIMEOUT_MAX)
		return tool_fault(fault, "timeout_ms",
		                  "must be a number from 100 to 30000");
	t->tool.timeout_ms = (uint32_t)n;
	t->tool.hook = true;
	return 0;
}

int tool_own_new(struct tool_own **tp, json_t *obj, char fault[TOOL_FAULT_MAX])
{
	static const char *const known[] = {
		"name",   "description", "parameters", "http",
		"filler", "hook",        "timeout_ms", NULL};
	struct tool_own *t = mem_zalloc(sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	if (!strcmp(js_str(obj, "name", ""), tool_transfer_name)) {
		err = tool_transfer_parse(t, obj, fault);
		goto out;
	}
	err = tool_known(obj, known, fault);
	if (!err)
		err = get_name(t, obj, fault);
	if (!err)
		err = tool_text(&t->description, obj, "description", true,
		                fault);
	if (!err)
		err = get_parameters(t, obj, fault);
	if (!err)
		err = tool_text(&t->filler, obj, "filler", false, fault);
	if (!err && json_object_get(obj, "hook"))
		err = get_hook(t, obj, fault);
	else if (!err && json_object_get(obj, "timeout_ms"))
		err = tool_fault(fault, "timeout_ms", "belongs into \"http\"");
	else if (!err)
		err = get_http(&t->http, json_object_get(obj, "http"), fault);
out:
	if (err) {
		tool_own_free(&t);
		return err;
	}
	t->tool.name = t->name;
	t->tool.description = t->description;
	t->tool.parameters = t->parameters;
	t->tool.filler = t->filler;
	if (t->transfer.n)
		t->tool.transfer = &t->transfer;
	else if (!t->tool.hook)
		t->tool.http = &t->http;
	/* Its request has a deadline already; its hook gets one, too. */
	if (!t->tool.hook)
		t->tool.timeout_ms = TOOL_TIMEOUT_MAX;
	*tp = t;
	return 0;
}

void tool_own_free(struct tool_own **tp)
{
	struct tool_own *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	tool_transfer_fini(&t->transfer);
	for (size_t i = 0; i < t->http.n_headers; i++)
		mem_free(t->http.headers[i]);
	mem_free(t->http.method);
	mem_free(t->http.url);
	mem_free(t->http.secret_env);
	mem_free(t->name);
	mem_free(t->description);
	mem_free(t->parameters);
	mem_free(t->filler);
	mem_free(t);
}
