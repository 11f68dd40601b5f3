#define _POSIX_C_SOURCE 200809L
#include "server/reconcile.h"

#include <stdio.h>
#include <time.h>

#include "server/sweep.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define PLACE  "/reserve/place-1-6f1d0c9ab2e84573"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;
static char id[64];
static const long long minute = 60000;

/* What Plivo says of its calls: names, or objects. */
static void plivo_has(const char *live, const char *queued,
                      const char *finished)
{
	char text[4096];

	snprintf(text, sizeof(text), "{\"calls\":[%s]}", live);
	world_rule("GET", CALL "?status=live", 200, text);
	snprintf(text, sizeof(text), "{\"calls\":[%s]}", queued);
	world_rule("GET", CALL "?status=queued", 200, text);
	snprintf(text, sizeof(text), "{\"meta\":{},\"objects\":[%s]}",
	         finished);
	world_rule("GET", CALL "?limit=", 200, text);
}

/* One of its calls in detail. */
static void plivo_knows(const char *uuid, const char *list, const char *to)
{
	char path[128], text[512];

	snprintf(path, sizeof(path), CALL "%s/?status=%s", uuid, list);
	snprintf(text, sizeof(text),
	         "{\"call_uuid\":\"%s\",\"from\":\"15550001111\","
	         "\"to\":\"%s\",\"direction\":\"outbound\","
	         "\"session_start\":\"2017-05-22 13:17:49.050872\"}",
	         uuid, to);
	world_rule("GET", path, 200, text);
}

/* A finished call that began @age_sec ago. */
static const char *record(const char *uuid, const char *to, bool answered,
                          long age_sec)
{
	static char text[1024];
	time_t began = time(NULL) - age_sec + 19800;
	char when[40];
	struct tm tm;

	CHECK(gmtime_r(&began, &tm));
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S+05:30", &tm);
	snprintf(text, sizeof(text),
	         "{\"call_uuid\":\"%s\",\"to_number\":\"%s\","
	         "\"from_number\":\"+15550001111\",\"initiation_time\":\"%s\","
	         "\"answer_time\":%s%s%s,\"hangup_cause_code\":4000,"
	         "\"hangup_cause_name\":\"Normal Hangup\","
	         "\"hangup_source\":\"Callee\"}",
	         uuid, to, when, answered ? "\"" : "", answered ? when : "null",
	         answered ? "\"" : "");
	return text;
}

static void start_unknown(void)
{
	world_rule("POST", CALL, 500, "{}");
	world_start(&w, "", NUMBER);
	CHECK_STR("unknown", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
}

/* A call whose POST had no clear answer; Plivo has no calls. */
static void open_unknown(void)
{
	world_open(&w, "");
	plivo_has("", "", "");
	start_unknown();
}

static const char *look(const char *member)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	return world_member(&w, member);
}

static void sweep(long long later_ms)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	sweep_run(w.app, app_now_ms() + later_ms);
	for (int i = 0; atomic_load(&w.app->reconciling); i++) {
		CHECK(i < 1000);
		nanosleep(&pause, NULL);
	}
}

static void a_call_that_is_live_is_found_and_kept(void)
{
	struct world_seen seen;

	open_unknown();
	plivo_has("\"other\",\"lost\"", "", "");
	plivo_knows("other", "live", "15559999999");
	plivo_knows("lost", "live", "15551234567");
	sweep(0);
	CHECK_STR("initiated", look("state"));
	CHECK_STR("lost", look("call_uuid"));
	world_await("POST", PLACE "/prepare", 1, &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"lost\""));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void a_call_that_still_waits_at_plivo_is_found(void)
{
	open_unknown();
	plivo_has("", "\"lost\"", "");
	plivo_knows("lost", "queued", "+15551234567");
	sweep(0);
	CHECK_STR("initiated", look("state"));
	CHECK_STR("lost", look("call_uuid"));
}

static void a_call_that_was_answered_and_is_over_is_closed(void)
{
	open_unknown();
	plivo_has("", "", record("lost", "+15551234567", true, 1));
	sweep(0);
	CHECK_STR("ended", look("state"));
	CHECK_STR("lost", look("call_uuid"));
	CHECK_STR("callee", look("end.by"));
	CHECK_STR("4000", look("end.cause_code"));
	CHECK_STR("Normal Hangup", look("end.cause"));
	world_await("DELETE", PLACE, 1, NULL);
}

static void a_call_that_nobody_answered_is_closed_as_such(void)
{
	open_unknown();
	plivo_has("", "", record("lost", "15551234567", false, 1));
	sweep(0);
	CHECK_STR("no_answer", look("state"));
}

static void a_call_that_is_nowhere_was_not_placed(void)
{
	open_unknown();
	sweep(3 * minute);
	CHECK_STR("unknown", look("state"));
	sweep(4 * minute);
	CHECK_STR("not_placed", look("state"));
	CHECK(strcmp(look("ended_at"), "null") != 0);
	world_await("DELETE", PLACE, 1, NULL);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void nothing_is_decided_while_plivo_cannot_be_asked(void)
{
	static const char *const lists[] = {
		CALL "?status=live", CALL "?status=queued", CALL "?limit="};

	open_unknown();
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		plivo_has("", "", "");
		world_rule("GET", lists[i], 503, "{}");
		sweep(4 * minute);
		CHECK_STR("unknown", look("state"));
	}
	/* Not for ever: 45 s, 15 minutes, five more. */
	sweep(21 * minute);
	CHECK_STR("failed", look("state"));
}

static void calls_of_others_are_not_ours(void)
{
	world_open(&w, "");
	plivo_has("", "", "");
	/* The same number, but this one has a name already. */
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	start_unknown();
	plivo_has("\"uuid-1\"", "", record("old", "15551234567", true, 90000));
	plivo_knows("uuid-1", "live", "15551234567");
	sweep(0);
	CHECK_STR("unknown", look("state"));
	CHECK_STR("null", look("call_uuid"));
	CHECK_INT(0, world_seen("GET", CALL "uuid-1/", NULL));
}

static void what_is_not_clear_is_left(void)
{
	open_unknown();
	start_unknown();
	plivo_has("\"lost\"", "", "");
	plivo_knows("lost", "live", "15551234567");
	sweep(4 * minute);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_STR("unknown", world_member(&w, "calls.0.state"));
	CHECK_STR("unknown", world_member(&w, "calls.1.state"));
	CHECK_STR("null", world_member(&w, "calls.0.call_uuid"));
}

static void a_call_that_was_to_end_is_hung_up_when_found(void)
{
	char target[128];

	open_unknown();
	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	plivo_has("\"lost\"", "", "");
	plivo_knows("lost", "live", "15551234567");
	sweep(0);
	world_await("DELETE", CALL "lost/", 1, NULL);
	world_await_state(&w, id, "cancelled");
}

static void a_call_that_ran_through_a_crash_is_found_at_the_start(void)
{
	char key[64], target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", CALL);
	world_start(&w, "", NUMBER);
	CHECK_STR("dialing", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_key(key);
	plivo_has("\"lost\"", "", "");
	plivo_knows("lost", "live", "15551234567");
	world_close(&w);
	world_reopen(&w);
	world_await_state(&w, id, "initiated");
	CHECK_STR("lost", look("call_uuid"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	snprintf(target, sizeof(target), "/answer/%s", key);
	world_do(&w, "POST", target, "", "Event=StartApp&CallUUID=lost");
	CHECK_INT(200, w.a.status);
	CHECK_STR("answered", look("state"));
}

static void place(void)
{
	world_open(&w, "");
	plivo_has("", "", "");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
}

static void a_call_that_ended_while_we_were_away_is_closed(void)
{
	place();
	world_rule("GET", CALL "uuid-1/", 200,
	           record("uuid-1", "15551234567", true, 1));
	world_rule("GET", CALL "uuid-1/?status=", 404, "{}");
	world_close(&w);
	world_reopen(&w);
	world_await_state(&w, id, "ended");
	CHECK_STR("callee", look("end.by"));
	world_await("DELETE", PLACE, 1, NULL);
}

static void a_call_that_is_still_up_after_a_restart_stays(void)
{
	place();
	plivo_knows("uuid-1", "live", "15551234567");
	world_close(&w);
	world_reopen(&w);
	world_await("GET", CALL "uuid-1/?status=live", 1, NULL);
	CHECK_STR("initiated", look("state"));
	CHECK_INT(0, world_seen("GET", CALL "uuid-1/?status=queued", NULL));
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
}

static void a_call_that_is_silent_after_ringing_is_asked_for(void)
{
	place();
	sweep(1 * minute);
	CHECK_INT(0, world_seen("GET", CALL "uuid-1/", NULL));
	world_rule("GET", CALL "uuid-1/", 200,
	           record("uuid-1", "15551234567", false, 60));
	world_rule("GET", CALL "uuid-1/?status=", 404, "{}");
	sweep(2 * minute);
	world_await_state(&w, id, "no_answer");
}

static void stopping_in_the_middle_of_a_look_loses_nothing(void)
{
	open_unknown();
	world_hold("GET", CALL "?status=live");
	sweep_run(w.app, app_now_ms());
	world_await("GET", CALL "?status=live", 1, NULL);
	world_close(&w);
	world_let_go();
	plivo_has("\"lost\"", "", "");
	plivo_knows("lost", "live", "15551234567");
	world_reopen(&w);
	world_await_state(&w, id, "initiated");
}

static const struct test tests[] = {
	TEST(a_call_that_is_live_is_found_and_kept),
	TEST(a_call_that_still_waits_at_plivo_is_found),
	TEST(a_call_that_was_answered_and_is_over_is_closed),
	TEST(a_call_that_nobody_answered_is_closed_as_such),
	TEST(a_call_that_is_nowhere_was_not_placed),
	TEST(nothing_is_decided_while_plivo_cannot_be_asked),
	TEST(calls_of_others_are_not_ours),
	TEST(what_is_not_clear_is_left),
	TEST(a_call_that_was_to_end_is_hung_up_when_found),
	TEST_SLOW(a_call_that_ran_through_a_crash_is_found_at_the_start, 40),
	TEST(a_call_that_ended_while_we_were_away_is_closed),
	TEST(a_call_that_is_still_up_after_a_restart_stays),
	TEST(a_call_that_is_silent_after_ringing_is_asked_for),
	TEST(stopping_in_the_middle_of_a_look_loses_nothing),
};

TEST_MAIN(tests)
