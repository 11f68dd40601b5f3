#include "tests/sim/lib/oa_messages.h"

#include <string.h>

#include "tests/sim/lib/simmem.h"

enum { PENDING_MAX = 32 /* tool calls of one message */ };

/* Tool calls that have no answer yet. */
struct pending {
	const char *id[PENDING_MAX];
	size_t n;
};

char *oa_text_of(const json_t *message)
{
	const json_t *content = json_object_get(message, "content");
	struct buf b;
	char *text;
	size_t len;

	if (json_is_string(content))
		return sim_strdup(json_string_value(content));
	buf_init(&b, SIM_BUF_MAX);
	for (size_t i = 0; i < json_array_size(content); i++)
		sim_adds(&b, js_str(json_array_get(content, i), "text", ""));
	if (!b.v)
		return sim_strdup("");
	text = buf_take(&b, &len);
	return text;
}

static bool content_fits(const json_t *content)
{
	if (json_is_string(content))
		return true;
	if (!json_is_array(content) || json_array_size(content) == 0)
		return false;
	for (size_t i = 0; i < json_array_size(content); i++) {
		const json_t *part = json_array_get(content, i);

		if (strcmp(js_str(part, "type", ""), "text") != 0 ||
		    !js_str(part, "text", NULL))
			return false;
	}
	return true;
}

static int check_calls(const json_t *calls, size_t at, struct pending *p,
                       struct oa_error *e)
{
	p->n = 0;
	if (!json_is_array(calls) || json_array_size(calls) == 0)
		return oa_fail(e, "messages",
		               "Invalid 'messages[%zu].tool_calls'.", at);
	for (size_t i = 0; i < json_array_size(calls); i++) {
		const json_t *call = json_array_get(calls, i);
		const json_t *f = json_object_get(call, "function");
		const char *id = js_str(call, "id", "");

		if (!*id || strcmp(js_str(call, "type", ""), "function") != 0 ||
		    !*js_str(f, "name", "") || !js_str(f, "arguments", NULL) ||
		    p->n == PENDING_MAX)
			return oa_fail(e, "messages",
			               "Invalid 'messages[%zu].tool_calls"
			               "[%zu]'.",
			               at, i);
		p->id[p->n++] = id;
	}
	return 0;
}

static int check_answer(const json_t *m, size_t at, struct pending *p,
                        struct oa_error *e)
{
	const char *id = js_str(m, "tool_call_id", "");

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->id[i], id) == 0) {
			p->id[i] = p->id[--p->n];
			return 0;
		}
	return oa_fail(e, "messages",
	               "Invalid parameter: messages[%zu] with role 'tool' must "
	               "be a response to a preceding message with "
	               "'tool_calls'.",
	               at);
}

static int check_message(const json_t *m, size_t at, struct pending *p,
                         struct oa_error *e)
{
	const char *role = js_str(m, "role", "");
	const json_t *content = json_object_get(m, "content");
	const json_t *calls = json_object_get(m, "tool_calls");
	const bool assistant = strcmp(role, "assistant") == 0;

	if (strcmp(role, "tool") != 0 && p->n > 0)
		return oa_fail(e, "messages",
		               "An assistant message with 'tool_calls' must be "
		               "followed by tool messages responding to each "
		               "'tool_call_id': %.64s is missing.",
		               p->id[0]);
	if (!assistant && strcmp(role, "system") != 0 &&
	    strcmp(role, "developer") != 0 && strcmp(role, "user") != 0 &&
	    strcmp(role, "tool") != 0)
		return oa_fail(e, "messages",
		               "Invalid value: '%.32s' of messages[%zu].role.",
		               role, at);
	if (calls && !assistant)
		return oa_fail(e, "messages",
		               "messages[%zu] must not have tool_calls.", at);
	if (!content_fits(content) && !(calls && json_is_null(content)) &&
	    !(calls && !content))
		return oa_fail(e, "messages",
		               "Invalid value for messages[%zu].content.", at);
	if (calls)
		return check_calls(calls, at, p, e);
	if (strcmp(role, "tool") == 0)
		return check_answer(m, at, p, e);
	return 0;
}

int oa_check_messages(const json_t *messages, struct oa_error *e)
{
	struct pending p = {.n = 0};

	if (json_array_size(messages) == 0)
		return oa_fail(e, "messages",
		               "Invalid 'messages': empty array or missing.");
	for (size_t i = 0; i < json_array_size(messages); i++)
		if (check_message(json_array_get(messages, i), i, &p, e))
			return -1;
	if (p.n > 0)
		return oa_fail(e, "messages",
		               "tool call %.64s has no response message.",
		               p.id[0]);
	return 0;
}
