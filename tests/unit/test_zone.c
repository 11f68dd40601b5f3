#define _DEFAULT_SOURCE /* timegm() */
#include "server/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "server/number.h"
#include "server/plan.h"
#include "server/plan_table.h"
#include "server/zone_rule.h"
#include "tests/harness/test.h"

static const int64_t Y1970 = 0, Y2037 = 2114380800, Y2100 = 4102444800;

/* What the C library says, of a process that has this zone alone. */
static long by_libc(int64_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm;

	CHECK(localtime_r(&t, &tm));
	return (long)(timegm(&tm) - t);
}

static void compare(const char *name)
{
	struct zone *z;

	setenv("TZ", name, 1);
	tzset();
	CHECK_INT(0, zone_open(&z, NULL, name));
	/* A step that meets all hours, weekdays and months. */
	for (int64_t sec = Y1970; sec < Y2100; sec += 86400 * 5 + 3600 * 7 + 11)
		if (by_libc(sec) != zone_offset(z, sec))
			test_fail(__FILE__, __LINE__, "%s at %lld: %ld, not %d",
			          name, (long long)sec, by_libc(sec),
			          (int)zone_offset(z, sec));
	zone_close(&z);
}

static void every_zone_of_the_plan_is_as_the_library_has_it(void)
{
	const char *const *set;

	for (unsigned i = 0; (set = plan_set(i)); i++)
		for (; *set; set++)
			compare(*set);
	CHECK_INT(0, mem_live());
}

/* The second in which the clocks change, found from both sides. */
static void the_hour_of_the_change_is_exact_in_files_and_rules(void)
{
	static const char *const names[] = {
		"America/New_York", "Europe/London", "Australia/Lord_Howe",
		"America/St_Johns", "Africa/Casablanca"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct zone *z;

		setenv("TZ", names[i], 1);
		tzset();
		CHECK_INT(0, zone_open(&z, NULL, names[i]));
		for (int64_t sec = Y2037 - 366 * 86400 * 20LL;
		     sec < Y2037 + 366 * 86400 * 10LL; sec += 1800) {
			CHECK_INT(by_libc(sec), zone_offset(z, sec));
			CHECK_INT(by_libc(sec - 1), zone_offset(z, sec - 1));
		}
		zone_close(&z);
	}
}

static int32_t by_rule(const char *text, int64_t sec)
{
	struct zone_rule r;

	CHECK_INT(0, zone_rule_parse(&r, str_of(text)));
	return zone_rule_offset(&r, sec);
}

static void rules_of_all_kinds_are_read(void)
{
	static const char *const bad[] = {"",
	                                  "EST",
	                                  "5",
	                                  "EST5EDT",
	                                  "EST5EDT,M3.2.0",
	                                  "EST5EDT,M13.2.0,M11.1.0",
	                                  "EST5EDT,M3.6.0,M11.1.0",
	                                  "EST5EDT,M3.2.7,M11.1.0",
	                                  "EST5EDT,J0,J1",
	                                  "EST5EDT,M3.2.0,M11.1.0x",
	                                  "<-03",
	                                  "<-03>",
	                                  "EST168"};
	struct zone_rule r;

	CHECK_INT(-5 * 3600, by_rule("EST5", 0));
	CHECK_INT(5 * 3600 + 1800, by_rule("<+0530>-5:30", 0));
	/* All year round, as RFC 8536 has it. */
	CHECK_INT(-4 * 3600, by_rule("XXX3EDT4,0/0,J365/23", 1700000000));
	CHECK_INT(-4 * 3600, by_rule("XXX3EDT4,0/0,J365/23", 1704067199));
	/* 29 February is no Julian day: J60 is 1 March, the ordinal 59 is
	 * 29 February in a leap year. */
	CHECK_INT(3600, by_rule("A0B,J60/0,J300/0", 1709251200));
	CHECK_INT(0, by_rule("A0B,J60/0,J300/0", 1709251199));
	CHECK_INT(3600, by_rule("A0B,59/0,J300/0", 1709164800));
	CHECK_INT(0, by_rule("A0B,59/0,J300/0", 1709164799));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (zone_rule_parse(&r, str_of(bad[i])) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was read",
			          bad[i]);
}

static void a_file_that_is_cut_or_foreign_is_refused(void)
{
	char dir[] = "/tmp/test_zone.XXXXXX", path[64], all[8192];
	struct zone *z;
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "r");
	size_t n;

	CHECK(f && mkdtemp(dir));
	n = fread(all, 1, sizeof(all), f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/x", dir);
	for (size_t cut = 0; cut < n; cut += cut < 100 ? 1 : 37) {
		f = fopen(path, "w");
		CHECK(f && fwrite(all, 1, cut, f) == cut);
		fclose(f);
		CHECK_INT(-EINVAL, zone_open(&z, dir, "x"));
		CHECK(!z);
	}
	unlink(path);
	rmdir(dir);
	CHECK_INT(-ENOENT, zone_open(&z, dir, "x"));
	CHECK_INT(0, mem_live());
}

static const char *zones_text(const char *number)
{
	const char *const *z = plan_zones(number);
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (; z && *z; z++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s ", *z);
	return text;
}

static void a_number_rings_in_the_zones_of_its_longest_prefix(void)
{
	CHECK_STR("America/New_York ", zones_text("+12125551234"));
	CHECK_STR("America/Los_Angeles ", zones_text("+14155551234"));
	CHECK_STR("Pacific/Honolulu ", zones_text("+18085551234"));
	CHECK_STR("Europe/Berlin ", zones_text("+4930123456"));
	/* Idaho has several, and its mobile numbers look like others. */
	CHECK_STR("America/Boise America/Denver America/Los_Angeles ",
	          zones_text("+12087771234"));
	/* Toll-free numbers of a whole continent ring anywhere on it. */
	CHECK(strstr(zones_text("+18005551234"), "Pacific/Honolulu "));
	CHECK(strstr(zones_text("+18005551234"), "America/St_Johns "));
	CHECK_STR("", zones_text("+88312345678"));
	CHECK_STR("", zones_text("+9991234567"));
}

static void who_carries_a_telephone_about_may_be_anywhere(void)
{
	CHECK_STR("Australia/Sydney ", zones_text("+61398765432"));
	CHECK(strstr(zones_text("+61412345678"), "Australia/Perth "));
	CHECK(strstr(zones_text("+61412345678"), "Australia/Sydney "));
	CHECK(strstr(zones_text("+79161234567"), "Asia/Kamchatka "));
	CHECK(strstr(zones_text("+79161234567"), "Europe/Moscow "));
	/* In Brazil the mobile numbers, too, belong to a place. */
	CHECK_STR("America/Rio_Branco ", zones_text("+5568999123456"));
}

static void lengths_are_known(void)
{
	CHECK(plan_possible("+12125551234"));
	CHECK(!plan_possible("+1212555123"));
	CHECK(!plan_possible("+121255512345"));
	CHECK(plan_possible("+33123456789"));
	CHECK(!plan_possible("+3312345678"));
	CHECK(!plan_possible("+9991234567"));
}

static void country_codes_are_as_long_as_the_plan_says(void)
{
	for (size_t i = 0; i < plan_codes_n; i++) {
		char digits[32];

		snprintf(digits, sizeof(digits), "%s5551234567",
		         plan_codes[i].code);
		CHECK_INT(strlen(plan_codes[i].code),
		          number_country_len(digits));
	}
	CHECK(plan_codes_n > 200);
}

static const struct test tests[] = {
	TEST_SLOW(every_zone_of_the_plan_is_as_the_library_has_it, 60),
	TEST_SLOW(the_hour_of_the_change_is_exact_in_files_and_rules, 60),
	TEST(rules_of_all_kinds_are_read),
	TEST(a_file_that_is_cut_or_foreign_is_refused),
	TEST(a_number_rings_in_the_zones_of_its_longest_prefix),
	TEST(who_carries_a_telephone_about_may_be_anywhere),
	TEST(lengths_are_known),
	TEST(country_codes_are_as_long_as_the_plan_says),
};

TEST_MAIN(tests)
