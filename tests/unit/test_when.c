#include "server/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tests/harness/test.h"

enum { NOW_SEC = 1767225600 /* 2026-01-01T00:00:00Z */ };

#define NOW_MS (1000 * (int64_t)NOW_SEC)

/* Milliseconds from now on. */
static int64_t read_ok(const char *text)
{
	int64_t ms = 0;

	if (when_parse(str_of(text), NOW_MS, &ms))
		test_fail(__FILE__, __LINE__, "\"%s\" is not read", text);
	return ms - NOW_MS;
}

static int read_bad(const char *text)
{
	int64_t ms;

	return when_parse(str_of(text), NOW_MS, &ms);
}

static void a_time_has_a_zone(void)
{
	CHECK_INT(0, read_ok("2026-01-01T00:00:00Z"));
	CHECK_INT(0, read_ok("2026-01-01T01:00:00+01:00"));
	CHECK_INT(0, read_ok("2025-12-31t19:30:00-04:30"));
	CHECK_INT(0, read_ok(" 2026-01-01 00:00:00z "));
	CHECK_INT(1500, read_ok("2026-01-01T00:00:01.5Z"));
	CHECK_INT(1, read_ok("2026-01-01T00:00:00.0019Z"));
	CHECK_INT(60000, read_ok("2026-01-01T00:00:60Z"));
	CHECK_INT(86400000LL * 59, read_ok("2026-03-01T00:00:00Z"));
	CHECK_INT(-NOW_MS, read_ok("1970-01-01T00:00:00Z"));
}

static void every_day_is_the_systems(void)
{
	char text[32];

	for (time_t sec = 0; sec < NOW_SEC; sec += 86400 * 13 + 3607) {
		struct tm tm;

		gmtime_r(&sec, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		CHECK_INT(1000 * (int64_t)sec - NOW_MS, read_ok(text));
	}
}

static void a_bare_number_is_of_seconds_from_now(void)
{
	CHECK_INT(0, read_ok("0"));
	CHECK_INT(600000, read_ok("600"));
	CHECK_INT(1000LL * WHEN_AHEAD_SEC, read_ok("31622400"));
	CHECK_INT(-ERANGE, read_bad("31622401"));
	CHECK_INT(-ERANGE, read_bad("1767225600"));
	CHECK_INT(-ERANGE, read_bad("99999999999999999999"));
	CHECK_INT(-ERANGE, read_bad("2027-01-03T00:00:00Z"));
}

static void what_is_no_time_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"tomorrow",
		"-5",
		"1.5",
		"1e3",
		"2026-01-01",
		"2026-01-01T00:00:00",
		"2026-01-01T00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z",
		"2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"2026-1-1T00:00:00Z",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00+0100",
		"2026-01-01T00:00:00+01",
		"2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00Zx",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (read_bad(bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" is taken",
			          bad[i]);
}

static void a_priority_is_a_small_whole_number(void)
{
	static const char *const bad[] = {"",    "10", "-10", "1.0",        "a",
	                                  "--1", "-",  "+1",  "99999999999"};
	int p = 5;

	CHECK_INT(0, when_priority(str_of(" 9 "), &p));
	CHECK_INT(9, p);
	CHECK_INT(0, when_priority(str_of("-9"), &p));
	CHECK_INT(-9, p);
	CHECK_INT(0, when_priority(str_of("-0"), &p));
	CHECK_INT(0, p);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(-EINVAL, when_priority(str_of(bad[i]), &p));
}

static const struct test tests[] = {
	TEST(a_time_has_a_zone),
	TEST(every_day_is_the_systems),
	TEST(a_bare_number_is_of_seconds_from_now),
	TEST(what_is_no_time_is_refused),
	TEST(a_priority_is_a_small_whole_number),
};

TEST_MAIN(tests)
