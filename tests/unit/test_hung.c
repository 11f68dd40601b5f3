/*
 * A bot that hangs keeps its streams open, in silence: its calls are taken from
 * it, and from no other.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/fake/http_server.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define NUMBER   "{\"phone_number\":\"+15551234567\"}"
#define CALL     "/v1/Account/MATEST/Call/"
#define LEAVE    CALL "uuid-1/Stream/"
#define REDIRECT "Event=Redirect&CallStatus=in-progress&CallUUID=uuid-1"

static struct world w;

/* The bot that has the call, and another. */
static struct bot {
	bool hangs, ready;
	int reserve; /* status */
	const char *place;
	unsigned deletes;
} one = {.ready = true, .reserve = 200, .place = "place-1-6f1d0c9ab2e84573"},
  two = {.ready = true, .reserve = 503, .place = "place-2-6f1d0c9ab2e84573"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What it knows of a place: that call is over, as its stream was ended. */
static void be_a_bot(const struct fake_request *req, struct fake_answer *answer,
                     void *arg)
{
	struct bot *b = arg;

	pthread_mutex_lock(&lock);
	while (b->hangs)
		pthread_cond_wait(&changed, &lock);
	b->deletes += !strcmp(req->method, "DELETE");
	if (!strcmp(req->path, "/readyz")) {
		answer->status = b->ready ? 200 : 503;
	} else if (!strcmp(req->path, "/reserve")) {
		answer->status = b->reserve;
		snprintf(answer->body, sizeof(answer->body),
		         "{\"id\":\"%s\",\"stream_url\":\"wss://bot.example"
		         ".com/ws/%s\",\"calls\":1,\"capacity\":9}",
		         b->place, b->place);
	} else {
		answer->status = strcmp(req->method, "GET") ? 202 : 410;
	}
	pthread_mutex_unlock(&lock);
}

static void set_hangs(bool hangs)
{
	pthread_mutex_lock(&lock);
	one.hangs = hangs;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Places that were given up. */
static unsigned deletes(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = one.deletes + two.deletes;
	pthread_mutex_unlock(&lock);
	return n;
}

/* A call in which somebody talks with the first one. */
static void talk(void)
{
	char dotenv[128];

	snprintf(dotenv, sizeof(dotenv),
	         "BOT_HUNG_AFTER=4\nBOT_URL=http://127.0.0.1:%u,"
	         "http://127.0.0.1:%u\n",
	         fake_http_open(be_a_bot, &one),
	         fake_http_open(be_a_bot, &two));
	world_place(&w, dotenv, NUMBER);
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	world_bot_event(&w, "e-1", "started", "");
	CHECK_STR("streaming", world_look(&w, "state"));
	world_rule("DELETE", CALL, 204, "");
}

static void next_place(void)
{
	pthread_mutex_lock(&lock);
	two.reserve = 200;
	pthread_mutex_unlock(&lock);
}

static void hang(void)
{
	talk();
	set_hangs(true);
	world_await("DELETE", LEAVE, 1, NULL);
}

static void its_calls_go_on_at_another_bot(void)
{
	hang();
	next_place();
	/* It wakes, and finds its stream ended. */
	set_hangs(false);
	world_hook(&w, "again", REDIRECT);
	CHECK(strstr(w.a.body, ">wss://bot.example.com/ws/place-2-"));
	CHECK_INT(0, deletes());
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
	set_hangs(true);
	/* Two answers were late, and the last question is out. */
	watch(0, 3000);
	set_hangs(false);
	watch(0, 4000);
	world_look(&w, "state");
	CHECK(!strstr(w.a.body, "\"hung\""));
}

/* It may wake, or be started anew and take them up: better than none. */
static void the_only_one_that_works_keeps_them(void)
{
	two.ready = false;
	talk();
	set_hangs(true);
	watch(0, 6500);
	pthread_mutex_lock(&lock);
	two.ready = true;
	pthread_mutex_unlock(&lock);
	world_await("DELETE", LEAVE, 1, NULL);
}

static const struct test tests[] = {
	TEST_SLOW(its_calls_go_on_at_another_bot, 40),
	TEST_SLOW(the_call_is_not_over_for_what_it_says_when_it_wakes, 40),
	TEST_SLOW(its_own_word_for_the_end_counts, 40),
	TEST_SLOW(plivo_is_told_once, 40),
	TEST_SLOW(one_that_was_only_slow_keeps_them, 40),
	TEST_SLOW(the_only_one_that_works_keeps_them, 40),
};

TEST_MAIN(tests)
