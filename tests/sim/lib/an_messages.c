/* A conversation's rules, and what it says. */
#include <ctype.h>
#include <string.h>

#include "tests/sim/lib/an_check.h"

enum { PENDING_MAX = 32 /* calls of one message */ };

/* Calls whose results the next message must bring. */
struct pending {
	const char *id[PENDING_MAX];
	size_t n;
};

static bool is_blank(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return !*text;
}

static int check_call(const json_t *block, size_t at, struct pending *next,
                      struct an_error *e)
{
	const char *id = js_str(block, "id", "");

	if (!*id || !*js_str(block, "name", ""))
		return an_fail(e, "messages.%zu: tool_use needs id and name",
		               at);
	if (!json_is_object(json_object_get(block, "input")))
		return an_fail(e,
		               "messages.%zu: tool_use.input: Input should "
		               "be a valid dictionary",
		               at);
	if (next->n == PENDING_MAX)
		return an_fail(e, "messages.%zu: too many calls", at);
	next->id[next->n++] = id;
	return 0;
}

static int check_result(const json_t *block, size_t at, struct pending *due,
                        struct an_error *e)
{
	const char *id = js_str(block, "tool_use_id", "");
	const json_t *content = json_object_get(block, "content");

	if (content && !json_is_string(content) && !json_is_array(content))
		return an_fail(e, "messages.%zu: tool_result.content", at);
	for (size_t i = 0; i < due->n; i++)
		if (strcmp(due->id[i], id) == 0) {
			due->id[i] = due->id[--due->n];
			return 0;
		}
	return an_fail(e,
	               "messages.%zu: unexpected `tool_use_id` found in "
	               "`tool_result` blocks: %.64s",
	               at, id);
}

static int check_block(const json_t *block, size_t at, bool user,
                       struct pending *due, struct pending *next,
                       struct an_error *e)
{
	const char *type = js_str(block, "type", "");

	if (strcmp(type, "text") == 0) {
		if (is_blank(js_str(block, "text", "")))
			return an_fail(e, "messages: text content blocks must "
			                  "contain non-whitespace text");
		if (user && due->n > 0)
			return an_fail(e,
			               "messages.%zu: `tool_result` blocks "
			               "must come first",
			               at);
		return 0;
	}
	if (strcmp(type, "tool_use") == 0 && !user)
		return check_call(block, at, next, e);
	if (strcmp(type, "tool_result") == 0 && user)
		return check_result(block, at, due, e);
	return an_fail(e,
	               "messages.%zu.content: Input tag '%.32s' does not "
	               "match any of the expected tags",
	               at, type);
}

static int check_message(const json_t *m, size_t at, struct pending *due,
                         struct an_error *e)
{
	const json_t *content = json_object_get(m, "content");
	const char *role = js_str(m, "role", "");
	const bool user = strcmp(role, "user") == 0;
	struct pending next = {.n = 0};

	if (!user && strcmp(role, "assistant") != 0)
		return an_fail(e, "messages: Unexpected role \"%.32s\".", role);
	if (at == 0 && !user)
		return an_fail(e, "messages: first message must use the "
		                  "\"user\" role");
	if (json_is_string(content) ? is_blank(json_string_value(content))
	                            : json_array_size(content) == 0)
		return an_fail(e,
		               "messages.%zu: all messages must have "
		               "non-empty content",
		               at);
	for (size_t i = 0; i < json_array_size(content); i++)
		if (check_block(json_array_get(content, i), at, user, due,
		                &next, e))
			return -1;
	if (due->n > 0)
		return an_fail(e,
		               "messages.%zu: `tool_use` ids were found "
		               "without `tool_result` blocks immediately "
		               "after: %.64s",
		               at - 1, due->id[0]);
	*due = next;
	return 0;
}

int an_check_messages(const json_t *messages, struct an_error *e)
{
	struct pending due = {.n = 0};
	const size_t n = json_array_size(messages);

	if (n == 0)
		return an_fail(e, "messages: at least one message is required");
	for (size_t i = 0; i < n; i++)
		if (check_message(json_array_get(messages, i), i, &due, e))
			return -1;
	if (strcmp(js_str(json_array_get(messages, n - 1), "role", ""),
	           "user") != 0)
		return an_fail(e, "This model does not support assistant "
		                  "message prefill. The conversation must end "
		                  "with a user message.");
	return 0;
}

/* --- what rules see --- */

static void say(json_t *list, const char *role, const json_t *text)
{
	if (json_is_string(text))
		json_array_append_new(list, json_pack("{s:s, s:s}", "role",
		                                      role, "content",
		                                      json_string_value(text)));
}

static void say_blocks(json_t *list, const char *role, const json_t *content)
{
	say(list, role, content);
	for (size_t i = 0; i < json_array_size(content); i++) {
		const json_t *block = json_array_get(content, i);
		const json_t *inner = json_object_get(block, "content");

		if (strcmp(js_str(block, "type", ""), "tool_result") != 0)
			say(list, role, json_object_get(block, "text"));
		else if (json_is_array(inner))
			say_blocks(list, "tool", inner);
		else
			say(list, "tool", inner);
	}
}

json_t *an_plain(const json_t *body)
{
	const json_t *messages = json_object_get(body, "messages");
	json_t *list = json_array();

	say_blocks(list, "system", json_object_get(body, "system"));
	for (size_t i = 0; i < json_array_size(messages); i++) {
		const json_t *m = json_array_get(messages, i);

		say_blocks(list, js_str(m, "role", ""),
		           json_object_get(m, "content"));
	}
	return list;
}
