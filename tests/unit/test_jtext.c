#include "common/jtext.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/harness/test.h"

static int check(const char *text)
{
	return jtext_check(str_of(text), 32, NULL);
}

static const char *at(const char *doc, const char *path)
{
	static char found[256];
	struct str v;

	if (jtext_path(str_of(doc), str_of(path), &v))
		return "(absent)";
	CHECK_INT(0, str_copy(found, sizeof(found), v));
	return found;
}

static const char *printed(const char *value)
{
	static char out[256];
	struct buf b;

	buf_init(&b, 200);
	CHECK_INT(0, jtext_print(&b, str_of(value)));
	CHECK_INT(0, str_copy(out, sizeof(out), str_n(buf_str(&b), b.len)));
	buf_fini(&b);
	return out;
}

static void json_passes_and_what_is_not_json_does_not(void)
{
	static const char *const good[] = {
		"null",
		" true ",
		"0",
		"-0",
		"-0.5e+10",
		"1e400",
		"42.80",
		"123456789012345678901234567890",
		"\"\"",
		"\"\\ud800\"",
		"\"\\u0000\"",
		"[]",
		"{}",
		"[ ]",
		"{ }",
		"[1,[2,{\"a\":[]}]]",
		"{\"a\":1,\"a\":2}",
		"\r\n\t[1 , 2 ]\n",
		"\"\xc3\xa9\"",
		"[[],{},[{}]]",
	};
	static const char *const bad[] = {
		"",
		" ",
		"nul",
		"nullx",
		"True",
		"01",
		"-",
		"1.",
		".5",
		"1e",
		"+1",
		"\"",
		"\"\\x\"",
		"\"\\u12g4\"",
		"\"\n\"",
		"[1,]",
		"[,1]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"{\"a\":1,}",
		"[1 2]",
		"[1}",
		"{\"a\":1]",
		"1 2",
		"[1]]",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"//",
		"[1",
		"NaN",
		"'a'",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (check(good[i]))
			test_fail(__FILE__, __LINE__, "refused %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (check(bad[i]) != ERR_PROTO)
			test_fail(__FILE__, __LINE__, "passed %s", bad[i]);
	CHECK_INT(ERR_PROTO, jtext_check(str_n("\0", 1), 32, NULL));
	CHECK_INT(ERR_PROTO, jtext_check(str_n("1\0", 2), 32, NULL));
}

static void depth_is_bounded_and_costs_no_stack(void)
{
	static char deep[200001];
	struct jtext_fault fault;

	CHECK_INT(0, jtext_check(str_of("[[1]]"), 2, NULL));
	CHECK_INT(ERR_LIMIT, jtext_check(str_of("[[[]]]"), 2, &fault));
	CHECK_STR("it is nested too deep", fault.what);
	memset(deep, '[', sizeof(deep) - 1);
	CHECK_INT(ERR_LIMIT, jtext_check(str_of(deep), 64, NULL));
}

static void a_fault_has_its_place(void)
{
	struct jtext_fault fault;

	CHECK_INT(ERR_PROTO, jtext_check(str_of("{\"a\": tru}"), 32, &fault));
	CHECK_INT(6, fault.at);
	CHECK_STR("a value was expected", fault.what);
}

static void values_are_found_as_they_were_written(void)
{
	const char *doc = "{\"user\":{\"name\":\"A\\u00e9\",\"n\":42.80,"
			  "\"big\":123456789012345678901234567890},"
			  "\"list\":[{\"x\":1e400},-0],\"n\":null,\"n\":[ 7 ]}";

	CHECK_INT(0, check(doc));
	CHECK_STR("42.80", at(doc, "user.n"));
	CHECK_STR("123456789012345678901234567890", at(doc, "user.big"));
	CHECK_STR("1e400", at(doc, "list.0.x"));
	CHECK_STR("-0", at(doc, "list.1"));
	CHECK_STR("[ 7 ]", at(doc, "n")); /* the last one wins */
	CHECK_STR("7", at(doc, "n.0"));
	CHECK_STR("(absent)", at(doc, "list.2"));
	CHECK_STR("(absent)", at(doc, "user.name.x"));
	CHECK_STR("(absent)", at(doc, "list.x"));
	CHECK_STR("(absent)", at("[1,2]", "-1"));
	CHECK_STR("1", at("{\"a\\u0062\":1}", "ab"));
	CHECK_STR("A\xc3\xa9", printed(at(doc, "user.name")));
}

static void texts_are_decoded_and_numbers_left_alone(void)
{
	char dst[8];

	CHECK_STR("42.80", printed("42.80"));
	CHECK_STR("a\"\\/\b\f\n\r\t",
	          printed("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\""));
	CHECK_STR("\xf0\x9f\x98\x80", printed("\"\\ud83d\\ude00\""));
	CHECK_STR("\xef\xbf\xbdx", printed("\"\\ud83dx\""));
	CHECK_STR("\xef\xbf\xbd", printed("\"\\u0000\""));
	CHECK_INT(0, jtext_string(dst, sizeof(dst), str_of("\"abcdefg\"")));
	CHECK_STR("abcdefg", dst);
	CHECK_INT(ERR_LIMIT,
	          jtext_string(dst, sizeof(dst), str_of("\"abcdefgh\"")));
	CHECK_INT(-EINVAL, jtext_string(dst, sizeof(dst), str_of("7")));
	CHECK_INT(-EINVAL,
	          jtext_string(dst, sizeof(dst), str_of("\"a\\u0000\"")));
	CHECK_INT(0, jtext_string(dst, sizeof(dst), str_of("\"\\\\u0000\"")));
}

static void what_scripts_call_false_is_falsy(void)
{
	static const char *const falsy[] = {"null", "false", "0",    "-0",
	                                    "0.00", "0e5",   "\"\"", "[]",
	                                    "{}",   "[ ]",   " { } "};
	static const char *const truthy[] = {
		"true", "1", "0.01", "\"0\"", "[0]", "{\"a\":0}", "\" \""};

	for (size_t i = 0; i < ARRAY_LEN(falsy); i++)
		if (!jtext_falsy(str_of(falsy[i])))
			test_fail(__FILE__, __LINE__, "%s", falsy[i]);
	for (size_t i = 0; i < ARRAY_LEN(truthy); i++)
		if (jtext_falsy(str_of(truthy[i])))
			test_fail(__FILE__, __LINE__, "%s", truthy[i]);
}

/* Every cut and every changed byte of a document: we and jansson agree on
 * what is JSON, apart from what jansson cannot hold. */
static void another_parser_agrees_on_mutations(void)
{
	static const char doc[] =
		"{\"a\":[1,-2.5e3,true,null,\"x\\n\\u00e9\"],\"b\":{\"c\":{}}}";
	static const char changes[] = "\"\\{}[],:0-e.a \n\x80";
	char text[sizeof(doc)];
	unsigned compared = 0;

	for (size_t i = 0; i < sizeof(doc) - 1; i++)
		for (size_t c = 0; c < sizeof(changes) - 1; c++) {
			json_t *json;

			memcpy(text, doc, sizeof(doc));
			text[i] = changes[c];
			json = json_loads(text, JSON_DECODE_ANY, NULL);
			if (!json != (check(text) != 0))
				test_fail(__FILE__, __LINE__, "%s", text);
			json_decref(json);
			compared++;
		}
	CHECK(compared > 800);
}

static const struct test tests[] = {
	TEST(json_passes_and_what_is_not_json_does_not),
	TEST(depth_is_bounded_and_costs_no_stack),
	TEST(a_fault_has_its_place),
	TEST(values_are_found_as_they_were_written),
	TEST(texts_are_decoded_and_numbers_left_alone),
	TEST(what_scripts_call_false_is_falsy),
	TEST(another_parser_agrees_on_mutations),
};

TEST_MAIN(tests)
