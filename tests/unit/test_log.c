#include "common/log.h"

#include <stdio.h>

#include "tests/harness/test.h"

static void foreign_text_is_quoted_and_stays_on_its_line(void)
{
	CHECK_STR("\"\"", LOG_TEXT(NULL));
	CHECK_STR("\"a \\\"b\\\" \\\\ c\"", LOG_TEXT("a \"b\" \\\nc"));
}

static void long_text_is_cut(void)
{
	char text[2 * LOG_TEXT_MAX];
	const char *v;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	v = LOG_TEXT(text);
	CHECK(strlen(v) < LOG_TEXT_MAX);
	CHECK_STR("...\"", v + strlen(v) - 4);
}

static void telephone_numbers_in_it_are_masked(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"+15551234567 is barred", "\"+*********67 is barred\""},
		{"15551234567", "\"*********67\""},
		{"from 1 (555) 123-4567.", "\"from * (***) ***-**67.\""},
		{"15551234567 15550001111", "\"*********67 *********11\""},
		{"a 5551234 b 49301234567", "\"a *****34 b *********67\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(rows[i].want, LOG_TEXT(rows[i].text));
}

static void other_figures_are_not(void)
{
	static const char *const texts[] = {
		"http://192.168.100.200:7860",
		"after 30000 ms, 12 of 100",
		"9834029e-58b6-11e1-b8b7-a5bd0e4e126f",
		"id1234567890",
		"1234567890123456789",
	};
	char want[128];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		snprintf(want, sizeof(want), "\"%s\"", texts[i]);
		CHECK_STR(want, LOG_TEXT(texts[i]));
	}
}

static char last[512];

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	snprintf(last, sizeof(last), "%s", line);
}

static void what_is_secret_is_written_by_nobody(void)
{
	static const char key[] = "sk-abcdef0123456789";
	char text[512];

	CHECK(!log_hide("short", 5));
	memset(text, 'x', sizeof(text));
	CHECK(!log_hide(text, sizeof(text)));
	CHECK(log_hide(key, strlen(key)));
	CHECK(log_hide(key, strlen(key))); /* once is enough */
	log_set_sink(sink, NULL);
	log_line(LOG_WARN, "openai", "c1", "event=refused text=%s key=%s.",
	         LOG_TEXT("Incorrect API key: sk-abcdef0123456789"), key);
	CHECK(strstr(last, "text=\"Incorrect API key: *******************\" "
	                   "key=*******************."));
	CHECK(!strstr(last, "abcdef"));
	for (unsigned i = 0; i < LOG_SECRETS_MAX - 1; i++) {
		snprintf(text, sizeof(text), "secret-number-%u", i);
		CHECK(log_hide(text, strlen(text)));
	}
	CHECK(!log_hide("one-too-many", 12));
}

static const struct test tests[] = {
	TEST(what_is_secret_is_written_by_nobody),
	TEST(foreign_text_is_quoted_and_stays_on_its_line),
	TEST(long_text_is_cut),
	TEST(telephone_numbers_in_it_are_masked),
	TEST(other_figures_are_not),
};

TEST_MAIN(tests)
