#include "server/request.h"

#include <stdio.h>

#include "common/mem.h"
#include "tests/harness/test.h"

enum { NOW = 1000000000 };

static struct request r;
static char why[REQUEST_WHY_MAX];

static int read_text(const char *json)
{
	request_fini(&r);
	return request_read(&r, str_of(json), NOW, why);
}

static const char *text(struct str s)
{
	static char copy[4096];

	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(s));
	return copy;
}

static void the_examples_request_is_understood(void)
{
	CHECK_INT(0, read_text("{\"phone_number\": \"+1 (555) 123-4567\", "
	                       "\"body\": {\"user\": {\"id\": 12}}}"));
	CHECK_STR("+15551234567", r.to);
	CHECK_STR("\"+1 (555) 123-4567\"", text(r.as_sent));
	CHECK_STR("{\"user\": {\"id\": 12}}", text(r.body));
	CHECK_STR("", r.agent);
	CHECK_STR("", buf_str(&r.ignored));
	request_fini(&r);
	CHECK_INT(0, mem_live());
}

static void a_whole_number_is_a_number_too(void)
{
	CHECK_INT(0, read_text("{\"phone_number\":15551234567}"));
	CHECK_STR("+15551234567", r.to);
	CHECK_STR("15551234567", text(r.as_sent));
	CHECK_INT(422, read_text("{\"phone_number\":15551234567.0}"));
	CHECK_INT(422, read_text("{\"phone_number\":1.5551234567e10}"));
	CHECK_INT(422, read_text("{\"phone_number\":-15551234567}"));
}

static void a_missing_number_is_400(void)
{
	static const char *const bad[] = {
		"{}",
		"{\"phone_number\":null}",
		"{\"phone_number\":\"\"}",
		"{\"phone_number\":0}",
		"{\"phone_number\":false}",
		"{\"body\":{\"phone_number\":\"+15551234567\"}}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(400, read_text(bad[i]));
		CHECK(strstr(why, "phone_number"));
	}
}

static void what_is_no_number_is_422(void)
{
	static const char *const bad[] = {
		"\"15551234567<15557654321\"",
		"\"sip:a@b\"",
		"\"office\"",
		"[\"+15551234567\"]",
		"{\"a\":1}",
		"true",
		"\"1234567890123456\"",
		"\"+1555123456\\u00007\"",
		"\"\\u0661\\u0665\\u0665\\u0665\\u0661\\u0662\\u0663\""};
	char json[256];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(json, sizeof(json), "{\"phone_number\":%s}", bad[i]);
		CHECK_INT(422, read_text(json));
		CHECK_STR("", r.to);
	}
}

static void what_is_no_json_is_400_and_says_where(void)
{
	CHECK_INT(400, read_text(""));
	CHECK_INT(400, read_text("  \n"));
	CHECK_INT(400, read_text("{\"phone_number\": +15551234567}"));
	CHECK(strstr(why, "at byte 17"));
	CHECK_INT(400, read_text("phone_number=%2B15551234567"));
	CHECK_INT(400, read_text("[]"));
	CHECK(strstr(why, "object"));
	CHECK_INT(400, read_text("{\"phone_number\":\"+15551234567\"} x"));
}

static void a_falsy_body_is_no_body(void)
{
	static const char *const falsy[] = {"null", "false", "0",  "\"\"",
	                                    "{}",   "[]",    "0.0"};
	char json[256];

	for (size_t i = 0; i < ARRAY_LEN(falsy); i++) {
		snprintf(json, sizeof(json),
		         "{\"phone_number\":\"+15551234567\",\"body\":%s}",
		         falsy[i]);
		CHECK_INT(0, read_text(json));
		CHECK_INT(0, r.body.len);
	}
	CHECK_INT(0, read_text("{\"phone_number\":\"+15551234567\"}"));
	CHECK_INT(0, r.body.len);
}

static void custom_data_is_kept_to_the_letter(void)
{
	static const char *const bodies[] = {"123456789012345678901234567890",
	                                     "42.80",
	                                     "1e400",
	                                     "-0.5",
	                                     "\"\\u0000\"",
	                                     "\"\\ud800\"",
	                                     "{\"a\":1,\"a\":2}",
	                                     "[ 1 , 2 ]",
	                                     "\"\xf0\x9f\x98\x80\"",
	                                     "true"};
	char json[256];

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		snprintf(json, sizeof(json),
		         "{\"body\":%s,\"phone_number\":\"+15551234567\"}",
		         bodies[i]);
		CHECK_INT(0, read_text(json));
		CHECK_STR(bodies[i], text(r.body));
	}
}

static void the_last_of_repeated_keys_wins(void)
{
	CHECK_INT(0, read_text("{\"phone_number\":\"+15550000000\","
	                       "\"phone_number\":\"+15551234567\"}"));
	CHECK_STR("+15551234567", r.to);
}

static void data_that_are_too_deep_or_too_long_are_refused(void)
{
	static char json[REQUEST_BODY_MAX + 200];
	int n = snprintf(json, sizeof(json),
	                 "{\"phone_number\":\"+15551234567\",\"body\":");

	for (int i = 0; i < REQUEST_DEPTH; i++)
		json[n + i] = '[';
	for (int i = 0; i < REQUEST_DEPTH; i++)
		json[n + REQUEST_DEPTH + i] = ']';
	snprintf(json + n + 2 * REQUEST_DEPTH, 2, "}");
	json[n + REQUEST_DEPTH - 1] = '1';
	json[n + REQUEST_DEPTH] = ' ';
	CHECK_INT(0, read_text(json));
	json[n + REQUEST_DEPTH - 1] = '[';
	json[n + REQUEST_DEPTH] = ']';
	CHECK_INT(0, read_text("{\"phone_number\":\"+15551234567\"}"));
	snprintf(json + n, sizeof(json) - (size_t)n, "%s1%s}",
	         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	CHECK_INT(400, read_text(json));
	CHECK(strstr(why, "deeper than 32"));

	memset(json + n, 'x', REQUEST_BODY_MAX + 1);
	json[n] = json[n + REQUEST_BODY_MAX] = '"';
	snprintf(json + n + REQUEST_BODY_MAX + 1, 2, "}");
	CHECK_INT(413, read_text(json));
	json[n + REQUEST_BODY_MAX - 1] = '"';
	snprintf(json + n + REQUEST_BODY_MAX, 2, "}");
	CHECK_INT(0, read_text(json));
	CHECK_INT(REQUEST_BODY_MAX, r.body.len);
}

static void an_agent_is_a_name(void)
{
	CHECK_INT(0, read_text("{\"phone_number\":\"+15551234567\","
	                       "\"agent\":\"front_desk-2\"}"));
	CHECK_STR("front_desk-2", r.agent);
	CHECK_INT(0, read_text("{\"phone_number\":\"+15551234567\","
	                       "\"agent\":null}"));
	CHECK_STR("", r.agent);
	CHECK_INT(422, read_text("{\"phone_number\":\"+15551234567\","
	                         "\"agent\":\"../etc/passwd\"}"));
	CHECK_INT(422, read_text("{\"phone_number\":\"+15551234567\","
	                         "\"agent\":7}"));
}

static void unknown_fields_are_told_and_do_no_harm(void)
{
	CHECK_INT(0, read_text("{\"phone_number\":\"+15551234567\",\"bdoy\":1,"
	                       "\"x\\\"y\":[{}],\"agent\":\"a\"}"));
	CHECK_STR("[\"bdoy\",\"x\\\"y\"]", buf_str(&r.ignored));
}

static const struct test tests[] = {
	TEST(the_examples_request_is_understood),
	TEST(a_whole_number_is_a_number_too),
	TEST(a_missing_number_is_400),
	TEST(what_is_no_number_is_422),
	TEST(what_is_no_json_is_400_and_says_where),
	TEST(a_falsy_body_is_no_body),
	TEST(custom_data_is_kept_to_the_letter),
	TEST(the_last_of_repeated_keys_wins),
	TEST(data_that_are_too_deep_or_too_long_are_refused),
	TEST(an_agent_is_a_name),
	TEST(unknown_fields_are_told_and_do_no_harm),
};

TEST_MAIN(tests)
