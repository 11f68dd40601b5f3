#include "bot/agent_after.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/schema.h"
#include "common/buf.h"
#include "common/mem.h"

enum {
	PROMPT_MAX = 16 * 1024, /* [bytes] */
	FIELDS_MAX = 16 * 1024, /* [bytes] of the schema's text */
	TIMEOUT_SEC = 30,
	TIMEOUT_MAX_SEC = 120,
};

static int wrong(char fault[AGENT_AFTER_FAULT_MAX], const char *key,
                 const char *what)
{
	snprintf(fault, AGENT_AFTER_FAULT_MAX, "\"after_call%s%s\": %.150s",
	         key[0] ? "." : "", key, what);
	return -EINVAL;
}

static int parse_prompt(struct agent_after *a, const json_t *v,
                        char fault[AGENT_AFTER_FAULT_MAX])
{
	const char *text = json_string_value(v);

	if (!text || !text[0] || strlen(text) > PROMPT_MAX)
		return wrong(fault, "prompt", "must be a text");
	a->prompt = mem_strdup(text);
	return a->prompt ? 0 : -ENOMEM;
}

static int parse_fields(struct agent_after *a, json_t *v,
                        char fault[AGENT_AFTER_FAULT_MAX])
{
	char what[SCHEMA_FAULT_MAX];
	struct buf text;
	int err;

	if (schema_ok(v, what))
		return wrong(fault, "fields", what);
	if (strcmp(js_str(v, "type", ""), "object") != 0)
		return wrong(fault, "fields",
		             "must be a JSON Schema of \"type\": \"object\"");
	buf_init(&text, FIELDS_MAX);
	err = js_dump(&text, v);
	if (!err) {
		a->fields = buf_take(&text, NULL);
		a->schema = json_incref(v);
	}
	buf_fini(&text);
	return err == -ENOMEM ? err
	       : err          ? wrong(fault, "fields", "is too long")
	                      : 0;
}

static int parse_timeout(struct agent_after *a, const json_t *v,
                         char fault[AGENT_AFTER_FAULT_MAX])
{
	const double sec = json_number_value(v);

	if (!json_is_number(v) || sec < 1 || sec > TIMEOUT_MAX_SEC)
		return wrong(fault, "timeout_sec",
		             "must be a number from 1 to 120");
	a->timeout_ms = (uint32_t)(sec * 1000);
	return 0;
}

int agent_after_parse(struct agent_after *a, json_t *v,
                      char fault[AGENT_AFTER_FAULT_MAX])
{
	const char *name;
	json_t *member;

	if (!json_is_object(v))
		return wrong(fault, "", "must be an object");
	a->wanted = true;
	a->timeout_ms = TIMEOUT_SEC * 1000;
	json_object_foreach(v, name, member)
	{
		int err;

		if (!strcmp(name, "prompt"))
			err = parse_prompt(a, member, fault);
		else if (!strcmp(name, "fields"))
			err = parse_fields(a, member, fault);
		else if (!strcmp(name, "timeout_sec"))
			err = parse_timeout(a, member, fault);
		else
			err = wrong(fault, name, "unknown key");
		if (err)
			return err;
	}
	return 0;
}

void agent_after_fini(struct agent_after *a)
{
	mem_free(a->prompt);
	mem_free(a->fields);
	json_decref(a->schema);
	memset(a, 0, sizeof(*a));
}
