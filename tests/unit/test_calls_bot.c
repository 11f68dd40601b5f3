/* What bots tell of their calls. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;

static void what_bots_tell_is_in_the_call(void)
{
	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "started", "");
	CHECK_INT(200, w.a.status);
	CHECK_STR("streaming", world_look(&w, "state"));
	world_bot_event(&w, "e2", "turn",
	                "\"n\":1,\"role\":\"callee\",\"text\":\"Hello?\","
	                "\"heard_ms\":400,\"interrupted\":false");
	world_bot_event(&w, "e3", "turn",
	                "\"n\":2,\"role\":\"bot\",\"text\":\"Hi \\\"Ann\\\"\","
	                "\"interrupted\":true,\"latency\":{\"speech_end\":10,"
	                "\"final\":120,\"first_token\":300,\"first_audio\":410,"
	                "\"heard\":450}");
	world_bot_event(&w, "e3", "turn",
	                "\"n\":2,\"role\":\"bot\",\"text\":\"twice\"");
	CHECK_INT(200, w.a.status);
	CHECK_STR("Hello?", world_look(&w, "turns.0.text"));
	CHECK_STR("callee", world_member(&w, "turns.0.role"));
	CHECK_STR("400", world_member(&w, "turns.0.heard_ms"));
	CHECK_STR("null", world_member(&w, "turns.0.latency.heard"));
	CHECK_STR("Hi \"Ann\"", world_member(&w, "turns.1.text"));
	CHECK_STR("true", world_member(&w, "turns.1.interrupted"));
	CHECK_STR("10", world_member(&w, "turns.1.latency.speech_end"));
	CHECK_STR("450", world_member(&w, "turns.1.latency.heard"));
	world_bot_event(&w, "e4", "error",
	                "\"detail\":\"the model is silent\"");
	CHECK_STR("the model is silent", world_look(&w, "error"));
}

static void a_call_that_its_bot_ended_is_hung_up(void)
{
	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "started", "");
	world_bot_event(&w, "e2", "ended",
	                "\"by\":\"bot\",\"cause\":\"goodbye\"");
	CHECK_INT(200, w.a.status);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, w.id, "ended");
	CHECK_STR("bot", world_look(&w, "end.by"));
	CHECK_STR("goodbye", world_member(&w, "end.cause"));
}

static void a_call_that_plivo_ended_in_time_is_not_hung_up(void)
{
	const struct timespec pause = {.tv_sec = 3};

	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "started", "");
	world_bot_event(&w, "e2", "ended",
	                "\"by\":\"bot\",\"cause\":\"goodbye\"");
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1");
	/* The two seconds must pass to show that nothing happens. */
	nanosleep(&pause, NULL);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
}

/* The bot sees a stream that ends, and Plivo why it did; whoever tells first.
 */
static void plivo_knows_how_a_call_ended(void)
{
	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "started", "");
	world_bot_event(&w, "e2", "ended",
	                "\"by\":\"callee\",\"cause\":\"the line is gone\"");
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	           "HangupCauseCode=6000&HangupCauseName=Scheduled+Hangup&"
	           "HangupSource=Plivo");
	CHECK_STR("ended", world_look(&w, "state"));
	CHECK_STR("plivo", world_member(&w, "end.by"));
	CHECK_STR("Scheduled Hangup", world_member(&w, "end.cause"));
	CHECK_STR("6000", world_member(&w, "end.cause_code"));
}

static void what_the_bot_decided_stays_with_plivos_code(void)
{
	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "started", "");
	world_bot_event(&w, "e2", "ended",
	                "\"by\":\"bot\",\"cause\":\"goodbye\"");
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	           "HangupCauseCode=4000&HangupCauseName=Normal+Hangup&"
	           "HangupSource=API+Request");
	CHECK_STR("bot", world_look(&w, "end.by"));
	CHECK_STR("goodbye", world_member(&w, "end.cause"));
	CHECK_STR("4000", world_member(&w, "end.cause_code"));
}

static void bots_must_know_the_secret(void)
{
#define SECRET "0123456789abcdef0123456789abcdef"
	world_place(&w,
	            "BOT_SECRET=" SECRET "\n"
	            "BOT_WS_URL=wss://p.example.com/ws\n",
	            NUMBER);
	world_bot_event(&w, "e1", "started", "");
	CHECK_INT(401, w.a.status);
	CHECK_STR("initiated", world_look(&w, "state"));
	world_do(&w, "POST", "/bot-events",
	         "Authorization: Bearer " SECRET "\r\n", "[]");
	CHECK_INT(200, w.a.status);
	world_do(&w, "POST", "/bot-events",
	         "Authorization: Bearer " SECRET "\r\n", "{}");
	CHECK_INT(400, w.a.status);
}

static void who_wants_no_more_calls_is_not_called_again(void)
{
	world_place(&w, "", NUMBER);
	world_bot_event(&w, "e1", "tool", "\"name\":\"end_call\"");
	world_bot_event(&w, "e2", "tool",
	                "\"name\":\"do_not_call\",\"result\":\"{}\"");
	CHECK_INT(200, w.a.status);
	world_bot_event(&w, "e2", "tool", "\"name\":\"do_not_call\"");
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "asked not to be called again"));
	CHECK(!strstr(w.a.body, "15551234567"));
	world_start(&w, "", "{\"phone_number\":\"+15551234568\"}");
	CHECK_INT(200, w.a.status);
}

static void events_of_calls_unknown_here_hold_nobody_up(void)
{
	world_place(&w, "", NUMBER);
	world_do(&w, "POST", "/bot-events", "",
	         "[{\"event_id\":\"x\",\"call_id\":\"nobody\","
	         "\"type\":\"ended\"},{\"type\":\"turn\"},7]");
	CHECK_INT(200, w.a.status);
}

static const struct test tests[] = {
	TEST(what_bots_tell_is_in_the_call),
	TEST(a_call_that_its_bot_ended_is_hung_up),
	TEST(a_call_that_plivo_ended_in_time_is_not_hung_up),
	TEST(plivo_knows_how_a_call_ended),
	TEST(what_the_bot_decided_stays_with_plivos_code),
	TEST(bots_must_know_the_secret),
	TEST(who_wants_no_more_calls_is_not_called_again),
	TEST(events_of_calls_unknown_here_hold_nobody_up),
};

TEST_MAIN(tests)
