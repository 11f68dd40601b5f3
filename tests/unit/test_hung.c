/*
 * A bot that hangs keeps its streams open, in silence: its calls are taken from
 * it, and from no other.
 */
#include <stdio.h>
#include <string.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define NUMBER   "{\"phone_number\":\"+15551234567\"}"
#define CALL     "/v1/Account/MATEST/Call/"
#define LEAVE    CALL "uuid-1/Stream/"
#define REDIRECT "Event=Redirect&CallStatus=in-progress&CallUUID=uuid-1"

static struct world w;

/* A call in which somebody talks with a bot. */
static void talk(void)
{
	world_place(&w, "BOT_HUNG_AFTER=4\n", NUMBER);
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	world_bot_event(&w, "e-1", "started", "");
	CHECK_STR("streaming", world_look(&w, "state"));
	world_rule("DELETE", CALL, 204, "");
}

static void next_place(void)
{
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"next-2-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://other.example.com/ws/next-2-6f1d0c9ab2e84573\","
	           "\"calls\":1,\"capacity\":9}");
	world_rule("POST", "/reserve/", 202, "");
}

static void hang(void)
{
	talk();
	world_hold("GET", "/readyz");
	world_await("DELETE", LEAVE, 1, NULL);
}

static void its_calls_go_on_at_another_bot(void)
{
	hang();
	next_place();
	/* It wakes, and finds its stream ended. */
	world_rule("GET", "/reserve/", 410, "{}");
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, ">wss://other.example.com/ws/next-2-"));
	CHECK_INT(0, world_seen("DELETE", "/reserve/", NULL));
	world_look(&w, "state");
	CHECK(strstr(w.a.body, "\"hung\""));
	CHECK(strstr(w.a.body, "\"reattached\""));
}

static void the_call_is_not_over_for_what_it_says_when_it_wakes(void)
{
	static const char *const ends[] = {"\"by\":\"callee\"",
	                                   "\"by\":\"error\""};
	char id[16];

	hang();
	next_place();
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(id, sizeof(id), "e-%zu", 10 + i);
		world_bot_event(&w, id, "ended", ends[i]);
		CHECK_INT(200, w.a.status);
		CHECK_STR("(none)", world_look(&w, "end.by"));
	}
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, "<Stream"));
}

static void its_own_word_for_the_end_counts(void)
{
	hang();
	next_place();
	world_bot_event(&w, "e-9", "ended", "\"by\":\"bot\"");
	CHECK_STR("bot", world_look(&w, "end.by"));
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, "<Response><Hangup/></Response>"));
}

/* Plivo is told @n times to end the stream, and no more within @ms. */
static void watch(unsigned n, unsigned ms)
{
	for (unsigned at = 0; at < ms; at += 20) {
		CHECK_INT(n, world_seen("DELETE", LEAVE, NULL));
		test_pause(20);
	}
}

/* The next bot's stream would be ended by a second request. */
static void plivo_is_told_once(void)
{
	hang();
	watch(1, 6000);
}

static void one_that_was_only_slow_keeps_them(void)
{
	talk();
	world_hold("GET", "/readyz");
	/* Two answers were late, and the last question is out. */
	watch(0, 3000);
	world_let_go();
	watch(0, 4000);
	world_look(&w, "state");
	CHECK(!strstr(w.a.body, "\"hung\""));
}

static const struct test tests[] = {
	TEST_SLOW(its_calls_go_on_at_another_bot, 40),
	TEST_SLOW(the_call_is_not_over_for_what_it_says_when_it_wakes, 40),
	TEST_SLOW(its_own_word_for_the_end_counts, 40),
	TEST_SLOW(plivo_is_told_once, 40),
	TEST_SLOW(one_that_was_only_slow_keeps_them, 40),
};

TEST_MAIN(tests)
