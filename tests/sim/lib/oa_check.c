#include "tests/sim/lib/oa_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/lib/oa_messages.h"
#include "tests/sim/lib/simmem.h"

enum kind { TEXT, FLAG, INTEGER, REAL, OBJECT, ARRAY, ANY };

static const struct field {
	const char *name;
	enum kind kind;
	double least, most; /* INTEGER, REAL */
} fields[] = {
	{"model", TEXT, 0, 0},
	{"messages", ARRAY, 0, 0},
	{"stream", FLAG, 0, 0},
	{"stream_options", OBJECT, 0, 0},
	{"tools", ARRAY, 0, 0},
	{"tool_choice", ANY, 0, 0},
	{"parallel_tool_calls", FLAG, 0, 0},
	{"max_completion_tokens", INTEGER, 1, 1e6},
	{"max_tokens", INTEGER, 1, 1e6},
	{"temperature", REAL, 0, 2},
	{"top_p", REAL, 0, 1},
	{"frequency_penalty", REAL, -2, 2},
	{"presence_penalty", REAL, -2, 2},
	{"n", INTEGER, 1, 1},
	{"stop", ANY, 0, 0},
	{"seed", INTEGER, -9e15, 9e15},
	{"service_tier", TEXT, 0, 0},
	{"prompt_cache_key", TEXT, 0, 0},
	{"prompt_cache_retention", TEXT, 0, 0},
	{"prompt_cache_options", OBJECT, 0, 0},
	{"reasoning_effort", TEXT, 0, 0},
	{"verbosity", TEXT, 0, 0},
	{"safety_identifier", TEXT, 0, 0},
	{"user", TEXT, 0, 0},
	{"store", FLAG, 0, 0},
	{"metadata", OBJECT, 0, 0},
	{"response_format", OBJECT, 0, 0},
	{"logprobs", FLAG, 0, 0},
	{"top_logprobs", INTEGER, 0, 20},
	{"logit_bias", OBJECT, 0, 0},
	{"modalities", ARRAY, 0, 0},
};

int oa_fail(struct oa_error *e, const char *param, const char *fmt, ...)
{
	va_list ap;

	*e = (struct oa_error){
		.status = 400, .type = "invalid_request_error", .param = param};
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -1;
}

static const struct field *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static bool in_range(const struct field *f, const json_t *v)
{
	const double n = json_number_value(v);

	return n >= f->least && n <= f->most;
}

static bool fits(const struct field *f, const json_t *v)
{
	switch (f->kind) {
	case TEXT:
		return json_is_string(v);
	case FLAG:
		return json_is_boolean(v);
	case INTEGER:
		return json_is_integer(v) && in_range(f, v);
	case REAL:
		return json_is_number(v) && in_range(f, v);
	case OBJECT:
		return json_is_object(v);
	case ARRAY:
		return json_is_array(v);
	case ANY:
		break;
	}
	return true;
}

/* jansson's iterators want to be able to write. */
static json_t *writable(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

static int check_fields(const json_t *body, bool lenient, struct oa_error *e)
{
	const char *name;
	json_t *v;

	json_object_foreach(writable(body), name, v)
	{
		const struct field *f = find(name);

		if (!f && lenient)
			continue;
		if (!f)
			return oa_fail(e, NULL,
			               "Unrecognized request argument "
			               "supplied: %.64s",
			               name);
		if (!json_is_null(v) && !fits(f, v))
			return oa_fail(e, f->name, "Invalid value for '%s'.",
			               name);
	}
	return 0;
}

static int check_options(const json_t *body, struct oa_error *e)
{
	const json_t *options = json_object_get(body, "stream_options");
	const json_t *stop = json_object_get(body, "stop");
	const char *name;
	json_t *v;

	if (options && !js_bool(body, "stream", false))
		return oa_fail(e, "stream_options",
		               "The 'stream_options' parameter is only allowed "
		               "when 'stream' is enabled.");
	json_object_foreach(writable(options), name, v)
	{
		if (!json_is_boolean(v) ||
		    (strcmp(name, "include_usage") != 0 &&
		     strcmp(name, "include_obfuscation") != 0))
			return oa_fail(e, "stream_options",
			               "Invalid stream option %.64s.", name);
	}
	if (stop && !json_is_string(stop) && !json_is_null(stop) &&
	    (!json_is_array(stop) || json_array_size(stop) > 4))
		return oa_fail(e, "stop", "Invalid value for 'stop'.");
	if (json_object_get(body, "max_tokens") &&
	    json_object_get(body, "max_completion_tokens"))
		return oa_fail(e, "max_tokens",
		               "Setting 'max_tokens' and "
		               "'max_completion_tokens' at the same time is "
		               "not supported.");
	return 0;
}

static bool is_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
	                    "XYZ0123456789_-") == len;
}

static int check_tools(const json_t *body, struct oa_error *e)
{
	const json_t *tools = json_object_get(body, "tools");
	const json_t *choice = json_object_get(body, "tool_choice");
	const json_t *tool;
	size_t i;

	if (tools && json_array_size(tools) == 0)
		return oa_fail(e, "tools",
		               "[] is too short - 'tools' must not be empty");
	for (i = 0; (tool = json_array_get(tools, i)); i++) {
		const json_t *f = json_object_get(tool, "function");
		const json_t *schema = json_object_get(f, "parameters");

		if (strcmp(js_str(tool, "type", ""), "function") != 0 ||
		    !is_name(js_str(f, "name", "")))
			return oa_fail(e, "tools", "Invalid 'tools[%zu]'.", i);
		if (schema && strcmp(js_str(schema, "type", ""), "object") != 0)
			return oa_fail(e, "tools",
			               "Invalid schema for function '%.64s'.",
			               js_str(f, "name", ""));
	}
	if (choice && !json_is_null(choice) && !tools)
		return oa_fail(e, "tool_choice",
		               "'tool_choice' is only allowed when 'tools' are "
		               "specified.");
	if (json_is_string(choice) &&
	    strcmp(json_string_value(choice), "auto") != 0 &&
	    strcmp(json_string_value(choice), "none") != 0 &&
	    strcmp(json_string_value(choice), "required") != 0)
		return oa_fail(e, "tool_choice", "Invalid 'tool_choice'.");
	return 0;
}

int oa_check_request(const json_t *body, bool lenient, struct oa_error *e)
{
	if (!json_is_object(body))
		return oa_fail(e, NULL,
		               "We could not parse the JSON body of your "
		               "request.");
	if (check_fields(body, lenient, e))
		return -1;
	if (!*js_str(body, "model", ""))
		return oa_fail(e, NULL, "you must provide a model parameter");
	if (oa_check_messages(json_object_get(body, "messages"), e) ||
	    check_options(body, e) || check_tools(body, e))
		return -1;
	return 0;
}

void oa_reply_error(struct simreq *r, const struct oa_error *e)
{
	sim_reply_json(r, e->status,
	               json_pack("{s:{s:s, s:s, s:s?, s:s?}}", "error",
	                         "message", e->message, "type", e->type,
	                         "param", e->param, "code", e->code));
}
