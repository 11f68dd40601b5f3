/* Calls that outlive the server, or what they waited for. */
#define _POSIX_C_SOURCE 200809L
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

#include "server/app.h"
#include "server/sweep.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;

static void calls_survive_a_restart(void)
{
	world_place(&w, "", NUMBER);
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("initiated", world_look(&w, "state"));
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(
		w.a.body,
		">wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573</Stream>"));
}

static void a_post_that_was_out_is_unknown_after_a_restart(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", CALL);
	world_start(&w, "", NUMBER);
	CHECK_STR("dialing", world_member(&w, "status"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("unknown", world_look(&w, "state"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	/* Any callback tells that it was placed after all. */
	world_key(w.key);
	world_hook(&w, "events",
	           "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_STR("ringing", world_look(&w, "state"));
	CHECK_STR("uuid-1", world_member(&w, "call_uuid"));
}

static void what_was_promised_is_dialled_after_a_restart(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_STR("queued", world_member(&w, "status"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_let_go();
	world_reopen(&w);
	world_await_state(&w, w.id, "initiated");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

/* Its bot wants Plivo's word for a machine, and said so only once. */
static void a_call_that_waited_through_a_restart_is_dialled_as_wanted(void)
{
	static struct world_seen seen;

	world_open(&w, "START_WAIT=1\n");
	/* Plivo was too busy for another one: the next has to wait. */
	world_rule_header("POST", CALL, "Retry-After: 30\r\n");
	world_rule("POST", CALL, 429, "{}");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-2-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://bot.example.com/ws/place-2-6f1d0c9ab2e84573\","
	           "\"machine_detection\":true,\"calls\":1,\"capacity\":9}");
	world_start(&w, "", NUMBER);
	CHECK_STR("queued", world_member(&w, "status"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	world_rule_header("POST", CALL, "");
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-1\"}");
	world_reopen(&w);
	world_await_state(&w, w.id, "initiated");
	world_await("POST", CALL, 2, &seen);
	CHECK(strstr(seen.body, "\"machine_detection\":\"true\""));
}

/* As if the server had ended before it could answer /start. */
static void forget_promise(void)
{
	sqlite3 *db;

	CHECK_INT(SQLITE_OK, sqlite3_open(w.ledger, &db));
	CHECK_INT(SQLITE_OK,
	          sqlite3_exec(db, "UPDATE call SET answer_status = 0", NULL,
	                       NULL, NULL));
	sqlite3_close(db);
}

/* Nobody was promised this call, so it is given up; the bot may have a place
 * for it all the same. */
static void a_place_that_was_asked_for_is_given_up_after_a_restart(void)
{
	char target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	forget_promise();
	world_let_go();
	world_reopen(&w);
	world_await_state(&w, w.id, "failed");
	snprintf(target, sizeof(target), "/reserve/%s", w.id);
	world_await("DELETE", target, 1, NULL);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void a_bot_that_was_too_late_is_let_off(void)
{
	char target[128];

	world_open(&w, "START_WAIT=10\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	world_do(&w, "GET", "/calls?limit=1", "", NULL);
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "calls.0.call_id"));
	CHECK_STR("failed", world_member(&w, "calls.0.state"));
	snprintf(target, sizeof(target), "/reserve/%s", w.id);
	world_await("DELETE", target, 1, NULL);
	world_let_go();
}

static void a_call_whose_end_nobody_told_is_closed(void)
{
	const long long minute = 60000;

	world_place(&w, "", NUMBER);
	sweep_run(w.app, app_now_ms() + 19 * minute);
	CHECK_STR("initiated", world_look(&w, "state"));
	/* 45 s of ringing, 15 minutes of call, five more. */
	sweep_run(w.app, app_now_ms() + 21 * minute);
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, w.id, "cancelled");
}

/* Calls are judged by their age, and a clock may be put forward by an hour
 * while they are up. */
static void a_clock_that_jumps_makes_no_call_old(void)
{
	const int64_t hour = 3600000, longest = 1245000, minute = 60000;
	const int64_t wall = 1700000000000;
	struct sweep_clock c = {.set = false};

	CHECK_INT(wall, sweep_clock_now(&c, wall, 5, longest));
	/* Corrections by milliseconds are no jump. */
	CHECK_INT(wall + minute + 300, sweep_clock_now(&c, wall + minute + 300,
	                                               5 + minute, longest));
	/* Put forward: as if it had not been. */
	CHECK_INT(wall + 2 * minute + 300,
	          sweep_clock_now(&c, wall + hour + 2 * minute + 300,
	                          5 + 2 * minute, longest));
	/* Put back, too: the clock itself is the earlier one. */
	CHECK_INT(wall - hour,
	          sweep_clock_now(&c, wall - hour, 5 + 3 * minute, longest));
	/* Whoever was up when it began is gone. */
	CHECK_INT(wall + 2 * hour,
	          sweep_clock_now(&c, wall + 2 * hour, 5 + 3 * minute + longest,
	                          longest));
	CHECK_INT(wall + 2 * hour + minute,
	          sweep_clock_now(&c, wall + 2 * hour + minute,
	                          5 + 4 * minute + longest, longest));
}

static const struct test tests[] = {
	TEST_SLOW(calls_survive_a_restart, 40),
	TEST_SLOW(a_post_that_was_out_is_unknown_after_a_restart, 40),
	TEST_SLOW(what_was_promised_is_dialled_after_a_restart, 40),
	TEST_SLOW(a_call_that_waited_through_a_restart_is_dialled_as_wanted,
                  40),
	TEST_SLOW(a_place_that_was_asked_for_is_given_up_after_a_restart, 40),
	TEST(a_bot_that_was_too_late_is_let_off),
	TEST(a_clock_that_jumps_makes_no_call_old),
	TEST(a_call_whose_end_nobody_told_is_closed),
};

TEST_MAIN(tests)
