/*
 * Calls that wait, against plivo-sim: who goes first, who goes later and who
 * never does; and a campaign whose server and bot are killed in its middle.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/fake/http_server.h"
#include "tests/harness/postgres.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 30000 };

enum ledger { SQLITE, POSTGRESQL };

static struct postgres pg;
static char ledger_url[POSTGRES_URL_MAX + 16];

/* A new one, for servers whose environment has it. */
static void use(enum ledger ledger, const char *name)
{
	char url[POSTGRES_URL_MAX] = "sqlite:dialout.db";

	if (ledger == POSTGRESQL)
		postgres_database(&pg, name, url);
	snprintf(ledger_url, sizeof(ledger_url), "DATABASE_URL=%s", url);
}

static const char *const slow[] = {"CALLS_PER_SECOND=1", ledger_url, NULL};
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

static void go_in_order(void)
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

static void they_go_when_and_as_urgently_as_was_asked(void)
{
	use(SQLITE, "in_order");
	go_in_order();
}

static void they_do_so_on_postgresql_too(void)
{
	use(POSTGRESQL, "in_order");
	go_in_order();
}

/* ---- a campaign ---- */

enum { ROWS = 6 };

static const char *const fast[] = {"CALLS_PER_SECOND=4", ledger_url, NULL};
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

/* A quarter of a second is left then until the next one is on its way, of which
 * nobody would know for minutes whether it rang. */
static void wait_placed(unsigned n)
{
	unsigned placed = 0;

	for (unsigned i = 0; placed < n; i++) {
		json_t *journal = town_journal(&t);

		placed = (unsigned)town_count(journal, "queued", NULL);
		json_decref(journal);
		if (i == test_ms(60000) / 10)
			test_fail(__FILE__, __LINE__, "%u of %u are placed",
			          placed, n);
		test_pause(10);
	}
}

/* Some are up, and some still wait. */
static void a_campaign_goes_on_after_its_server_was_killed(void)
{
	use(SQLITE, "killed");
	town_open(&t, &four_a_second);
	add();
	wait_placed(2);
	kill_server();
	wait_placed(4);
	kill_server();
	wait_for("done", 1);
	check_all();
	town_close(&t);
}

/* Rows that had become calls, and whose place on a bot was being asked for. The
 * next server finds no bot; they wait, until there is one. */
static void rows_whose_watch_was_lost_are_called_all_the_same(void)
{
	use(POSTGRESQL, "watch");
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

/* ---- its hours, and who is told ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned told_all, told_one;

static void receive(const struct fake_request *req, struct fake_answer *a,
                    void *arg)
{
	(void)a;
	(void)arg;
	pthread_mutex_lock(&lock);
	told_all +=
		strstr(req->body, "\"ended\"") && !strcmp(req->path, "/all");
	told_one +=
		strstr(req->body, "\"ended\"") && !strcmp(req->path, "/one");
	pthread_mutex_unlock(&lock);
}

static bool all_are_told(void)
{
	bool told;

	pthread_mutex_lock(&lock);
	told = told_all && told_one;
	pthread_mutex_unlock(&lock);
	return told;
}

/* On a day that is not today, wherever the telephone is. */
static const char *closed_day(void)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
	                                   "Thu", "Fri", "Sat"};
	const time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	return days[(tm.tm_wday + 3) % 7];
}

static void upload(const char *path, const char *rows)
{
	struct http_answer a;

	send(&a, "POST", path, rows);
	snprintf(id, sizeof(id), "%s", town_str(a.json, "campaign_id"));
	http_done(&a);
}

/* Two campaigns: one is outside of its hours, the other within. */
static void a_campaign_has_its_hours_and_its_listeners(void)
{
	const unsigned port = fake_http_open(receive, NULL);
	char path[160], rows[256], closed[64];
	struct http_answer a;

	use(SQLITE, "hours");
	town_open(&t, &four_a_second);
	snprintf(path, sizeof(path), "/campaigns?hours=%s%%2009:00-10:00",
	         closed_day());
	upload(path, "phone_number\n+12125551230\n");
	snprintf(closed, sizeof(closed), "%s", id);
	/* The newest is the first, to the millisecond. */
	test_pause(5);
	snprintf(path, sizeof(path),
	         "/campaigns?hours=00:00-24:00&events_url=http://127.0.0.1:%u"
	         "/all",
	         port);
	snprintf(rows, sizeof(rows),
	         "phone_number,events_url\n+12125551231,\n+12125551232,"
	         "http://127.0.0.1:%u/one\n",
	         port);
	upload(path, rows);
	wait_for("done", 1);
	for (unsigned i = 0; !all_are_told(); i++) {
		CHECK(i < test_ms(20000) / 50);
		test_pause(50);
	}
	send(&a, "GET", "/campaigns", NULL);
	CHECK_STR(id, town_str(a.json, "campaigns.0.campaign_id"));
	CHECK_STR("done", town_str(a.json, "campaigns.0.state"));
	CHECK_STR(closed, town_str(a.json, "campaigns.1.campaign_id"));
	CHECK_STR("running", town_str(a.json, "campaigns.1.state"));
	CHECK_INT(1, town_int(a.json, "campaigns.1.waiting"));
	http_done(&a);
	snprintf(id, sizeof(id), "%s", closed);
	snprintf(path, sizeof(path), "/campaigns/%s/results", id);
	send(&a, "GET", path, NULL);
	CHECK(strstr(a.body,
	             ",waiting,,,,,\"CALLING_HOURS, or its campaign's"));
	http_done(&a);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(they_go_when_and_as_urgently_as_was_asked, 60),
	TEST_SLOW(they_do_so_on_postgresql_too, 60),
	TEST_SLOW(a_campaign_has_its_hours_and_its_listeners, 60),
	TEST_SLOW(a_campaign_goes_on_after_its_server_was_killed, 90),
	TEST_SLOW(rows_whose_watch_was_lost_are_called_all_the_same, 120),
};

int main(int argc, char **argv)
{
	int status;

	postgres_open(&pg, false);
	status = test_main(argc, argv, tests, ARRAY_LEN(tests));
	postgres_close(&pg);
	return status;
}
