#define _POSIX_C_SOURCE 200809L
#include "server/pause.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/jtext.h"
#include "server/carrier/carrier.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define KEY    "Authorization: Bearer 0123456789abcdef\r\n"

static struct world w;
static char said[1024];

typedef int command_h(struct buf *out, int argc, char **argv,
                      const char *dotenv);

/* A command on the world's ledger; `said` has the output. */
static int run_words(command_h *command, int argc, char **argv)
{
	char path[] = "/tmp/pause.env.XXXXXX";
	int code, fd = mkstemp(path);
	struct buf out;

	CHECK(fd >= 0);
	CHECK(dprintf(fd, "DATABASE_URL=sqlite:%s\n", w.ledger) > 0);
	close(fd);
	buf_init(&out, sizeof(said) - 1);
	code = command(&out, argc, argv, path);
	snprintf(said, sizeof(said), "%s", buf_str(&out));
	buf_fini(&out);
	unlink(path);
	return code;
}

/* The same with one word or none. */
static int run(command_h *command, const char *word)
{
	char text[300], *argv[] = {text};

	snprintf(text, sizeof(text), "%s", word ? word : "");
	return run_words(command, word ? 1 : 0, argv);
}

/* Longer than the dispatcher waits before it asks again: what must not happen
 * would have. */
static void look_on(void)
{
	const struct timespec ts = {.tv_nsec = 700 * 1000000};

	nanosleep(&ts, NULL);
}

/* The server has seen its bot. */
static void await_ready(void)
{
	const struct timespec ts = {.tv_nsec = 20 * 1000000};

	for (int i = 0; i < 500; i++) {
		world_do(&w, "GET", "/readyz", "", NULL);
		if (w.a.status == 200)
			return;
		nanosleep(&ts, NULL);
	}
	test_fail(__FILE__, __LINE__, "not ready: %s", w.a.body);
}

static void paused_no_call_is_started_and_every_answer_says_so(void)
{
	world_open(&w, "");
	await_ready();
	CHECK_INT(0, run(pause_run, "wrong list"));
	CHECK(strstr(said, "paused"));
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "No calls are placed since 20"));
	CHECK(strstr(w.a.body, ", wrong list: use dialout-server resume or "
	                       "POST /resume to end the pause."));
	CHECK(*client_header(&w.a, "Retry-After"));
	world_do(&w, "GET", "/readyz", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("paused", world_member(&w, "status"));
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK(strstr(w.a.body, "dialout_paused 1\n"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	CHECK_INT(0, run(pause_resume_run, NULL));
	CHECK_STR("resumed\n", said);
	world_do(&w, "GET", "/readyz", "", NULL);
	CHECK_STR("ready", world_member(&w, "status"));
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
}

static void *start_another(void *arg)
{
	client_do(w.port, arg, "POST", "/start", "", NUMBER);
	return NULL;
}

static void a_call_that_waits_goes_on_waiting_and_then_goes_out(void)
{
	static struct http_answer other;
	char first[64], second[64];
	pthread_t thread;
	struct str v;

	world_open(&w, "START_WAIT=1\n");
	/* A pause that comes between acceptance and the call's turn. */
	world_hold("POST", "/reserve");
	CHECK_INT(0, pthread_create(&thread, NULL, start_another, &other));
	world_start(&w, "", NUMBER);
	CHECK_INT(202, w.a.status);
	snprintf(first, sizeof(first), "%s", world_member(&w, "call_id"));
	CHECK_INT(0, pthread_join(thread, NULL));
	CHECK_INT(202, other.status);
	CHECK_INT(0, jtext_get(str_of(other.body), "call_id", &v));
	CHECK_INT(0, jtext_string(second, sizeof(second), v));
	world_do(&w, "POST", "/pause", "", "{\"reason\":\"stop\"}");
	CHECK_INT(200, w.a.status);
	CHECK_STR("stop", world_member(&w, "reason"));
	world_let_go();
	world_await_state(&w, first, "queued");
	world_await_state(&w, second, "queued");
	/* The dispatcher has asked for the first one's turn, in vain. */
	look_on();
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_do(&w, "POST", "/pause", "", NULL);
	CHECK_STR("2", world_member(&w, "waiting"));
	/* One that is cancelled meanwhile is gone. */
	world_do(&w, "DELETE", "/calls/x", "", NULL);
	CHECK_INT(404, w.a.status);
	snprintf(said, sizeof(said), "/calls/%s", first);
	world_do(&w, "DELETE", said, "", NULL);
	CHECK_INT(204, w.a.status);
	world_await_state(&w, first, "cancelled");
	/* A restart does not forget. */
	world_close(&w);
	world_reopen(&w);
	world_await_state(&w, second, "queued");
	look_on();
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_do(&w, "POST", "/resume", "", NULL);
	CHECK_STR("false", world_member(&w, "paused"));
	world_await("POST", CALL, 1, NULL);
	world_await_state(&w, second, "initiated");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void pausing_takes_a_key_with_the_scope(void)
{
	world_open(&w, "API_KEY=0123456789abcdef\n");
	world_do(&w, "POST", "/pause", "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "POST", "/resume", "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", "/pause", KEY, NULL);
	CHECK_INT(405, w.a.status);
	world_do(&w, "POST", "/pause", KEY, "{\"reason\":7}");
	CHECK_INT(400, w.a.status);
	world_do(&w, "POST", "/pause", KEY, "stop");
	CHECK_INT(400, w.a.status);
	world_start(&w, KEY, NUMBER);
	CHECK_INT(200, w.a.status);
	world_do(&w, "POST", "/pause", KEY, "{}");
	CHECK_INT(200, w.a.status);
	world_start(&w, KEY, NUMBER);
	CHECK_INT(503, w.a.status);
}

static void without_a_key_only_this_machine_pauses(void)
{
	world_open(&w, "");
	world_do(&w, "POST", "/pause", "X-Forwarded-For: 203.0.113.9\r\n",
	         NULL);
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "may pause, resume and see"));
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
}

static void wrong_words_are_explained(void)
{
	char a[] = "a", b[] = "b", *two[] = {a, b};

	world_open(&w, "");
	CHECK_INT(2, run(pause_resume_run, "now"));
	CHECK(strstr(said, "usage: dialout-server pause"));
	memset(said, 'x', 299);
	CHECK_INT(2, run(pause_run, said));
	CHECK(strstr(said, "at most 255 bytes"));
	CHECK_INT(2, run_words(pause_run, 2, two));
}

static const struct test tests[] = {
	TEST(paused_no_call_is_started_and_every_answer_says_so),
	TEST(a_call_that_waits_goes_on_waiting_and_then_goes_out),
	TEST(pausing_takes_a_key_with_the_scope),
	TEST(without_a_key_only_this_machine_pauses),
	TEST(wrong_words_are_explained),
};

TEST_MAIN(tests)
