/*
 * Campaigns: when their rows are called, who is told, and what a crash leaves.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/campaign.h"
#include "server/store/store.h"
#include "tests/fake/campaigns.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"
#define CSV  "Content-Type: text/csv\r\n"
#define FAST "CALLS_PER_SECOND=1000\n"

static struct world w;
static char id[CAMPAIGN_ID_LEN];

static void rows_are_called_by_their_priority(void)
{
	static const char *const order[] = {"15551230003", "15551230001",
	                                    "15551230002"};
	struct world_seen seen;
	char want[64];

	world_open(&w, FAST);
	world_do(&w, "POST", "/pause", "", "");
	campaign_add(&w, id, "?at_once=1&priority=1",
	             "phone_number,priority\n15551230001,\n"
	             "15551230002,-2\n15551230003,5\n");
	world_do(&w, "POST", "/resume", "", "");
	for (unsigned i = 0; i < 3; i++) {
		world_await("POST", CALL, i + 1, &seen);
		if (!strstr(seen.body, order[i]))
			test_fail(__FILE__, __LINE__, "%u: %s", i, seen.body);
		snprintf(want, sizeof(want), "%u", i + 1);
		campaign_await(&w, id, "called", want);
		world_key(w.key);
		campaign_await(&w, id, i ? "calls.initiated" : "live", "1");
		world_hook(&w, "events",
		           "Event=Hangup&CallUUID=uuid-1&CallStatus=completed&"
		           "HangupCauseCode=4000");
	}
}

static void rows_wait_for_their_time_and_expire(void)
{
	world_open(&w, FAST);
	campaign_add(&w, id, "?not_before=3",
	             "phone_number,not_before,expires_at\n15551230001,,\n"
	             "15551230002,600,\n15551230003,600,1\n15551230004,3,4\n");
	CHECK_STR("4", world_member(&w, "not_called.0.line"));
	CHECK(strstr(world_member(&w, "not_called.0.why"), "later than"));
	world_do(&w, "POST", "/pause", "", "");
	CHECK_STR("3", campaign_look(&w, id, "waiting"));
	CHECK_STR("0", campaign_look(&w, id, "called"));
	campaign_await(&w, id, "expired", "1");
	campaign_results_say(
		&w, id,
		"5,+1********04,expired,,,,,expires_at passed before it was "
		"called,,");
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_do(&w, "POST", "/resume", "", "");
	campaign_await(&w, id, "called", "1");
	CHECK_STR("1", campaign_look(&w, id, "waiting"));
	world_await("POST", CALL, 1, NULL);
}

/* A window on a day that is not today, anywhere. */
static const char *closed_hours(void)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
	                                   "Thu", "Fri", "Sat"};
	static char text[32];
	const time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(text, sizeof(text), "%s%%2009:00-10:00",
	         days[(tm.tm_wday + 3) % 7]);
	return text;
}

static void a_campaign_has_hours_of_its_own(void)
{
	char query[64];

	world_open(&w, FAST "CALLING_HOURS=00:00-24:00\n");
	snprintf(query, sizeof(query), "?hours=%s", closed_hours());
	campaign_add(&w, id, query, "phone_number\n12125551234\n");
	campaign_await_results(&w, id, ",waiting,,,,,");
	campaign_await_results(&w, id, "hours");
	CHECK(strstr(campaign_look(&w, id, "hours"), " 09:00-10:00"));
	CHECK_STR("1", campaign_look(&w, id, "waiting"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	campaign_add(&w, id, "?hours=00:00-24:00",
	             "phone_number\n12125551234\n");
	campaign_await(&w, id, "called", "1");
	world_await("POST", CALL, 1, NULL);
}

static int see_hours(const struct store_call *c, void *arg)
{
	unsigned *n = arg;

	CHECK_STR("00:00-24:00", c->hours);
	CHECK_INT(4, c->priority);
	CHECK(c->expires_ms > c->created_ms);
	++*n;
	return 0;
}

static void another_try_is_as_the_first(void)
{
	const struct store_filter all = {.limit = 9};
	unsigned n = 0;

	world_open(&w, FAST);
	campaign_add(
		&w, id,
		"?hours=00:00-24:00&priority=4&expires_at=600&retry_busy=1/1s",
		"phone_number\n12125551234\n");
	world_await("POST", CALL, 1, NULL);
	campaign_await(&w, id, "calls.initiated", "1");
	world_key(w.key);
	world_hook(&w, "events",
	           "Event=Hangup&CallUUID=uuid-1&CallStatus=busy&"
	           "HangupCauseCode=3010");
	world_await("POST", CALL, 2, NULL);
	CHECK_INT(0, store_calls(w.app->store, &all, see_hours, &n));
	CHECK_INT(2, n);
}

/* It would be due when nobody wants it any more. */
static void no_other_try_is_planned_beyond_the_end(void)
{
	world_open(&w, FAST);
	campaign_add(&w, id, "?expires_at=60&retry_busy=1/1h",
	             "phone_number\n12125551234\n");
	campaign_await(&w, id, "calls.initiated", "1");
	world_key(w.key);
	world_hook(&w, "events",
	           "Event=Hangup&CallUUID=uuid-1&CallStatus=busy&"
	           "HangupCauseCode=3010");
	campaign_await(&w, id, "state", "done");
	CHECK_STR("1", campaign_look(&w, id, "calls.no_answer"));
}

static void hours_hold_while_a_call_waits_in_line(void)
{
	struct store_call call = {.created_ms = app_now_ms()};
	char hours[32], number[] = "+12125551234", name[] = "late";
	char base[] = "http://h";
	size_t n;

	world_open(&w, FAST);
	snprintf(hours, sizeof(hours), "%.3s 09:00-10:00", closed_hours());
	n = strlen(hours);
	CHECK(n > 10);
	call.id = call.key = name;
	call.to = number;
	call.base_url = base;
	call.hours = hours;
	call.state = STORE_QUEUED;
	call.answer_status = 202;
	CHECK_INT(0, store_call_add(w.app->store, &call));
	world_close(&w);
	world_reopen(&w);
	world_await_state(&w, name, "failed");
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void what_nobody_could_be_called_by_is_refused(void)
{
	static const char *const bad[] = {
		"?hours=9-20",          "?hours=21:00-22:00",
		"?priority=high",       "?not_before=tomorrow",
		"?expires_at=0",        "?not_before=60&expires_at=60",
		"?events_url=nonsense",
	};
	char target[128];

	world_open(&w, "CALLING_HOURS=09:00-20:00\n");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(target, sizeof(target), "/campaigns%s", bad[i]);
		world_do(&w, "POST", target, CSV,
		         "phone_number\n12125551234\n");
		if (w.a.status != 422)
			test_fail(__FILE__, __LINE__, "%s: %d", bad[i],
			          w.a.status);
		world_refused(&w, 422);
	}
}

static int see_url(const struct store_call *c, void *arg)
{
	char *urls = arg;
	size_t n = strlen(urls);

	snprintf(urls + n, 256 - n, "%.12s=%s ", c->to,
	         c->events_url ? c->events_url : "-");
	return 0;
}

static void who_is_told_is_said_for_all_or_for_one(void)
{
	const struct store_filter all = {.limit = 9};
	char urls[256] = "";

	world_open(&w, FAST);
	campaign_add(&w, id, "?at_once=9&events_url=http://127.0.0.1:9/all",
	             "phone_number,events_url\n15551230001,\n15551230002,"
	             "http://127.0.0.1:9/one\n15551230003,nowhere\n");
	CHECK_STR("4", world_member(&w, "not_called.0.line"));
	CHECK(strstr(world_member(&w, "not_called.0.why"), "events_url"));
	campaign_await(&w, id, "called", "2");
	CHECK_INT(0, store_calls(w.app->store, &all, see_url, urls));
	CHECK(strstr(urls, "+15551230001=http://127.0.0.1:9/all "));
	CHECK(strstr(urls, "+15551230002=http://127.0.0.1:9/one "));
}

static void campaigns_are_listed(void)
{
	char first[64], target[128];

	world_open(&w, "");
	world_do(&w, "POST", "/pause", "", "");
	world_do(&w, "GET", "/campaigns", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("{\"campaigns\":[]}", w.a.body);
	campaign_add(&w, id, "?agent=a", "phone_number\n15551230001\n");
	snprintf(first, sizeof(first), "%s", id);
	test_pause(2);
	campaign_add(&w, id, "?agent=b",
	             "phone_number\n15551230001\n15551230002\n");
	world_do(&w, "GET", "/campaigns", "", NULL);
	CHECK_STR(id, world_member(&w, "campaigns.0.campaign_id"));
	CHECK_STR("2", world_member(&w, "campaigns.0.waiting"));
	CHECK_STR(first, world_member(&w, "campaigns.1.campaign_id"));
	CHECK_STR("(none)", world_member(&w, "campaigns.2.campaign_id"));
	world_do(&w, "GET", "/campaigns?limit=1", "", NULL);
	CHECK_STR("(none)", world_member(&w, "campaigns.1.campaign_id"));
	snprintf(target, sizeof(target), "/campaigns?after=%s", id);
	world_do(&w, "GET", target, "", NULL);
	CHECK_STR(first, world_member(&w, "campaigns.0.campaign_id"));
	campaign_ask(&w, id, "POST", "/cancel");
	world_do(&w, "GET", "/campaigns?state=cancelled", "", NULL);
	CHECK_STR(id, world_member(&w, "campaigns.0.campaign_id"));
	CHECK_STR("(none)", world_member(&w, "campaigns.1.campaign_id"));
	world_do(&w, "GET", "/campaigns?state=odd", "", NULL);
	world_refused(&w, 422);
	world_do(&w, "GET", "/campaigns?limit=101", "", NULL);
	world_refused(&w, 422);
	world_do(&w, "GET", "/campaigns?after=nobody", "", NULL);
	world_refused(&w, 404);
}

static void the_list_needs_a_key(void)
{
	world_open(&w, "API_KEY=a-key-of-this-test-0123456789\n");
	world_do(&w, "GET", "/campaigns", "", NULL);
	world_refused(&w, 401);
	world_do(&w, "GET", "/campaigns",
	         "Authorization: Bearer a-key-of-this-test-0123456789\r\n",
	         NULL);
	CHECK_INT(200, w.a.status);
}

/* Their reservations were under way when the server ended, and the next one
 * finds no bot. */
static void rows_wait_again_whatever_was_under_way(void)
{
	world_open(&w, FAST);
	world_hold("POST", "/reserve");
	campaign_add(&w, id, "", "phone_number\n15551230001\n15551230002\n");
	campaign_await(&w, id, "called", "2");
	world_close(&w);
	world_let_go();
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	world_reopen(&w);
	campaign_await(&w, id, "waiting", "2");
	campaign_results_say(&w, id,
	                     "2,+1********01,waiting,,,,,\"The bots at");
	CHECK_STR("running", campaign_look(&w, id, "state"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static const struct test tests[] = {
	TEST(rows_are_called_by_their_priority),
	TEST(rows_wait_for_their_time_and_expire),
	TEST(a_campaign_has_hours_of_its_own),
	TEST(another_try_is_as_the_first),
	TEST(no_other_try_is_planned_beyond_the_end),
	TEST(hours_hold_while_a_call_waits_in_line),
	TEST(what_nobody_could_be_called_by_is_refused),
	TEST(who_is_told_is_said_for_all_or_for_one),
	TEST(campaigns_are_listed),
	TEST(the_list_needs_a_key),
	TEST_SLOW(rows_wait_again_whatever_was_under_way, 40),
};

TEST_MAIN(tests)
