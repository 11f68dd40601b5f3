#include "server/retry.h"

#include <errno.h>
#include <stdio.h>

#include "server/store/dnc.h"
#include "server/store/retry.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\",\"body\":{\"n\":1}}"
#define PLANS  "RETRY_BUSY=2/10m\nRETRY_NO_ANSWER=1/1h\nRETRY_VOICEMAIL=1/4h\n"

static struct world w;
static char first[64];

/* A call is placed; @id gets its id. */
static void place(char id[64])
{
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	snprintf(id, 64, "%s", world_member(&w, "call_id"));
}

/* Plivo says that the last call dialled as @uuid has ended so. */
static void hang_up(const char *uuid, const char *status, int code)
{
	char text[256], key[64], target[96];

	world_key(key);
	snprintf(target, sizeof(target), "/events/%s", key);
	snprintf(text, sizeof(text),
	         "Event=Hangup&CallStatus=%s&CallUUID=%s&HangupCauseCode=%d&"
	         "HangupSource=Carrier",
	         status, uuid, code);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", text);
	CHECK_INT(200, w.a.status);
}

static void look(const char *id)
{
	char target[96];

	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
}

/* All that is due within @sec from now is made; Plivo gives @uuid. */
static void pass(int64_t sec, const char *uuid)
{
	char text[64];

	snprintf(text, sizeof(text), "{\"request_uuid\":\"%s\"}", uuid);
	world_rule("POST", CALL, 201, text);
	retry_run(w.app, app_now_ms() + sec * 1000);
}

static void a_plan_is_read(void)
{
	static const char *const bad[] = {"",      "2",     "2/",    "/10m",
	                                  "0/1m",  "2/0m",  "2/10",  "2/m",
	                                  "-1/1m", "21/1m", "2/10w", "2/1001d"};
	struct retry_rule r;

	CHECK_INT(0, retry_rule_parse(&r, "2/10m"));
	CHECK_INT(2, r.times);
	CHECK_INT(600000, r.apart_ms);
	CHECK_INT(0, retry_rule_parse(&r, "20/90s"));
	CHECK_INT(90000, r.apart_ms);
	CHECK_INT(0, retry_rule_parse(&r, "1/2d"));
	CHECK_INT(172800000, r.apart_ms);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (retry_rule_parse(&r, bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was read",
			          bad[i]);
}

static void who_was_busy_is_called_again_and_again_but_not_for_ever(void)
{
	struct world_seen seen;
	char second[64], third[64];

	world_open(&w, PLANS);
	place(first);
	hang_up("uuid-1", "busy", 3010);
	/* Twice the same news is one plan. */
	hang_up("uuid-1", "busy", 3010);
	look(first);
	CHECK_STR("busy", world_member(&w, "retry.cause"));
	CHECK_STR("null", world_member(&w, "retry.call_id"));
	pass(590, "uuid-2");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	pass(610, "uuid-2");
	pass(610, "uuid-2");
	world_await("POST", CALL, 2, &seen);
	CHECK(strstr(seen.body, "15551234567"));
	look(first);
	snprintf(second, sizeof(second), "%s",
	         world_member(&w, "retry.call_id"));
	world_await_state(&w, second, "initiated");
	CHECK_STR(first, world_member(&w, "retry_of"));
	CHECK_STR("1", world_member(&w, "attempt"));
	CHECK_STR("1", world_member(&w, "body.n"));
	hang_up("uuid-2", "busy", 3010);
	pass(610, "uuid-3");
	world_await("POST", CALL, 3, NULL);
	look(second);
	snprintf(third, sizeof(third), "%s", world_member(&w, "retry.call_id"));
	world_await_state(&w, third, "initiated");
	CHECK_STR("2", world_member(&w, "attempt"));
	hang_up("uuid-3", "busy", 3010);
	look(third);
	CHECK_STR("null", world_member(&w, "retry"));
	pass(86400, "uuid-4");
	CHECK_INT(3, world_seen("POST", CALL, NULL));
}

static void each_cause_has_a_plan_of_its_own(void)
{
	char second[64];

	world_open(&w, PLANS);
	place(first);
	hang_up("uuid-1", "no-answer", 3000);
	look(first);
	CHECK_STR("no_answer", world_member(&w, "retry.cause"));
	pass(3590, "uuid-2");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	pass(3610, "uuid-2");
	world_await("POST", CALL, 2, NULL);
	look(first);
	snprintf(second, sizeof(second), "%s",
	         world_member(&w, "retry.call_id"));
	world_await_state(&w, second, "initiated");
	/* Once was enough of that; of being busy twice would be. */
	hang_up("uuid-2", "no-answer", 3000);
	look(second);
	CHECK_STR("null", world_member(&w, "retry"));
}

static void a_mailbox_is_called_again(void)
{
	char text[256];

	world_open(&w, PLANS);
	place(first);
	snprintf(text, sizeof(text),
	         "[{\"event_id\":\"e1\",\"call_id\":\"%s\",\"seq\":1,\"type\":"
	         "\"ended\",\"by\":\"bot\",\"cause\":\"machine\","
	         "\"answered_by\":\"voicemail\",\"at_ms\":1}]",
	         first);
	world_do(&w, "POST", "/bot-events", "", text);
	CHECK_INT(200, w.a.status);
	look(first);
	CHECK_STR("voicemail", world_member(&w, "retry.cause"));
	/* One that Plivo heard has answered, too. */
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	place(first);
	hang_up("uuid-2", "completed", 9100);
	look(first);
	CHECK_STR("ended", world_member(&w, "state"));
	CHECK_STR("voicemail", world_member(&w, "retry.cause"));
}

static void a_status_without_a_code_is_enough(void)
{
	world_open(&w, PLANS);
	place(first);
	hang_up("uuid-1", "busy", 0);
	look(first);
	CHECK_STR("busy", world_member(&w, "retry.cause"));
}

static void a_refusal_or_an_end_by_hand_is_the_last_word(void)
{
	char target[96];

	world_open(&w, PLANS);
	place(first);
	hang_up("uuid-1", "failed", 3020);
	look(first);
	CHECK_STR("null", world_member(&w, "retry"));
	/* Taken back before its time. */
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	place(first);
	hang_up("uuid-2", "busy", 3010);
	snprintf(target, sizeof(target), "/calls/%s", first);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	look(first);
	CHECK_STR("null", world_member(&w, "retry"));
	pass(86400, "uuid-3");
	CHECK_INT(2, world_seen("POST", CALL, NULL));
}

static void a_try_waits_for_the_guards(void)
{
	world_open(&w, PLANS "BUDGET_CALLS=1/day\n");
	place(first);
	hang_up("uuid-1", "busy", 3010);
	world_do(&w, "POST", "/pause", "", NULL);
	pass(610, "uuid-2");
	look(first);
	CHECK_STR("busy", world_member(&w, "retry.cause"));
	world_do(&w, "POST", "/resume", "", NULL);
	/* The budget has room tomorrow. */
	pass(610, "uuid-2");
	pass(3600, "uuid-2");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	look(first);
	CHECK_STR("null", world_member(&w, "retry.call_id"));
	CHECK_INT(0, store_dnc_add(w.app->store, "+15551234567", NULL, 1));
	pass(2 * 86400, "uuid-2");
	look(first);
	CHECK_STR("null", world_member(&w, "retry"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void a_campaign_may_have_a_plan_of_its_own(void)
{
	world_open(&w, PLANS);
	world_do(&w, "POST", "/campaigns?retry_busy=1/2m&retry_no_answer=never",
	         "Content-Type: text/csv\r\n", "phone_number\n15551234567\n");
	CHECK_INT(202, w.a.status);
	world_await("POST", CALL, 1, NULL);
	world_do(&w, "GET", "/calls", "", NULL);
	snprintf(first, sizeof(first), "%s",
	         world_member(&w, "calls.0.call_id"));
	world_await_state(&w, first, "initiated");
	hang_up("uuid-1", "no-answer", 3000);
	look(first);
	CHECK_STR("null", world_member(&w, "retry"));
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	world_do(&w, "POST", "/campaigns?retry_busy=1/2m",
	         "Content-Type: text/csv\r\n", "phone_number\n15551234568\n");
	world_await("POST", CALL, 2, NULL);
	world_do(&w, "GET", "/calls", "", NULL);
	snprintf(first, sizeof(first), "%s",
	         world_member(&w, "calls.0.call_id"));
	world_await_state(&w, first, "initiated");
	hang_up("uuid-2", "busy", 3010);
	look(first);
	CHECK_STR("busy", world_member(&w, "retry.cause"));
	pass(110, "uuid-3");
	CHECK_INT(2, world_seen("POST", CALL, NULL));
	pass(130, "uuid-3");
	world_await("POST", CALL, 3, NULL);
	world_do(&w, "POST", "/campaigns?retry_busy=often",
	         "Content-Type: text/csv\r\n", "phone_number\n15551234568\n");
	world_refused(&w, 422);
}

static void without_a_plan_nobody_is_called_again(void)
{
	world_open(&w, "");
	place(first);
	hang_up("uuid-1", "busy", 3010);
	look(first);
	CHECK_STR("null", world_member(&w, "retry"));
	CHECK_STR("null", world_member(&w, "retry_of"));
	pass(86400, "uuid-2");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static const struct test tests[] = {
	TEST(a_plan_is_read),
	TEST(who_was_busy_is_called_again_and_again_but_not_for_ever),
	TEST(each_cause_has_a_plan_of_its_own),
	TEST(a_mailbox_is_called_again),
	TEST(a_status_without_a_code_is_enough),
	TEST(a_refusal_or_an_end_by_hand_is_the_last_word),
	TEST(a_try_waits_for_the_guards),
	TEST(a_campaign_may_have_a_plan_of_its_own),
	TEST(without_a_plan_nobody_is_called_again),
};

TEST_MAIN(tests)
