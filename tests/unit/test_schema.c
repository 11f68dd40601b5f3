#include "bot/schema.h"

#include <errno.h>
#include <stdio.h>

#include "bot/agent_after.h"
#include "common/mem.h"
#include "tests/harness/test.h"

/* "" when @value follows @schema. */
static const char *check(const char *schema, const char *value)
{
	static char fault[SCHEMA_FAULT_MAX];
	json_t *s = json_loads(schema, JSON_DECODE_ANY, NULL);
	json_t *v = json_loads(value, JSON_DECODE_ANY, NULL);

	CHECK(s && v);
	fault[0] = '\0';
	CHECK_INT(0, schema_ok(s, fault));
	if (!schema_check(s, v, fault))
		CHECK_STR("", fault);
	json_decref(s);
	json_decref(v);
	return fault;
}

static const char *bad(const char *schema)
{
	static char fault[SCHEMA_FAULT_MAX];
	json_t *s = json_loads(schema, JSON_DECODE_ANY, NULL);

	CHECK(s);
	CHECK_INT(-EINVAL, schema_ok(s, fault));
	json_decref(s);
	return fault;
}

static void types_are_told_apart(void)
{
	static const char *const types[] = {"string",  "number", "integer",
	                                    "boolean", "object", "array",
	                                    "null"};
	static const char *const values[] = {"\"a\"", "1.5", "2",   "true",
	                                     "{}",    "[]",  "null"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			char schema[64];
			bool fits = i == k || (i == 1 && k == 2);

			snprintf(schema, sizeof(schema), "{\"type\":\"%s\"}",
			         types[i]);
			CHECK_STR(fits ? "" : "it has the wrong type",
			          check(schema, values[k]));
		}
	}
	CHECK_STR("", check("{\"type\":[\"string\",\"null\"]}", "null"));
	CHECK_STR("it has the wrong type",
	          check("{\"type\":[\"string\",\"null\"]}", "1"));
	CHECK_STR("", check("{}", "[1,\"a\"]"));
}

static void members_are_looked_at_wherever_they_are(void)
{
	static const char schema[] =
		"{\"type\":\"object\",\"required\":[\"day\"],\"properties\":{"
		"\"day\":{\"enum\":[\"Monday\",\"Tuesday\"]},\"who\":{"
		"\"type\":\"object\",\"additionalProperties\":false,"
		"\"properties\":{\"age\":{\"type\":\"integer\"}}},"
		"\"list\":{\"items\":{\"type\":\"number\"}}}}";

	CHECK_STR("", check(schema, "{\"day\":\"Monday\",\"more\":1}"));
	CHECK_STR("day is missing", check(schema, "{}"));
	CHECK_STR("day is none of the values of its enum",
	          check(schema, "{\"day\":\"Friday\"}"));
	CHECK_STR(
		"who.age has the wrong type",
		check(schema, "{\"day\":\"Monday\",\"who\":{\"age\":\"1\"}}"));
	CHECK_STR("who.name is not asked for",
	          check(schema, "{\"day\":\"Monday\",\"who\":{\"name\":1}}"));
	CHECK_STR("", check(schema, "{\"day\":\"Tuesday\",\"list\":[1,2.5]}"));
	CHECK_STR("list.items has the wrong type",
	          check(schema, "{\"day\":\"Tuesday\",\"list\":[1,\"2\"]}"));
}

static void what_is_no_schema_is_told_where(void)
{
	CHECK_STR("it must be a JSON Schema object", bad("[]"));
	CHECK_STR("it has a type that JSON does not know",
	          bad("{\"type\":\"text\"}"));
	CHECK_STR("it has a type that JSON does not know",
	          bad("{\"type\":[]}"));
	CHECK_STR("a.b must be a JSON Schema object",
	          bad("{\"properties\":{\"a\":{\"properties\":{\"b\":1}}}}"));
	CHECK_STR("it must have a list as \"required\"",
	          bad("{\"required\":\"a\"}"));
	CHECK_STR("items has a type that JSON does not know",
	          bad("{\"items\":{\"type\":1}}"));
	CHECK_STR("it must have a list as \"enum\"", bad("{\"enum\":[]}"));
	CHECK(strstr(bad("{\"items\":{\"items\":{\"items\":{\"items\":{"
	                 "\"items\":{\"items\":{\"items\":{\"items\":{"
	                 "\"items\":{}}}}}}}}}}"),
	             "is nested too deep"));
}

/* "" when it is fine; @a needs fini either way. */
static const char *parse(struct agent_after *a, const char *text)
{
	static char fault[AGENT_AFTER_FAULT_MAX];
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	CHECK(v);
	memset(a, 0, sizeof(*a));
	fault[0] = '\0';
	if (!agent_after_parse(a, v, fault))
		CHECK_STR("", fault);
	json_decref(v);
	return fault;
}

static void an_agent_file_says_what_it_wants(void)
{
	struct agent_after a;

	CHECK_STR("", parse(&a, "{}"));
	CHECK(a.wanted && !a.prompt && !a.fields);
	CHECK_INT(30000, a.timeout_ms);
	agent_after_fini(&a);
	CHECK_STR("", parse(&a, "{\"prompt\":\"Note it.\",\"timeout_sec\":5,"
	                        "\"fields\":{\"type\":\"object\"}}"));
	CHECK_STR("Note it.", a.prompt);
	CHECK_STR("{\"type\":\"object\"}", a.fields);
	CHECK_INT(5000, a.timeout_ms);
	agent_after_fini(&a);
	CHECK_INT(0, mem_live());
}

static void an_agent_file_that_is_wrong_is_told_where(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"true", "\"after_call\": must be an object"},
		{"{\"x\":1}", "\"after_call.x\": unknown key"},
		{"{\"prompt\":\"\"}", "\"after_call.prompt\": must be a text"},
		{"{\"timeout_sec\":0}", "\"after_call.timeout_sec\": must be a "
	                                "number from 1 to 120"},
		{"{\"fields\":{\"type\":\"string\"}}",
	         "\"after_call.fields\": must be a JSON Schema of \"type\": "
	         "\"object\""},
		{"{\"fields\":{\"type\":\"object\",\"properties\":{\"a\":1}}}",
	         "\"after_call.fields\": a must be a JSON Schema object"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct agent_after a;

		CHECK_STR(rows[i].want, parse(&a, rows[i].text));
		agent_after_fini(&a);
	}
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(types_are_told_apart),
	TEST(members_are_looked_at_wherever_they_are),
	TEST(what_is_no_schema_is_told_where),
	TEST(an_agent_file_says_what_it_wants),
	TEST(an_agent_file_that_is_wrong_is_told_where),
};

TEST_MAIN(tests)
