/*
 * May this call be made, and now? Real servers of one ledger, a Plivo with
 * people who are busy, and an operator at the command line.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const char quick[] = "answer after 50\nbegin stream\nsilence 300\n"
			    "hangup\n";

static long start_at(const char *url, const char *number)
{
	struct http_answer a;
	char target[192], body[64];
	long status;

	snprintf(target, sizeof(target), "%s/start", url);
	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}", number);
	http_post(&a, target, body);
	status = a.status;
	http_done(&a);
	return status;
}

/* "dialout-server" with one or two words, on the town's ledger. */
static int command(struct town *t, const char *a, const char *b)
{
	const char *const args[] = {a, b, NULL};
	char dir[192], ledger[256];
	const char *const env[] = {ledger, NULL};
	struct proc p;

	snprintf(dir, sizeof(dir), "%s/command", t->dir);
	snprintf(ledger, sizeof(ledger),
	         "DATABASE_URL=sqlite:%s/server/dialout.db", t->dir);
	return proc_run(&p, "dialout-server", dir, args, env);
}

static void a_pause_stops_a_running_server_and_outlives_it(void)
{
	static const struct town_opts opts = {.callee = quick};
	struct town t;
	struct http_answer a;
	json_t *journal;
	char url[192];

	town_open(&t, &opts);
	CHECK_INT(200, start_at(t.server.url, "+15552000001"));
	CHECK_INT(0, command(&t, "pause", "wrong list"));
	/* It is in force when the command has ended. */
	CHECK_INT(503, start_at(t.server.url, "+15552000002"));
	CHECK_INT(0, proc_stop(&t.server));
	town_start_server(&t);
	town_post_start(&t, &a, "{\"phone_number\":\"+15552000003\"}");
	CHECK_INT(503, a.status);
	CHECK(strstr(a.body, "wrong list"));
	http_done(&a);
	snprintf(url, sizeof(url), "%s/readyz", t.server.url);
	http_get(&a, url);
	CHECK_INT(200, a.status);
	CHECK_STR("paused", town_str(a.json, "status"));
	http_done(&a);
	CHECK_INT(0, command(&t, "resume", NULL));
	CHECK_INT(200, start_at(t.server.url, "+15552000004"));
	town_wait_journal(&t, "ended", 1, test_ms(8000));
	journal = town_journal(&t);
	CHECK_INT(2, town_count(journal, "queued", NULL));
	json_decref(journal);
	town_no_violations(&t);
	town_close(&t);
}

struct racer {
	const char *url;
	long status;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	r->status = start_at(r->url, TOWN_TO);
	return NULL;
}

static void of_many_starts_to_one_number_one_rings(void)
{
	static const char *const env[] = {"ONE_CALL_PER_NUMBER=yes", NULL};
	static const struct town_opts opts = {
		.callee = "answer after 50\nbegin stream\nsilence 3000\n"
			  "hangup\n",
		.server_env = env,
	};
	enum { RACERS = 16 };
	struct racer r[RACERS];
	pthread_t threads[RACERS];
	unsigned placed = 0;
	struct town t;
	json_t *journal;

	town_open(&t, &opts);
	for (unsigned i = 0; i < RACERS; i++) {
		r[i] = (struct racer){t.server.url, 0};
		CHECK_INT(0, pthread_create(&threads[i], NULL, race, &r[i]));
	}
	for (unsigned i = 0; i < RACERS; i++) {
		CHECK_INT(0, pthread_join(threads[i], NULL));
		CHECK(r[i].status == 200 || r[i].status == 409);
		placed += r[i].status == 200;
	}
	CHECK_INT(1, placed);
	town_wait_journal(&t, "ended", 0, test_ms(10000));
	journal = town_journal(&t);
	CHECK_INT(1, town_count(journal, "queued", NULL));
	json_decref(journal);
	town_close(&t);
}

static void who_is_busy_is_called_again_as_planned(void)
{
	static const char *const env[] = {"RETRY_BUSY=2/1s", NULL};
	static const struct town_opts opts = {.callee = "fail 3010\n",
	                                      .server_env = env};
	struct town t;
	json_t *journal, *call, *next;
	char id[64];

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, "{\"n\":7}"));
	town_wait_journal(&t, "ended", 2, test_ms(20000));
	call = town_wait(&t, id, "no_answer", test_ms(2000));
	CHECK_STR("busy", town_str(call, "retry.cause"));
	next = town_wait(&t, town_str(call, "retry.call_id"), "no_answer",
	                 test_ms(2000));
	CHECK_STR(id, town_str(next, "retry_of"));
	CHECK_INT(1, town_int(next, "attempt"));
	CHECK_INT(7, town_int(next, "body.n"));
	json_decref(call);
	call = town_wait(&t, town_str(next, "retry.call_id"), "no_answer",
	                 test_ms(2000));
	CHECK_INT(2, town_int(call, "attempt"));
	CHECK(json_is_null(town_at(call, "retry")));
	json_decref(call);
	json_decref(next);
	journal = town_journal(&t);
	CHECK_INT(3, town_count(journal, "queued", NULL));
	json_decref(journal);
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(a_pause_stops_a_running_server_and_outlives_it, 60),
	TEST_SLOW(of_many_starts_to_one_number_one_rings, 60),
	TEST_SLOW(who_is_busy_is_called_again_as_planned, 90),
};

TEST_MAIN(tests)
