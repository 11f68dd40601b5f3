/*
 * A stream has ended: is the call over, has it lost its line, or its bot? What
 * Plivo is told, and what the next bot.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define NUMBER   "{\"phone_number\":\"+15551234567\",\"body\":{\"name\":\"Ann\"}}"
#define XML      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define REDIRECT "Event=Redirect&CallStatus=in-progress&CallUUID=uuid-1"
#define OVER     XML "<Response><Hangup/></Response>"

static struct world w;
static struct world_seen seen;

/* A call in which somebody talks with a bot; each further place has another
 * number. */
static void talk(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 1,
	            NULL);
	world_bot_event(&w, "e-1", "started", "");
	world_bot_event(&w, "e-2", "turn",
	                "\"n\":1,\"role\":\"bot\",\"text\":\"Hello Ann.\"");
	world_bot_event(&w, "e-3", "turn",
	                "\"n\":2,\"role\":\"callee\",\"text\":\"I \\\"want\\\" "
	                "pizza.\"");
	world_bot_event(&w, "e-4", "turn",
	                "\"n\":3,\"role\":\"bot\",\"text\":\"Which\","
	                "\"interrupted\":true");
	CHECK_INT(200, w.a.status);
}

static void next_place(unsigned n)
{
	char json[256];

	snprintf(json, sizeof(json),
	         "{\"id\":\"next-%u-6f1d0c9ab2e84573\",\"stream_url\":"
	         "\"wss://other.example.com/ws/next-%u-6f1d0c9ab2e84573\","
	         "\"calls\":1,\"capacity\":9}",
	         n, n);
	world_rule("POST", "/reserve", 200, json);
	world_rule("POST", "/reserve/", 202, "");
}

/* The bot does not know of the call, as one that has come up anew. */
static void lose_bot(void)
{
	world_rule("GET", "/reserve/", 404, "{}");
}

static void a_call_that_its_bot_has_ended_is_hung_up(void)
{
	talk();
	world_rule("GET", "/reserve/", 410, "{}");
	world_hook(&w, "again", REDIRECT);
	CHECK_INT(200, w.a.status);
	CHECK_STR("application/xml", client_header(&w.a, "Content-Type"));
	CHECK_STR(OVER, w.a.body);
	/* ... and nobody is asked for another place. */
	CHECK_INT(1, world_seen("POST", "/reserve", NULL) -
	                     world_seen("POST", "/reserve/", NULL));
}

static void the_last_word_of_a_bot_that_is_gone_counts(void)
{
	talk();
	world_bot_event(&w, "e-9", "ended", "\"by\":\"bot\"");
	lose_bot();
	world_hook(&w, "again", REDIRECT);
	CHECK_STR(OVER, w.a.body);
}

static void a_line_that_was_lost_leads_back_to_the_same_place(void)
{
	talk();
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, ">wss://bot.example.com/ws/"
	                       "place-1-6f1d0c9ab2e84573</Stream><Redirect "
	                       "method=\"POST\">http://localhost/again/"));
	world_look(&w, "state");
	CHECK(!strstr(w.a.body, "reattached"));
}

static void a_lost_bot_is_replaced_by_another(void)
{
	talk();
	lose_bot();
	next_place(2);
	world_hook(&w, "again", REDIRECT);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, ">wss://other.example.com/ws/"
	                       "next-2-6f1d0c9ab2e84573</Stream><Redirect "
	                       "method=\"POST\">http://localhost/again/"));
	world_await("POST", "/reserve/next-2-6f1d0c9ab2e84573/prepare", 1,
	            &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"uuid-1\""));
	/* The old place is not given back: that would hang up. */
	CHECK_INT(0, world_seen("DELETE", "/reserve/", NULL));
	world_look(&w, "state");
	CHECK(strstr(w.a.body, "\"reattached\""));
}

static void the_next_bot_knows_what_was_said(void)
{
	talk();
	lose_bot();
	next_place(2);
	/* Nameless, so that nothing is asked of the bot after the place. */
	world_hook(&w, "again", "Event=Redirect");
	CHECK(strstr(w.a.body, "<Stream"));
	world_seen("POST", "/reserve", &seen);
	CHECK_STR("/reserve", seen.path);
	CHECK(strstr(seen.body, "\"body\":{\"name\":\"Ann\"}"));
	CHECK(strstr(seen.body,
	             "\"again\":{\"n\":1,\"from\":11,\"turns\":["
	             "{\"role\":\"bot\",\"text\":\"Hello Ann.\","
	             "\"interrupted\":false},{\"role\":\"callee\",\"text\":"
	             "\"I \\\"want\\\" pizza.\",\"interrupted\":false},"
	             "{\"role\":\"bot\",\"text\":\"Which\","
	             "\"interrupted\":true}]}"));
}

/* Before the turns that follow, with results, and without where none came; not
 * what the agent's code has written down by itself. */
static void the_next_bot_knows_what_tools_have_done(void)
{
	talk();
	world_bot_event(&w, "e-5", "tool_begun",
	                "\"name\":\"slots\",\"id\":1,\"args\":{\"d\":9}");
	world_bot_event(&w, "e-6", "tool",
	                "\"name\":\"slots\",\"result\":\"[\\\"9:30\\\"]\","
	                "\"ms\":20,\"id\":1,\"args\":{\"d\":9}");
	world_bot_event(&w, "e-7", "tool",
	                "\"name\":\"survey\",\"result\":\"x\",\"ms\":0");
	world_bot_event(&w, "e-8", "turn",
	                "\"n\":4,\"role\":\"bot\",\"text\":\"Nine?\"");
	world_bot_event(&w, "e-9", "tool_begun",
	                "\"name\":\"book\",\"id\":2,\"args\":{}");
	CHECK_INT(200, w.a.status);
	lose_bot();
	next_place(2);
	world_hook(&w, "again", "Event=Redirect");
	world_seen("POST", "/reserve", &seen);
	CHECK(strstr(
		seen.body,
		"\"text\":\"Which\",\"interrupted\":true},"
		"{\"role\":\"tool\",\"name\":\"slots\",\"args\":{\"d\":9},"
		"\"result\":\"[\\\"9:30\\\"]\"},{\"role\":\"bot\",\"text\":"
		"\"Nine?\",\"interrupted\":false},{\"role\":\"tool\","
		"\"name\":\"book\",\"args\":{}}]}"));
}

static void the_next_bot_gets_what_the_agent_s_code_has_kept(void)
{
	talk();
	world_bot_event(&w, "e-5", "kept", "\"text\":\"1\"");
	world_bot_event(&w, "e-6", "kept", "\"text\":\"\\\"2\\\"\"");
	lose_bot();
	next_place(2);
	world_hook(&w, "again", "Event=Redirect");
	world_seen("POST", "/reserve", &seen);
	CHECK(strstr(seen.body, "],\"kept\":\"\\\"2\\\"\"}"));
	/* What the lost one has kept last comes late, and is old. */
	world_bot_event(&w, "e-7", "kept", "\"text\":\"3\",\"again\":1");
	world_bot_event(&w, "e-8", "kept", "\"text\":\"4\"");
	next_place(3);
	world_hook(&w, "again", "Event=Redirect");
	world_seen("POST", "/reserve", &seen);
	CHECK(strstr(seen.body, "],\"kept\":\"3\"}"));
}

static void a_bot_that_was_lost_cannot_end_the_call_any_more(void)
{
	talk();
	lose_bot();
	next_place(2);
	world_hook(&w, "again", REDIRECT);
	world_bot_event(&w, "e-8", "ended", "\"by\":\"bot\"");
	CHECK_INT(200, w.a.status);
	CHECK_STR("(none)", world_look(&w, "end.by"));
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, "<Stream"));
	world_bot_event(&w, "e-9", "ended", "\"by\":\"bot\",\"again\":2");
	CHECK_STR("bot", world_look(&w, "end.by"));
	world_hook(&w, "again", REDIRECT);
	CHECK_STR(OVER, w.a.body);
}

static void the_fourth_bot_is_the_last(void)
{
	talk();
	lose_bot();
	for (unsigned i = 0; i < 3; i++) {
		next_place(2 + i);
		world_hook(&w, "again", REDIRECT);
		CHECK(strstr(w.a.body, "<Stream"));
	}
	world_hook(&w, "again", REDIRECT);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Response><Speak>We are sorry"));
	CHECK(strstr(w.a.body, "</Speak><Hangup/></Response>"));
	CHECK_STR("server", world_look(&w, "end.by"));
	CHECK_STR("too many bots were lost", world_look(&w, "error"));
}

static void without_another_bot_the_callee_is_told_so(void)
{
	talk();
	lose_bot();
	world_rule("POST", "/reserve", 503, "{}");
	world_hook(&w, "again", REDIRECT);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Speak>We are sorry"));
	CHECK(strstr(w.a.body, "</Speak><Hangup/></Response>"));
	/* It was a conversation; its end is Plivo's to tell. */
	CHECK_STR("streaming", world_look(&w, "state"));
}

static void a_call_that_is_over_is_not_gone_on_with(void)
{
	talk();
	world_hook(&w, "again",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1");
	CHECK_STR(XML "<Response/>", w.a.body);
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1");
	world_hook(&w, "again", REDIRECT);
	CHECK_STR(OVER, w.a.body);
}

static void only_plivo_may_ask_for_the_call_it_is_about(void)
{
	talk();
	world_hook(&w, "again", "Event=Redirect&CallUUID=another");
	CHECK_INT(403, w.a.status);
	world_do(&w, "POST", "/again/unknown", "", "CallUUID=uuid-1");
	CHECK_INT(404, w.a.status);
}

static const struct test tests[] = {
	TEST(a_call_that_its_bot_has_ended_is_hung_up),
	TEST(the_last_word_of_a_bot_that_is_gone_counts),
	TEST(a_line_that_was_lost_leads_back_to_the_same_place),
	TEST(a_lost_bot_is_replaced_by_another),
	TEST(the_next_bot_knows_what_was_said),
	TEST(the_next_bot_knows_what_tools_have_done),
	TEST(the_next_bot_gets_what_the_agent_s_code_has_kept),
	TEST(a_bot_that_was_lost_cannot_end_the_call_any_more),
	TEST(the_fourth_bot_is_the_last),
	TEST(without_another_bot_the_callee_is_told_so),
	TEST(a_call_that_is_over_is_not_gone_on_with),
	TEST(only_plivo_may_ask_for_the_call_it_is_about),
};

TEST_MAIN(tests)
