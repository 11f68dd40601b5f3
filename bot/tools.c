#include "bot/tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/schema.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"

enum {
	ARGS_DEPTH = 16,
	KEY_MAX = 64, /* [bytes] of a required argument's name */
};

/* What there is to do is the effect's: the session's, or the server's, which
 * learns of each call of a tool by an event. */
static int done(const struct tool *tool, struct str args, struct buf *result)
{
	(void)tool;
	(void)args;
	return buf_adds(result, "{\"ok\":true}");
}

static const struct tool built_in[] = {
	{
		.name = "end_call",
		.description =
			"Hang up. Use it when the conversation is over, after "
			"saying goodbye: what you said before is heard first.",
		.parameters = "{\"type\":\"object\",\"properties\":{}}",
		.effect = TOOL_END_CALL,
		.run = done,
	},
	{
		.name = "do_not_call",
		.description =
			"The person does not want to be called again. Use it "
			"whenever they say so, then confirm it and say "
			"goodbye.",
		.parameters = "{\"type\":\"object\",\"properties\":{}}",
		.run = done,
	},
	{
		.name = "send_dtmf",
		.description =
			"Press keys of the telephone, as menus of machines "
			"ask for.",
		.parameters =
			"{\"type\":\"object\",\"properties\":{\"digits\":{"
			"\"type\":\"string\",\"description\":\"0-9 * #; w "
			"waits for half a second\"}},\"required\":[\"digits\"]"
			"}",
		.effect = TOOL_DIGITS,
		.run = done,
	},
};

const struct tool *tools_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(built_in); i++)
		if (strcmp(built_in[i].name, name) == 0)
			return &built_in[i];
	return NULL;
}

int tools_error(struct buf *result, const char *what)
{
	int err = buf_adds(result, "{\"error\":");

	if (!err)
		err = js_quote(result, what, strlen(what));
	return err ? err : buf_adds(result, "}");
}

/* -EINVAL when this is what the model is told. */
static int refuse(struct buf *result, const char *what)
{
	const int err = tools_error(result, what);

	return err ? err : -EINVAL;
}

/* A model forgets arguments more often than it invents wrong ones. */
static int check_required(const struct tool *tool, struct str object,
                          struct buf *result)
{
	struct str list, item, value, none;
	size_t pos = 0;

	if (jtext_get(str_of(tool->parameters), "required", &list) != 0 ||
	    jtext_type(list) != JTEXT_ARRAY)
		return 0;
	while (jtext_next(list, &pos, &none, &item)) {
		char key[KEY_MAX], what[KEY_MAX + 40];

		if (jtext_type(item) != JTEXT_STRING ||
		    jtext_string(key, sizeof(key), item) != 0 ||
		    jtext_get(object, key, &value) == 0)
			continue;
		snprintf(what, sizeof(what), "the argument %s is missing", key);
		return refuse(result, what);
	}
	return 0;
}

/* Models say null for what they leave out. */
static void drop_nulls(const json_t *schema, json_t *value)
{
	const json_t *props = json_object_get(schema, "properties");
	char fault[SCHEMA_FAULT_MAX];
	const char *name;
	json_t *v;
	void *next;

	json_object_foreach_safe(value, next, name, v)
	{
		const json_t *sub = json_object_get(props, name);

		if (json_is_null(v) && sub && schema_check(sub, v, fault))
			(void)json_object_del(value, name);
	}
}

/* The rest of what the schema says, as far as schema.h knows it. */
static int check_schema(const struct tool *tool, struct str object,
                        struct buf *result)
{
	json_t *schema =
		js_parse(tool->parameters, strlen(tool->parameters), NULL, 0);
	json_t *value = js_parse(object.v, object.len, NULL, 0);
	char fault[SCHEMA_FAULT_MAX];
	int err = 0;

	if (schema && value && !schema_ok(schema, fault)) {
		drop_nulls(schema, value);
		if (schema_check(schema, value, fault))
			err = refuse(result, fault);
	}
	json_decref(schema);
	json_decref(value);
	return err;
}

int tools_args(const struct tool *tool, const char *args, struct str *object,
               struct buf *result)
{
	struct jtext_fault fault;
	int err;

	*object = str_of(args[0] ? args : "{}");
	if (!tool)
		return refuse(result, "there is no such tool");
	if (jtext_check(*object, ARGS_DEPTH, &fault) != 0 ||
	    jtext_type(*object) != JTEXT_OBJECT)
		return refuse(result, "the arguments are not a JSON object");
	err = check_required(tool, *object, result);
	return err ? err : check_schema(tool, *object, result);
}

int tools_run(const struct tool *tool, const char *args, struct buf *result,
              enum tool_effect *effect)
{
	const size_t before = result->len;
	struct str object;
	int err = tools_args(tool, args, &object, result);

	*effect = TOOL_GO_ON;
	if (err)
		return err == -EINVAL ? 0 : err;
	err = tool->run(tool, object, result);
	if (!err) {
		*effect = tool->effect;
		return 0;
	}
	result->len = before;
	return tools_error(result, err_str(err));
}
