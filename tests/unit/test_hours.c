#define _DEFAULT_SOURCE /* timegm() */
#include "server/hours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "server/admission.h"
#include "server/plan.h"
#include "server/store/retry.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

/* Unix time of that minute, UTC. */
static int64_t at(const char *text)
{
	struct tm tm = {0};

	tm.tm_year = (int)strtol(text, NULL, 10) - 1900;
	tm.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
	tm.tm_mday = (int)strtol(text + 8, NULL, 10);
	tm.tm_hour = (int)strtol(text + 11, NULL, 10);
	tm.tm_min = (int)strtol(text + 14, NULL, 10);
	return timegm(&tm);
}

static struct hours h;
static struct hours_now now;

static bool open_at(const char *hours, const char *number, const char *text)
{
	CHECK_INT(0, hours_parse(&h, hours));
	CHECK_INT(0, hours_look(&h, NULL, plan_zones(number), at(text), &now));
	return now.open;
}

static const char *next(void)
{
	static char text[APP_TIME_MAX];

	return app_time(text, now.next_sec * 1000);
}

static void hours_are_read_with_and_without_days(void)
{
	static const char *const bad[] = {
		"",
		"9-20",
		"09:00",
		"09:00-",
		"20:00-09:00",
		"09:00-09:00",
		"09:00-24:01",
		"09:60-10:00",
		"Mon",
		"Mon-Fry 09:00-10:00",
		"Mon-Fri",
		"Mon Tue 09:00-10:00",
		"09:00-20:00,",
		"-1:00-2:00",
		"1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00,1:00-2:00"};

	CHECK_INT(0, hours_parse(&h, "9:00-20:00"));
	CHECK_INT(1, h.n[0]);
	CHECK_INT(540, h.windows[6][0].from);
	CHECK_INT(1200, h.windows[6][0].to);
	CHECK_INT(0, hours_parse(&h, "mon-FRI  09:30-12:00, Mon 13:00-24:00,"
	                             "Sat 10:00-14:00"));
	CHECK_INT(0, h.n[0]);
	CHECK_INT(2, h.n[1]);
	CHECK_INT(1440, h.windows[1][1].to);
	CHECK_INT(1, h.n[5]);
	CHECK_INT(600, h.windows[6][0].from);
	/* Over the week's end. */
	CHECK_INT(0, hours_parse(&h, "Sat-Mon 00:00-24:00"));
	CHECK_INT(1, h.n[0]);
	CHECK_INT(1, h.n[1]);
	CHECK_INT(0, h.n[2]);
	CHECK_INT(1, h.n[6]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (hours_parse(&h, bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was read",
			          bad[i]);
}

static void the_clock_of_the_called_person_counts(void)
{
	/* New York is five hours behind in winter, four in summer. */
	CHECK(!open_at("09:00-20:00", "+12125551234", "2026-01-15 13:59"));
	CHECK_STR("America/New_York", now.zone);
	CHECK_INT(8 * 60 + 59, now.minute);
	CHECK_STR("2026-01-15T14:00:00Z", next());
	CHECK(open_at("09:00-20:00", "+12125551234", "2026-01-15 14:00"));
	CHECK(open_at("09:00-20:00", "+12125551234", "2026-01-16 00:59"));
	CHECK(!open_at("09:00-20:00", "+12125551234", "2026-01-16 01:00"));
	CHECK_STR("2026-01-16T14:00:00Z", next());
	CHECK(open_at("09:00-20:00", "+12125551234", "2026-07-15 13:00"));
	CHECK(!open_at("09:00-20:00", "+12125551234", "2026-07-15 12:59"));
}

static void the_strictest_zone_counts_where_there_are_several(void)
{
	/* Idaho: at nine in Los Angeles it is ten in Boise. */
	CHECK(!open_at("09:00-20:00", "+12085551234", "2026-01-15 16:30"));
	CHECK_STR("America/Los_Angeles", now.zone);
	CHECK_STR("2026-01-15T17:00:00Z", next());
	CHECK(open_at("09:00-20:00", "+12085551234", "2026-01-15 17:00"));
	CHECK(open_at("09:00-20:00", "+12085551234", "2026-01-16 02:59"));
	CHECK(!open_at("09:00-20:00", "+12085551234", "2026-01-16 03:00"));
	/* A Russian mobile telephone: from Kaliningrad to Kamchatka there is
	 * no moment of an afternoon for all. */
	CHECK(!open_at("14:00-15:00", "+79161234567", "2026-01-15 12:00"));
	CHECK_INT(0, now.next_sec);
}

/* Under the server's hours and a call's own; "never", or when it may ring. */
static const char *rings(const char *servers, const char *own,
                         const char *number, const char *text)
{
	static char when[APP_TIME_MAX];
	struct config cfg = {.calling_hours = servers};
	int64_t ms;

	if (servers)
		CHECK_INT(0, hours_parse(&cfg.hours, servers));
	ms = admission_next(&cfg, own, number, 1000 * at(text));
	return ms == STORE_RETRY_NEVER ? "never" : app_time(when, ms);
}

static void hours_of_a_calls_own_narrow_the_servers(void)
{
	static const char ny[] = "+12125551234",
			  now_text[] = "2026-01-15 12:00";

	CHECK_STR("2026-01-15T12:00:00Z", rings(NULL, NULL, ny, now_text));
	CHECK_STR("2026-01-15T14:00:00Z",
	          rings("09:00-20:00", "", ny, now_text));
	CHECK_STR("2026-01-15T22:00:00Z",
	          rings(NULL, "17:00-19:00", ny, now_text));
	CHECK_STR("2026-01-15T22:00:00Z",
	          rings("09:00-20:00", "17:00-19:00", ny, now_text));
	/* A wish cannot widen them. */
	CHECK_STR("2026-01-15T14:00:00Z",
	          rings("09:00-20:00", "00:00-24:00", ny, now_text));
	/* Thursday's do not meet, Saturday's do. */
	CHECK_STR("2026-01-17T17:00:00Z",
	          rings("Mon-Fri 09:00-12:00, Sat 10:00-14:00",
	                "Mon-Fri 13:00-14:00, Sat 12:00-13:00", ny, now_text));
	CHECK_STR("never", rings("09:00-12:00", "13:00-14:00", ny, now_text));
	CHECK_STR("never", rings(NULL, "nonsense", ny, now_text));
	CHECK_STR("never",
	          rings(NULL, "09:00-10:00", "+99912345678", now_text));
	/* In all zones where it may ring. */
	CHECK_STR("2026-01-15T18:00:00Z", rings("08:00-20:00", "10:00-12:00",
	                                        "+12085551234", now_text));
}

static void hours_meet_in_a_minute_of_a_week(void)
{
	struct hours a, b;

	CHECK_INT(0, hours_parse(&a, "Mon-Fri 09:00-12:00"));
	CHECK_INT(0, hours_parse(&b, "11:59-20:00"));
	CHECK(hours_meet(&a, &b));
	CHECK_INT(0, hours_parse(&b, "12:00-20:00, Sat 09:00-10:00"));
	CHECK(!hours_meet(&a, &b));
	CHECK(!hours_meet(&b, &a));
}

static void weekdays_are_those_of_the_place(void)
{
	const char *hours = "Mon-Fri 09:00-20:00";

	/* Monday in Auckland begins while it is Sunday in Europe. */
	CHECK(open_at(hours, "+6493001234", "2026-07-05 21:00"));
	CHECK(!open_at(hours, "+4930123456", "2026-07-05 21:00"));
	CHECK_STR("2026-07-06T07:00:00Z", next());
	CHECK(!open_at(hours, "+4930123456", "2026-07-03 18:00"));
	CHECK_STR("2026-07-06T07:00:00Z", next());
}

/* All zones of the United States by area codes, all minutes of the days on
 * which clocks change and of those around them, against the C library. */
static void no_minute_is_wrong_when_clocks_change(void)
{
	static const struct {
		const char *number, *zone;
	} places[] = {
		{"+12125551234", "America/New_York"},
		{"+13125551234", "America/Chicago"},
		{"+13035551234", "America/Denver"},
		{"+16025551234", "America/Phoenix"},
		{"+14155551234", "America/Los_Angeles"},
		{"+19075551234", "America/Anchorage"},
		{"+18085551234", "Pacific/Honolulu"},
		{"+17875551234", "America/Puerto_Rico"},
	};
	static const char *const days[] = {"2026-03-07 00:00",
	                                   "2026-10-31 00:00"};

	CHECK_INT(0, hours_parse(&h, "09:00-20:00"));
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *const *zones = plan_zones(places[i].number);

		setenv("TZ", places[i].zone, 1);
		tzset();
		for (size_t d = 0; d < ARRAY_LEN(days); d++)
			for (int64_t m = 0; m < 3 * 1440; m++) {
				time_t t = (time_t)(at(days[d]) + m * 60);
				struct tm tm;

				CHECK(localtime_r(&t, &tm));
				CHECK_INT(0,
				          hours_look(&h, NULL, zones, t, &now));
				/* Alaska has a second zone, which is west of
				 * the first. */
				if (now.open)
					CHECK(tm.tm_hour >= 9 &&
					      tm.tm_hour < 20);
				else if (!zones[1])
					CHECK(tm.tm_hour < 9 ||
					      tm.tm_hour >= 20);
			}
	}
}

static void zones_that_cannot_be_read_allow_nothing(void)
{
	static const char *const zones[] = {"Europe/Berlin", "Europe/Nowhere",
	                                    NULL};

	CHECK_INT(0, hours_parse(&h, "00:00-24:00"));
	CHECK_INT(-ENOENT, hours_look(&h, NULL, zones, 0, &now));
	CHECK(!now.open);
	CHECK_STR("Europe/Nowhere", now.zone);
	CHECK_INT(0, mem_live());
}

/* ---- with a server ---- */

static struct world w;

/* "CALLING_HOURS=...", from @from to @to minutes after now, by Berlin's
 * clocks; false when that is another day. */
static bool berlin_hours(char line[80], int from, int to)
{
	time_t t = (time_t)(app_now_ms() / 1000);
	struct tm tm;
	int minute;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	CHECK(localtime_r(&t, &tm));
	minute = tm.tm_hour * 60 + tm.tm_min;
	if (minute + from < 0 || minute + to > 1440)
		return false;
	snprintf(line, 80, "CALLING_HOURS=%02d:%02d-%02d:%02d\n",
	         (minute + from) / 60, (minute + from) % 60, (minute + to) / 60,
	         (minute + to) % 60);
	return true;
}

#define BERLIN "{\"phone_number\":\"+4930123456\"}"

static void a_call_outside_of_the_hours_is_refused_until_they_begin(void)
{
	char line[80];
	long wait;

	/* Before midnight there are no hours ahead on that day. */
	CHECK(berlin_hours(line, 30, 60) || berlin_hours(line, -60, -30));
	world_open(&w, line);
	world_start(&w, "", BERLIN);
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "in Europe/Berlin: CALLING_HOURS="));
	CHECK(strstr(w.a.body, "ring again from 20"));
	CHECK(!strstr(w.a.body, "30123456"));
	wait = strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait > 28 * 60 && wait <= 24 * 3600);
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
	/* What has no place has no hours. */
	world_start(&w, "", "{\"phone_number\":\"+88312345678\"}");
	CHECK_INT(422, w.a.status);
	world_start(&w, "", "{\"phone_number\":\"+1212555123\"}");
	CHECK_INT(422, w.a.status);
}

static void a_call_within_the_hours_is_placed(void)
{
	world_open(&w, "CALLING_HOURS=00:00-24:00\n");
	world_start(&w, "", BERLIN);
	CHECK_INT(200, w.a.status);
}

static void a_call_that_waited_past_the_hours_is_not_dialled(void)
{
	char id[64];

	world_open(&w, "START_WAIT=1\nCALLING_HOURS=00:00-24:00\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", BERLIN);
	CHECK_INT(202, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	/* The day's hours end while it waits for its place. */
	memset(&w.cfg.hours, 0, sizeof(w.cfg.hours));
	world_let_go();
	world_await_state(&w, id, "failed");
	CHECK_INT(0, world_seen("POST", "/v1/Account/MATEST/Call/", NULL));
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_STR("its calling hours ended while it waited",
	          world_member(&w, "calls.0.error"));
}

static const struct test tests[] = {
	TEST(hours_are_read_with_and_without_days),
	TEST(the_clock_of_the_called_person_counts),
	TEST(the_strictest_zone_counts_where_there_are_several),
	TEST(hours_of_a_calls_own_narrow_the_servers),
	TEST(hours_meet_in_a_minute_of_a_week),
	TEST(weekdays_are_those_of_the_place),
	TEST_SLOW(no_minute_is_wrong_when_clocks_change, 60),
	TEST(zones_that_cannot_be_read_allow_nothing),
	TEST(a_call_outside_of_the_hours_is_refused_until_they_begin),
	TEST(a_call_within_the_hours_is_placed),
	TEST(a_call_that_waited_past_the_hours_is_not_dialled),
};

TEST_MAIN(tests)
