/*
 * A list of ten, uploaded, paused and resumed, against plivo-sim: who is called,
 * who is not, and what the results say of each.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

enum { GOOD = 8 /* of the ten */ };

static const char list[] = "phone_number,name\n"
			   "+15552000001,Ada\n"
			   "+15552000002,Ben\n"
			   "nobody,Cyd\n"
			   "+15552000004,Dot\n"
			   "+15552000005,\"Eve, Mrs\"\n"
			   "+15552000006,Fay\n"
			   "+15552000007,Gus\n"
			   "+15552000008,Hal\n"
			   "+15552000009,Ida\n"
			   "+15552000010,Jon\n";

static const char *const env[] = {"CALLS_PER_SECOND=4", NULL};
static const struct town_opts opts = {
	.callee = "answer after 50\nbegin stream\nsilence 300\nhangup\n",
	.server_env = env};

static struct town t;
static char id[64];

static void send(struct http_answer *a, const char *method, const char *path,
                 const char *type, const char *body)
{
	const char *const headers[] = {type, NULL};
	char url[256];

	snprintf(url, sizeof(url), "%s%s", t.server.url, path);
	http_send(a, method, url, headers, body);
	if (a->status / 100 != 2)
		test_fail(__FILE__, __LINE__, "%s %s: %ld %s", method, path,
		          a->status, a->body);
}

static void act(const char *what, const char *state)
{
	struct http_answer a;
	char path[128];

	snprintf(path, sizeof(path), "/campaigns/%s/%s", id, what);
	send(&a, "POST", path, "Content-Type: application/json", "");
	CHECK_STR(state, town_str(a.json, "state"));
	http_done(&a);
}

/* A number of the progress. */
static long progress(const char *member)
{
	struct http_answer a;
	char path[128];
	long n;

	snprintf(path, sizeof(path), "/campaigns/%s", id);
	send(&a, "GET", path, "Accept: */*", NULL);
	n = !strcmp(member, "done") ? !strcmp(town_str(a.json, "state"), "done")
	                            : town_int(a.json, member);
	http_done(&a);
	return n;
}

static void wait_for(const char *member, long n)
{
	const struct timespec tick = {0, 50 * 1000000};

	for (unsigned i = 0; progress(member) != n; i++) {
		if (i == test_ms(20000) / 50) {
			town_print_logs(&t);
			test_fail(__FILE__, __LINE__, "%s is not %ld", member,
			          n);
		}
		nanosleep(&tick, NULL);
	}
}

static void check_results(void)
{
	static const char *const rows[] = {
		"\r\n4,,bad,,,,,phone_number must be",
		"\r\n10,+1********09,refused,,,,,on the do-not-call list,,\r\n",
	};
	struct http_answer a;
	char path[128];
	unsigned ended = 0;

	snprintf(path, sizeof(path), "/campaigns/%s/results", id);
	send(&a, "GET", path, "Accept: text/csv", NULL);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (!strstr(a.body, rows[i]))
			test_fail(__FILE__, __LINE__, "no \"%s\" in %s",
			          rows[i], a.body);
	for (const char *at = a.body; (at = strstr(at, ",ended,callee,")); at++)
		ended++;
	CHECK_INT(GOOD, ended);
	http_done(&a);
}

/* Plivo was told of each once. */
static void check_journal(void)
{
	json_t *journal = town_journal(&t);

	CHECK_INT(GOOD, town_count(journal, "queued", NULL));
	CHECK_INT(GOOD, town_count(journal, "ended", NULL));
	json_decref(journal);
}

static void a_list_of_ten_is_called_but_for_whom_it_must_not(void)
{
	struct http_answer a;
	long called;

	town_open(&t, &opts);
	send(&a, "POST", "/dnc", "Content-Type: text/plain", "+15552000009\n");
	http_done(&a);
	send(&a, "POST", "/campaigns?at_once=3", "Content-Type: text/csv",
	     list);
	CHECK_INT(202, a.status);
	CHECK_INT(10, town_int(a.json, "rows"));
	CHECK_INT(1, town_int(a.json, "bad"));
	CHECK_INT(4, town_int(a.json, "not_called.0.line"));
	snprintf(id, sizeof(id), "%s", town_str(a.json, "campaign_id"));
	http_done(&a);
	wait_for("called", 2);
	act("pause", "paused");
	called = progress("called");
	CHECK(called < GOOD);
	/* What was called goes to its end, and nobody else is called; over a
	 * restart, too. */
	wait_for("live", 0);
	CHECK_INT(0, proc_stop(&t.server));
	town_start_server(&t);
	CHECK_INT(called, progress("called"));
	CHECK_INT(0, progress("done"));
	act("resume", "running");
	wait_for("done", 1);
	CHECK_INT(1, progress("refused"));
	check_results();
	check_journal();
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(a_list_of_ten_is_called_but_for_whom_it_must_not, 60),
};

TEST_MAIN(tests)
