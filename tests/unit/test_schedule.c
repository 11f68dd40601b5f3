/* Calls that wait for a time, in line, or in vain. */
#define _POSIX_C_SOURCE 200809L
#include "server/schedule.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/store/dnc.h"
#include "server/store/outbox.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"
#define ONE  "{\"phone_number\":\"+15551230001\""
#define TWO  "{\"phone_number\":\"+15551230002\""

static struct world w;

static void ask(const char *json)
{
	struct timespec from, till;

	clock_gettime(CLOCK_MONOTONIC, &from);
	world_start(&w, "", json);
	clock_gettime(CLOCK_MONOTONIC, &till);
	if (w.a.status != 202)
		test_fail(__FILE__, __LINE__, "%d %s", w.a.status, w.a.body);
	CHECK_STR("queued", world_member(&w, "status"));
	/* Nobody waited START_WAIT for it. */
	CHECK(till.tv_sec - from.tv_sec < 5);
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
}

static void a_call_for_later_is_promised_at_once_and_made_then(void)
{
	world_open(&w, "");
	ask(ONE ",\"not_before\":2,\"priority\":3}");
	CHECK_STR("1", world_member(&w, "position"));
	CHECK_STR("(none)", world_member(&w, "ignored"));
	CHECK_STR("scheduled", world_look(&w, "state"));
	CHECK_STR("1", world_look(&w, "position"));
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK(strstr(w.a.body, "\ndialout_calls_scheduled 1\n"));
	CHECK(strstr(w.a.body, "\ndialout_calls_live 0\n"));
	CHECK_STR("3", world_look(&w, "priority"));
	CHECK(strstr(world_look(&w, "not_before"), "Z"));
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
	world_await_state(&w, w.id, "initiated");
	CHECK_STR("null", world_look(&w, "position"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void what_waits_for_a_time_survives_a_restart(void)
{
	world_open(&w, "");
	ask(ONE ",\"not_before\":2}");
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("scheduled", world_look(&w, "state"));
	world_await_state(&w, w.id, "initiated");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void the_same_key_gets_the_same_promise(void)
{
	static const char key[] = "Idempotency-Key: later\r\n";
	char first[64];

	world_open(&w, "");
	world_start(&w, key, ONE ",\"not_before\":600}");
	CHECK_INT(202, w.a.status);
	snprintf(first, sizeof(first), "%s", world_member(&w, "call_id"));
	world_start(&w, key, ONE ",\"not_before\":600}");
	CHECK_INT(202, w.a.status);
	CHECK_STR(first, world_member(&w, "call_id"));
	CHECK_STR("1", world_member(&w, "position"));
	world_start(&w, key, ONE ",\"not_before\":601}");
	world_refused(&w, 409);
}

static void what_expires_before_its_time_is_never_dialled(void)
{
	world_open(&w, "");
	ask(ONE ",\"not_before\":1,\"expires_at\":2}");
	world_do(&w, "POST", "/pause", "", "");
	world_await_state(&w, w.id, "expired");
	CHECK_STR("server", world_look(&w, "end.by"));
	CHECK_STR("expired", world_look(&w, "end.cause"));
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK(strstr(w.a.body, "\ndialout_calls_scheduled 0\n"));
	CHECK(strstr(w.a.body, "\ndialout_expired_total 1\n"));
	CHECK(strstr(world_look(&w, "error"), "expires_at passed"));
	world_do(&w, "POST", "/resume", "", "");
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
}

static int see_letter(const struct store_letter *l, void *arg)
{
	char *seen = arg;
	size_t n = strlen(seen);

	snprintf(seen + n, 256 - n, "%s=%s ", l->type, l->data);
	return 0;
}

static void whoever_wants_to_know_is_told_that_it_has_expired(void)
{
	char told[256] = "";

	world_open(&w, "MAX_CALLS=1\n");
	world_start(&w, "", TWO "}");
	CHECK_INT(200, w.a.status);
	ask(ONE ",\"not_before\":1,\"expires_at\":2,\"events_url\":"
	        "\"http://127.0.0.1:9/x\"}");
	world_await_state(&w, w.id, "expired");
	CHECK_INT(0, store_outbox_list(w.app->store, false, see_letter, told));
	CHECK_STR("state=\"expired\" ", told);
}

static void what_expires_in_line_is_never_dialled(void)
{
	world_open(&w, "START_WAIT=1\nCALLS_PER_SECOND=1\n");
	world_start(&w, "", TWO "}");
	world_hold("POST", "/reserve");
	world_start(&w, "", ONE ",\"expires_at\":3}");
	CHECK_INT(202, w.a.status);
	CHECK_STR("1", world_member(&w, "position"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_do(&w, "POST", "/pause", "", "");
	world_let_go();
	world_await_state(&w, w.id, "queued");
	CHECK_STR("1", world_look(&w, "position"));
	world_await_state(&w, w.id, "expired");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	/* Its place is given back. */
	world_await("DELETE", "/reserve/", 1, NULL);
}

static void who_waits_for_it_is_told_that_it_has_expired(void)
{
	world_open(&w, "");
	world_hold("POST", "/reserve");
	world_start(&w, "", ONE ",\"expires_at\":1}");
	world_let_go();
	world_refused(&w, 409);
	CHECK(strstr(w.a.body, "expires_at passed"));
	world_do(&w, "GET", "/calls?limit=1", "", NULL);
	CHECK_STR("expired", world_member(&w, "calls.0.state"));
}

static void a_call_for_later_can_be_taken_back(void)
{
	char target[128];

	world_open(&w, "");
	ask(ONE ",\"not_before\":600}");
	snprintf(target, sizeof(target), "/calls/%s", w.id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_await_state(&w, w.id, "cancelled");
	CHECK_STR("api", world_look(&w, "end.by"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void the_guards_are_asked_when_its_time_has_come(void)
{
	world_open(&w, "");
	ask(ONE ",\"not_before\":1}");
	CHECK_INT(0, store_dnc_add(w.app->store, "+15551230001", NULL, 1));
	world_await_state(&w, w.id, "failed");
	CHECK(strstr(world_look(&w, "error"), "do-not-call"));
	world_start(&w, "", ONE ",\"not_before\":1}");
	world_refused(&w, 403);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void what_is_scheduled_takes_nobodys_place(void)
{
	char first[64], due[APP_TIME_MAX], json[256];

	world_open(&w, "MAX_CALLS=1\n");
	app_time(due, app_now_ms() + 3000);
	snprintf(json, sizeof(json), ONE ",\"not_before\":\"%s\"}", due);
	ask(json);
	snprintf(first, sizeof(first), "%s", w.id);
	snprintf(json, sizeof(json),
	         ONE ",\"not_before\":\"%s\",\"priority\":9}", due);
	ask(json);
	world_await_state(&w, w.id, "initiated");
	/* The other waits for the end of that. */
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	snprintf(w.id, sizeof(w.id), "%s", first);
	CHECK_STR("scheduled", world_look(&w, "state"));
	CHECK_STR("1", world_look(&w, "position"));
	world_key(w.key);
	world_hook(
		&w, "events",
		"Event=Hangup&CallUUID=uuid-1&CallStatus=busy&HangupCauseCode"
		"=3010");
	world_await("POST", CALL, 2, NULL);
}

static void what_cannot_be_is_refused_and_says_what_to_do(void)
{
	static const struct {
		const char *members, *why;
	} bad[] = {
		{"\"not_before\":\"tomorrow\"",
	         "not_before is no time: send it"},
		{"\"not_before\":1.5", "whole number of seconds"},
		{"\"not_before\":true", "not_before is no time: send it"},
		{"\"not_before\":{}", "not_before is no time: send it"},
		{"\"not_before\":1767225600", "366 days ahead"},
		{"\"expires_at\":0", "expires_at has passed"},
		{"\"expires_at\":\"2020-01-01T00:00:00Z\"", "has passed"},
		{"\"expires_at\":\"2020-01-01\"",
	         "expires_at is no time: send it"},
		{"\"not_before\":60,\"expires_at\":60",
	         "later than not_before"},
		{"\"priority\":10", "from -9 to 9"},
		{"\"priority\":\"high\"", "from -9 to 9"},
		{"\"priority\":0.5", "from -9 to 9"},
	};
	char json[256];

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(json, sizeof(json), ONE ",%s}", bad[i].members);
		world_start(&w, "", json);
		world_refused(&w, 422);
		if (!strstr(w.a.body, bad[i].why))
			test_fail(__FILE__, __LINE__, "no \"%s\" in %s",
			          bad[i].why, w.a.body);
	}
	world_start(&w, "",
	            ONE ",\"not_before\":null,\"expires_at\":\"\","
	                "\"priority\":\"-3\"}");
	CHECK_INT(200, w.a.status);
}

/* In line, in another request's hands. */
static void stand_in_line(const char *name, int priority)
{
	char *id = (char *)(uintptr_t)name;
	const struct store_call c = {.id = id,
	                             .key = id,
	                             .to = id,
	                             .priority = priority,
	                             .state = STORE_QUEUED,
	                             .created_ms = app_now_ms()};

	CHECK_INT(0, store_call_add(w.app->store, &c));
}

static void the_position_says_who_goes_before(void)
{
	world_open(&w, "START_WAIT=1\n");
	stand_in_line("plain", 0);
	stand_in_line("urgent", 5);
	stand_in_line("idle", -5);
	world_hold("POST", "/reserve");
	world_start(&w, "", ONE "}");
	CHECK_INT(202, w.a.status);
	CHECK_STR("queued", world_member(&w, "status"));
	CHECK_STR("3", world_member(&w, "position"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	CHECK_STR("3", world_look(&w, "position"));
	CHECK_STR("reserving", world_look(&w, "state"));
	world_let_go();
	world_await_state(&w, w.id, "initiated");
	ask(TWO ",\"priority\":9,\"not_before\":600}");
	/* They all go before its time. */
	CHECK_STR("4", world_member(&w, "position"));
	snprintf(w.id, sizeof(w.id), "idle");
	CHECK_STR("3", world_look(&w, "position"));
}

static const struct test tests[] = {
	TEST(a_call_for_later_is_promised_at_once_and_made_then),
	TEST(what_waits_for_a_time_survives_a_restart),
	TEST(the_same_key_gets_the_same_promise),
	TEST(what_expires_before_its_time_is_never_dialled),
	TEST(whoever_wants_to_know_is_told_that_it_has_expired),
	TEST(what_expires_in_line_is_never_dialled),
	TEST(who_waits_for_it_is_told_that_it_has_expired),
	TEST(a_call_for_later_can_be_taken_back),
	TEST(the_guards_are_asked_when_its_time_has_come),
	TEST(what_is_scheduled_takes_nobodys_place),
	TEST(what_cannot_be_is_refused_and_says_what_to_do),
	TEST(the_position_says_who_goes_before),
};

TEST_MAIN(tests)
