#include "tests/sim/lib/an_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int an_fail(struct an_error *e, const char *fmt, ...)
{
	va_list ap;

	*e = (struct an_error){.status = 400, .type = "invalid_request_error"};
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -1;
}

static bool is_known(const char *name)
{
	static const char *const names[] = {
		"model",    "max_tokens",   "messages", "system",
		"stream",   "temperature",  "top_p",    "top_k",
		"tools",    "tool_choice",  "metadata", "stop_sequences",
		"thinking", "service_tier",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* jansson's iterators want to be able to write. */
static json_t *writable(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

static int check_numbers(const json_t *body, struct an_error *e)
{
	const json_t *most = json_object_get(body, "max_tokens");
	const json_t *heat = json_object_get(body, "temperature");
	const double t = json_number_value(heat);

	if (!most)
		return an_fail(e, "max_tokens: Field required");
	if (!json_is_integer(most) || json_integer_value(most) < 1 ||
	    json_integer_value(most) > 128000)
		return an_fail(e, "max_tokens: must be from 1 to 128000");
	if (heat && (!json_is_number(heat) || t < 0 || t > 1))
		return an_fail(e, "temperature: range: 0..1");
	if (json_object_get(body, "stream") &&
	    !json_is_boolean(json_object_get(body, "stream")))
		return an_fail(e, "stream: Input should be a valid boolean");
	return 0;
}

static int check_system(const json_t *system, struct an_error *e)
{
	if (!system || json_is_string(system))
		return 0;
	if (!json_is_array(system))
		return an_fail(e, "system: Input should be a valid list");
	for (size_t i = 0; i < json_array_size(system); i++) {
		const json_t *block = json_array_get(system, i);
		const json_t *cache = json_object_get(block, "cache_control");

		if (strcmp(js_str(block, "type", ""), "text") != 0 ||
		    !*js_str(block, "text", ""))
			return an_fail(e,
			               "system.%zu: text content blocks "
			               "must be non-empty",
			               i);
		if (cache &&
		    strcmp(js_str(cache, "type", ""), "ephemeral") != 0)
			return an_fail(e,
			               "system.%zu.cache_control: "
			               "Input tag is not 'ephemeral'",
			               i);
	}
	return 0;
}

static bool is_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
	                    "XYZ0123456789_-") == len;
}

static int check_tools(const json_t *body, struct an_error *e)
{
	const json_t *tools = json_object_get(body, "tools");
	const json_t *choice = json_object_get(body, "tool_choice");

	if (tools && !json_is_array(tools))
		return an_fail(e, "tools: Input should be a valid list");
	for (size_t i = 0; i < json_array_size(tools); i++) {
		const json_t *tool = json_array_get(tools, i);
		const json_t *schema = json_object_get(tool, "input_schema");

		if (!is_name(js_str(tool, "name", "")))
			return an_fail(e,
			               "tools.%zu.custom.name: String "
			               "should match pattern",
			               i);
		if (strcmp(js_str(schema, "type", ""), "object") != 0)
			return an_fail(e,
			               "tools.%zu.custom.input_schema.type: "
			               "Input should be 'object'",
			               i);
	}
	if (choice && json_array_size(tools) == 0)
		return an_fail(e, "tool_choice: may only be specified while "
		                  "providing tools");
	return 0;
}

int an_check_request(const json_t *body, struct an_error *e)
{
	const char *name;
	json_t *v;

	if (!json_is_object(body))
		return an_fail(e, "The request body is not valid JSON");
	json_object_foreach(writable(body), name, v)
	{
		if (!is_known(name))
			return an_fail(e,
			               "%.64s: Extra inputs are not permitted",
			               name);
	}
	if (!*js_str(body, "model", ""))
		return an_fail(e, "model: Field required");
	if (check_numbers(body, e) ||
	    check_system(json_object_get(body, "system"), e) ||
	    check_tools(body, e))
		return -1;
	return an_check_messages(json_object_get(body, "messages"), e);
}

void an_reply_error(struct simreq *r, const struct an_error *e,
                    const char *request_id)
{
	sim_reply_json(r, e->status,
	               json_pack("{s:s, s:{s:s, s:s}, s:s}", "type", "error",
	                         "error", "type", e->type, "message",
	                         e->message, "request_id", request_id));
}
