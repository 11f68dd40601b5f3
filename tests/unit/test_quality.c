/* Short and abandoned calls slow the dialler down before they cost. */
#define _POSIX_C_SOURCE 200809L
#include "server/quality.h"

#include <stdio.h>
#include <time.h>

#include "common/curl/fetchd.h"
#include "common/log.h"
#include "server/carrier/carrier.h"
#include "server/store/quality.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define T(text) ((char *)(uintptr_t)(text))

static struct world w;
static int64_t steady_ms = 1;

static void the_pace_falls_in_a_straight_line(void)
{
	static const struct {
		unsigned bad, all, max, pace;
	} rows[] = {
		{0, 1000, 10, 100},   {75, 1000, 10, 100},
		{80, 1000, 10, 82},   {85, 1000, 10, 64},
		{90, 1000, 10, 46},   {99, 1000, 10, 14},
		{100, 1000, 10, 10},  {999, 1000, 10, 10},
		{150, 1000, 20, 100}, {175, 1000, 20, 55},
		{200, 1000, 20, 10},  {1000, 1000, 0, 100},
		{49, 49, 10, 100},    {50, 50, 10, 10},
		{0, 0, 10, 100},      {1000, 1000, 100, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (quality_pace(rows[i].bad, rows[i].all, rows[i].max) !=
		    rows[i].pace)
			test_fail(__FILE__, __LINE__, "row %zu: %u", i,
			          quality_pace(rows[i].bad, rows[i].all,
			                       rows[i].max));
}

/* A call that Plivo took at @dialed_ms, answered for @talk_ms; 0: it was not.
 */
static void add(int64_t dialed_ms, int64_t talk_ms)
{
	static unsigned n;
	char id[32], key[32];
	struct store_call c = {.id = id,
	                       .key = key,
	                       .to = T("+15551230000"),
	                       .state = talk_ms ? STORE_ENDED : STORE_NO_ANSWER,
	                       .call_uuid = id,
	                       .created_ms = dialed_ms,
	                       .dialed_ms = dialed_ms,
	                       .answered_ms = talk_ms ? dialed_ms + 9000 : 0,
	                       .ended_ms = dialed_ms + 9000 + talk_ms,
	                       .reserved_sec = 60};

	snprintf(id, sizeof(id), "old-%u", n);
	snprintf(key, sizeof(key), "key-%u", n++);
	CHECK_INT(0, store_call_add(w.app->store, &c));
}

static void add_many(unsigned n, int64_t dialed_ms, int64_t talk_ms)
{
	while (n--)
		add(dialed_ms, talk_ms);
}

/* So that the server's own looks are over. */
static int64_t far_ahead(void)
{
	return app_steady_ms() + QUALITY_SPAN_MS;
}

static void run_now(void *arg)
{
	const int64_t *now_ms = arg;

	steady_ms += QUALITY_EVERY_MS;
	quality_run(w.app->quality, *now_ms, steady_ms);
}

/* What /metrics says of the pace once it was looked at, at @now_ms. */
static void expect(int64_t now_ms, unsigned calls, unsigned brief,
                   unsigned abandoned, unsigned pace)
{
	char text[256];

	fetchd_call(w.app->rest, run_now, &now_ms);
	snprintf(text, sizeof(text),
	         "dialout_day_calls{went=\"any\"} %u\n"
	         "dialout_day_calls{went=\"short\"} %u\n"
	         "dialout_day_calls{went=\"abandoned\"} %u\n",
	         calls, brief, abandoned);
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK_INT(200, w.a.status);
	if (!strstr(w.a.body, text))
		test_fail(__FILE__, __LINE__, "not %s: %s", text,
		          strstr(w.a.body, "dialout_day_calls{"));
	snprintf(text, sizeof(text), "dialout_pace_percent %u\n", pace);
	if (!strstr(w.a.body, text))
		test_fail(__FILE__, __LINE__, "not %s: %s", text,
		          strstr(w.a.body, "dialout_day_calls{"));
}

/* The line that the log has last. */
static char said[512];
static unsigned lines;

static void note(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	if (!strstr(line, " quality "))
		return;
	lines++;
	snprintf(said, sizeof(said), "%s", line);
}

static void shares_of_a_day_slow_the_dialler_and_pass(void)
{
	const int64_t now = app_now_ms(), hour = 3600000;

	world_open(&w, "SHORT_CALLS_MAX=10\nABANDONED_CALLS_MAX=20\n");
	steady_ms = far_ahead();
	log_set_sink(note, NULL);
	add_many(900, now - 2 * hour, 60000);
	add_many(75, now - 3 * hour, 6900);
	expect(now, 975, 75, 0, 94);
	CHECK_INT(1, lines);
	CHECK(strstr(said, "event=slowed_down calls=975 short=75 abandoned=0 "
	                   "pace_percent=94"));
	add_many(25, now - 3 * hour, 1);
	expect(now, 1000, 100, 0, 10);
	/* One word at the beginning, and one at the end. */
	CHECK_INT(1, lines);
	/* The newest thousand count: these are long, or not quite short. */
	add_many(100, now - hour, 7000);
	expect(now, 1000, 0, 0, 100);
	CHECK_INT(2, lines);
	CHECK(strstr(said, "event=full_pace"));
	/* Nobody answers any more, and the lower of the two paces counts. */
	add_many(175, now - hour / 2, 0);
	expect(now, 1000, 0, 175, 55);
	add_many(100, now - hour / 4, 3000);
	expect(now, 1000, 100, 175, 10);
	/* A day later they are forgotten. */
	expect(now + 24 * hour, 0, 0, 0, 100);
	CHECK_INT(4, lines);
	log_set_sink(NULL, NULL);
}

static void what_is_not_set_is_not_looked_at(void)
{
	world_open(&w, "");
	CHECK(!w.app->quality);
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK(!strstr(w.a.body, "pace_percent"));
}

static void of_two_limits_one_may_be_set(void)
{
	world_open(&w, "ABANDONED_CALLS_MAX=20\n");
	steady_ms = far_ahead();
	add_many(60, app_now_ms() - 1000000, 1000);
	expect(app_now_ms(), 60, 60, 0, 100);
}

static void a_restart_forgives_nothing(void)
{
	world_open(&w, "ABANDONED_CALLS_MAX=20\n");
	add_many(100, app_now_ms() - 1000000, 0);
	world_close(&w);
	world_reopen(&w);
	steady_ms = far_ahead();
	expect(app_now_ms(), 100, 0, 100, 10);
}

static int64_t start_three(void)
{
	const int64_t from = app_steady_ms();

	for (unsigned i = 0; i < 3; i++) {
		char body[64], placed[64];

		snprintf(placed, sizeof(placed),
		         "{\"request_uuid\":\"uuid-%u\"}", i);
		world_rule("POST", "/v1/Account/MATEST/Call/", 201, placed);
		snprintf(body, sizeof(body),
		         "{\"phone_number\":\"+1555123000%u\"}", i);
		world_start(&w, "", body);
		CHECK_INT(200, w.a.status);
	}
	return app_steady_ms() - from;
}

static void a_slower_pace_is_kept(void)
{
	int64_t now = app_now_ms();

	world_open(&w, "SHORT_CALLS_MAX=10\nCALLS_PER_SECOND=20\n");
	steady_ms = far_ahead();
	add_many(50, now - 1000000, 2000);
	expect(now, 50, 50, 0, 10);
	/* Half a second lies between two calls now. */
	CHECK(start_three() >= 950);
}

static const struct test tests[] = {
	TEST(the_pace_falls_in_a_straight_line),
	TEST(shares_of_a_day_slow_the_dialler_and_pass),
	TEST(what_is_not_set_is_not_looked_at),
	TEST(of_two_limits_one_may_be_set),
	TEST(a_restart_forgives_nothing),
	TEST(a_slower_pace_is_kept),
};

TEST_MAIN(tests)
