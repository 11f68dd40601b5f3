/*
 * Calls that wait, against plivo-sim: who goes first, who goes later and who
 * never does; and a campaign whose server and bot are killed in its middle.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 30000 };

static const char *const slow[] = {"CALLS_PER_SECOND=1", NULL};
static const struct town_opts one_a_second = {
	.callee = "answer after 50\nbegin stream\nsilence 300\nhangup\n",
	.server_env = slow};

static struct town t;
static char id[64];

/* Asked for; its call_id. */
static const char *ask(const char *number, const char *members)
{
	static char ids[8][64];
	static unsigned n;
	struct http_answer a;
	char body[256];

	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\",%s}", number,
	         members);
	town_post_start(&t, &a, body);
	if (a.status != 202)
		test_fail(__FILE__, __LINE__, "%ld %s", a.status, a.body);
	CHECK_STR("queued", town_str(a.json, "status"));
	CHECK(town_int(a.json, "position") >= 1);
	n = (n + 1) % ARRAY_LEN(ids);
	snprintf(ids[n], sizeof(ids[n]), "%s", town_str(a.json, "call_id"));
	http_done(&a);
	return ids[n];
}

/* The time that is @sec from now, as RFC 3339 has it. */
static const char *in(char text[32], int sec)
{
	time_t then = time(NULL) + sec;
	struct tm tm;

	gmtime_r(&then, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

static void check_order(const char *const *numbers, unsigned n)
{
	json_t *journal = town_journal(&t);

	CHECK_INT(n, town_count(journal, "queued", NULL));
	for (unsigned i = 0; i < n; i++)
		CHECK_STR(
			numbers[i],
			town_str(town_find(journal, "queued", NULL, i), "to"));
	json_decref(journal);
}

static void they_go_when_and_as_urgently_as_was_asked(void)
{
	static const char *const order[] = {"15552000003", "15552000001",
	                                    "15552000002", "15552000004"};
	const char *first, *urgent, *last, *vain;
	char due[32], gone[32], members[128];
	json_t *call;

	town_open(&t, &one_a_second);
	in(due, 3);
	in(gone, 6);
	snprintf(members, sizeof(members), "\"not_before\":\"%s\"", due);
	first = ask("+15552000001", members);
	ask("+15552000002", members);
	snprintf(members, sizeof(members),
	         "\"not_before\":\"%s\",\"priority\":9", due);
	urgent = ask("+15552000003", members);
	snprintf(members, sizeof(members),
	         "\"not_before\":\"%s\",\"priority\":-1", due);
	last = ask("+15552000004", members);
	/* One a second: its turn would be the fifth. */
	snprintf(members, sizeof(members),
	         "\"not_before\":\"%s\",\"priority\":-9,"
	         "\"expires_at\":\"%s\"",
	         due, gone);
	vain = ask("+15552000005", members);
	call = town_call(&t, first);
	CHECK_STR("scheduled", town_str(call, "state"));
	CHECK_INT(2, town_int(call, "position"));
	json_decref(call);
	json_decref(town_wait(&t, urgent, "ended", WAIT_MS));
	json_decref(town_wait(&t, last, "ended", WAIT_MS));
	call = town_wait(&t, vain, "expired", WAIT_MS);
	CHECK_STR("server", town_str(call, "end.by"));
	CHECK_STR("expired", town_str(call, "end.cause"));
	json_decref(call);
	check_order(order, ARRAY_LEN(order));
	town_no_violations(&t);
	town_close(&t);
}

/* ---- a campaign ---- */

enum { ROWS = 6 };

static const char *const fast[] = {"CALLS_PER_SECOND=4", NULL};
static const struct town_opts four_a_second = {
	.callee = "answer after 50\nbegin stream\nsilence 300\nhangup\n",
	.server_env = fast};

static void send(struct http_answer *a, const char *method, const char *path,
                 const char *body)
{
	static const char *const headers[] = {"Content-Type: text/csv", NULL};
	char url[256];

	snprintf(url, sizeof(url), "%s%s", t.server.url, path);
	http_send(a, method, url, headers, body);
	if (a->status / 100 != 2)
		test_fail(__FILE__, __LINE__, "%s %s: %ld %s", method, path,
		          a->status, a->body);
}

static long progress(const char *member)
{
	struct http_answer a;
	char path[128];
	long n;

	snprintf(path, sizeof(path), "/campaigns/%s", id);
	send(&a, "GET", path, NULL);
	n = !strcmp(member, "done") ? !strcmp(town_str(a.json, "state"), "done")
	                            : town_int(a.json, member);
	http_done(&a);
	return n;
}

static void wait_for(const char *member, long n)
{
	for (unsigned i = 0; progress(member) < n; i++) {
		if (i == test_ms(60000) / 50) {
			town_print_logs(&t);
			test_fail(__FILE__, __LINE__, "%s is not %ld", member,
			          n);
		}
		test_pause(50);
	}
}

static void add(void)
{
	struct http_answer a;

	send(&a, "POST", "/campaigns?at_once=6",
	     "phone_number\n+15552000001\n+15552000002\n+15552000003\n"
	     "+15552000004\n+15552000005\n+15552000006\n");
	CHECK_INT(202, a.status);
	snprintf(id, sizeof(id), "%s", town_str(a.json, "campaign_id"));
	http_done(&a);
}

/* All were called, each once. */
static void check_all(void)
{
	json_t *journal = town_journal(&t);
	struct http_answer a;
	char path[128];
	unsigned ended = 0;

	CHECK_INT(ROWS, town_count(journal, "queued", NULL));
	CHECK_INT(ROWS, town_count(journal, "ended", NULL));
	json_decref(journal);
	snprintf(path, sizeof(path), "/campaigns/%s/results", id);
	send(&a, "GET", path, NULL);
	for (const char *at = a.body; (at = strstr(at, ",ended,callee,")); at++)
		ended++;
	if (ended != ROWS)
		test_fail(__FILE__, __LINE__, "%u of %d: %s", ended, ROWS,
		          a.body);
	http_done(&a);
}

static void kill_server(void)
{
	proc_kill(&t.server);
	town_start_server(&t);
}

/* Some are up or on their way, and some still wait. */
static void a_campaign_goes_on_after_its_server_was_killed(void)
{
	town_open(&t, &four_a_second);
	add();
	wait_for("called", 2);
	kill_server();
	wait_for("called", 4);
	kill_server();
	wait_for("done", 1);
	check_all();
	town_close(&t);
}

/* Rows that had become calls, and whose place on a bot was being asked for. The
 * next server finds no bot; they wait, until there is one. */
static void rows_whose_watch_was_lost_are_called_all_the_same(void)
{
	town_open(&t, &four_a_second);
	CHECK(!kill(t.bots[0].pid, SIGSTOP));
	add();
	wait_for("called", 1);
	proc_kill(&t.server);
	proc_kill(&t.bots[0]);
	town_start_server(&t);
	wait_for("waiting", ROWS);
	CHECK_INT(0, progress("done"));
	town_start_bot(&t, 0);
	wait_for("done", 1);
	check_all();
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(they_go_when_and_as_urgently_as_was_asked, 60),
	TEST_SLOW(a_campaign_goes_on_after_its_server_was_killed, 90),
	TEST_SLOW(rows_whose_watch_was_lost_are_called_all_the_same, 120),
};

TEST_MAIN(tests)
