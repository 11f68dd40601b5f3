/*
 * Bots end and start again in order, and no call is cut off by it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const char quick[] = "answer after 50\nbegin stream\nsilence 300\n"
			    "hangup\n";

/* Calls that Plivo has ended for this reason. */
static unsigned ended_by(const json_t *journal, const char *source)
{
	const json_t *one;
	unsigned n = 0;

	for (unsigned i = 0; (one = town_find(journal, "ended", NULL, i)); i++)
		n += !strcmp(town_str(one, "source"), source);
	return n;
}

static const char *number(unsigned n)
{
	static char text[32];

	snprintf(text, sizeof(text), "+1555200%04u", n);
	return text;
}

static void a_bot_that_is_to_end_cuts_nobody_off(void)
{
	static const struct town_opts opts = {
		.callee = "answer after 50\nbegin stream\nsilence 2500\n"
			  "hangup\n"};
	struct town t;
	struct http_answer a;
	json_t *journal;

	town_open(&t, &opts);
	for (unsigned i = 0; i < 3; i++)
		town_dial_to(&t, number(i), NULL);
	town_wait_journal(&t, "stream-open", 2, test_ms(5000));
	CHECK(!kill(t.bots[0].pid, SIGTERM));
	CHECK(proc_wait_log(&t.bots[0], "event=drain", test_ms(1000)));
	town_post_start(&t, &a, "{\"phone_number\":\"" TOWN_TO "\"}");
	CHECK_INT(503, a.status);
	CHECK(strstr(a.headers, "etry-"));
	http_done(&a);
	town_wait_journal(&t, "ended", 2, test_ms(8000));
	CHECK_INT(0, proc_wait(&t.bots[0], test_ms(1000)));
	journal = town_journal(&t);
	CHECK_INT(3, town_count(journal, "queued", NULL));
	CHECK_INT(3, ended_by(journal, "Callee"));
	json_decref(journal);
	town_no_violations(&t);
	town_close(&t);
}

static void out_of_patience_a_bot_says_goodbye(void)
{
	static const char *const env[] = {"BOT_DRAIN=1", NULL};
	static const struct town_opts opts = {
		.bot_env = env,
		.words = "i have to go now goodbye hello",
	};
	struct town t;
	char ids[2][64];
	json_t *journal;
	unsigned n;

	town_open(&t, &opts);
	for (unsigned i = 0; i < 2; i++)
		snprintf(ids[i], sizeof(ids[i]), "%s",
		         town_dial_to(&t, number(i), NULL));
	town_wait_journal(&t, "stream-open", 1, test_ms(5000));
	CHECK(!kill(t.bots[0].pid, SIGTERM));
	for (unsigned i = 0; i < 2; i++) {
		json_t *call = town_wait_told(&t, ids[i], test_ms(15000));
		const json_t *turns = json_object_get(call, "turns");
		size_t last = json_array_size(turns) - 1;

		CHECK_STR("I have to go now. Goodbye.",
		          town_str(json_array_get(turns, last), "text"));
		json_decref(call);
	}
	CHECK_INT(0, proc_wait(&t.bots[0], test_ms(5000)));
	journal = town_journal(&t);
	n = town_count(journal, "word", NULL);
	CHECK_STR("goodbye",
	          town_str(town_find(journal, "word", NULL, n - 1), "word"));
	json_decref(journal);
	town_close(&t);
}

struct starter {
	struct town *t;
	atomic_bool stop;
	unsigned made, failed;
};

static void *start_five_a_second(void *arg)
{
	struct starter *s = arg;

	while (!atomic_load(&s->stop)) {
		struct http_answer a;
		char body[64];

		snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}",
		         number(s->made));
		town_post_start(s->t, &a, body);
		s->made++;
		s->failed += a.status != 200;
		http_done(&a);
		test_pause(200);
	}
	return NULL;
}

static void bots_are_renewed_one_by_one_and_no_call_fails(void)
{
	static const struct town_opts opts = {.bots = 2, .callee = quick};
	struct town t;
	struct starter s = {.t = &t};
	pthread_t thread;
	json_t *journal;

	town_open(&t, &opts);
	CHECK_INT(0, pthread_create(&thread, NULL, start_five_a_second, &s));
	for (unsigned i = 0; i < 10; i++) {
		test_pause(150);
		CHECK(!kill(t.bots[i % 2].pid, SIGTERM));
		CHECK_INT(0, proc_wait(&t.bots[i % 2], test_ms(8000)));
		town_start_bot(&t, i % 2);
	}
	atomic_store(&s.stop, true);
	CHECK_INT(0, pthread_join(thread, NULL));
	town_wait_journal(&t, "ended", s.made - 1, test_ms(5000));
	journal = town_journal(&t);
	CHECK_INT(0, s.failed);
	CHECK(s.made >= 10);
	CHECK_INT(s.made, town_count(journal, "stream-open", NULL));
	CHECK_INT(s.made, ended_by(journal, "Callee"));
	json_decref(journal);
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(a_bot_that_is_to_end_cuts_nobody_off, 60),
	TEST_SLOW(out_of_patience_a_bot_says_goodbye, 60),
	TEST_SLOW(bots_are_renewed_one_by_one_and_no_call_fails, 90),
};

TEST_MAIN(tests)
