/* How many are relayed, and that none of them holds up another. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/fake/relayed.h"
#include "tests/harness/test.h"

enum { KIB = 1024, PROMPT_MS = 1000 };

static struct world w;
static struct relayed a, b;

/* ---- many ---------------------------------------------------------------- */

enum { FULL = 20 };

static struct relayed lines[FULL];

static void prompt(long since)
{
	CHECK(relayed_now_ms() - since < PROMPT_MS);
}

static void hook(const struct relayed *l, const char *what, const char *form)
{
	char target[256];
	long since = relayed_now_ms();

	snprintf(target, sizeof(target), "/%s/%s", what, l->key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
	CHECK_INT(200, w.a.status);
	prompt(since);
}

static void fill(void)
{
	world_open(&w, "RELAY_MAX=20\nMAX_CALLS=100\n");
	world_take_sockets(true);
	for (unsigned i = 0; i < FULL; i++) {
		relayed_dial(&w, &lines[i], i + 1);
		relayed_stream(&w, &lines[i]);
	}
}

static void a_full_relay_leaves_threads_for_the_rest(void)
{
	static struct relayed more;
	long since;

	fill();
	for (unsigned i = 0; i < FULL; i++) {
		char form[128];

		snprintf(form, sizeof(form), "Event=StartApp&CallUUID=uuid-%u",
		         i + 1);
		hook(&lines[i], "answer", form);
		CHECK(strstr(w.a.body, lines[i].target));
		snprintf(form, sizeof(form),
		         "Event=StartStream&StreamID=s&CallUUID=uuid-%u",
		         i + 1);
		hook(&lines[i], "events", form);
	}
	relayed_script(&more, FULL + 1);
	since = relayed_now_ms();
	world_start(&w, "", RELAYED_NUMBER);
	prompt(since);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "RELAY_MAX=20"));
	CHECK(*client_header(&w.a, "Retry-After"));
	world_do(&w, "GET", "/readyz", "", NULL);
	CHECK_INT(200, w.a.status);
	/* All of them still run, and none got another's. */
	for (unsigned i = 0; i < FULL; i++)
		ws_raw_send(lines[i].plivo, WS_RAW_TEXT, true, true,
		            lines[i].place, strlen(lines[i].place));
	for (unsigned i = 0; i < FULL; i++)
		ws_raw_expect(lines[i].bot, WS_RAW_TEXT, true, lines[i].place,
		              strlen(lines[i].place));
	/* One that ends makes room for one. */
	relayed_end(&lines[0]);
	hook(&lines[0], "events",
	     "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	     "HangupCauseCode=4000");
	relayed_dial(&w, &more, FULL + 1);
	relayed_stream(&w, &more);
	relayed_to_bot(&more, WS_RAW_TEXT, "hello", 5);
	world_close(&w);
}

static void strangers_do_not_fill_the_relay(void)
{
	world_open(&w, "RELAY_MAX=1\n");
	world_take_sockets(true);
	relayed_dial(&w, &a, 1);
	for (int i = 0; i < 10; i++)
		relayed_refused(&w, "/ws/place-002-6f1d0c9ab2e84573", "", 404);
	relayed_stream(&w, &a);
	relayed_end(&a);
}

/* Plivo may come again before its first socket is known to be dead; but not
 * without end. */
static void a_call_may_come_again_when_the_relay_is_full(void)
{
	static struct relayed again[8];
	unsigned n = 0;

	relayed_open(&w, &a, "RELAY_MAX=1\n");
	for (; n < ARRAY_LEN(again); n++) {
		again[n].plivo = ws_raw_connect(w.port, a.target, "", &w.a);
		if (again[n].plivo < 0)
			break;
		again[n].bot = world_socket(NULL);
		relayed_to_plivo(&again[n], WS_RAW_TEXT, "hello", 5);
	}
	CHECK_INT(4, n);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "RELAY_MAX=1"));
	relayed_to_plivo(&a, WS_RAW_TEXT, "still here", 10);
	while (n--)
		relayed_end(&again[n]);
	relayed_end(&a);
}

static void an_inbound_call_finds_no_room_and_is_told_so(void)
{
	static const char form[] = "Event=StartApp&CallUUID=uuid-in&"
				   "From=15557654321&To=15550001111";

	relayed_open(&w, &a, "RELAY_MAX=1\n");
	relayed_script(&b, 2);
	world_do(&w, "POST", "/answer",
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Speak>"));
	CHECK(strstr(w.a.body, "<Hangup/>"));
	CHECK(!strstr(w.a.body, "<Stream"));
	world_await("DELETE", "/reserve/place-002-6f1d0c9ab2e84573", 1, NULL);
	relayed_end(&a);
}

static void a_bot_without_any_address_is_refused_in_production(void)
{
	char env[512];

	world_open(&w, "");
	snprintf(env, sizeof(env),
	         "ENV=production\nPUBLIC_URL=http://localhost\n"
	         "START_AUTH=none\nBOT_URL=http://127.0.0.1:%u\n"
	         "ALLOWED_PREFIXES=*\n"
	         "BOT_SECRET=0123456789abcdef0123456789abcdef\n",
	         w.bot_port);
	world_close(&w);
	server_config_fini(&w.cfg);
	world_open(&w, env);
	relayed_script(&a, 1);
	world_start(&w, "", RELAYED_NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "BOT_PUBLIC_URL"));
	CHECK_INT(0, world_seen("POST", RELAYED_CALL, NULL));
	world_await("DELETE", "/reserve/place-001-6f1d0c9ab2e84573", 1, NULL);
}

/* ---- who does not read ---------------------------------------------------- */

/* Send until no more is taken. */
static void flood(int fd, bool masked)
{
	static char v[64 * KIB];
	const struct timeval limit = {.tv_usec = 300000};
	long until = relayed_now_ms() + 4000;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while (relayed_now_ms() < until) {
		char head[14];
		ssize_t n;

		memcpy(head, "\x82\x7f\0\0\0\0\0\1\0\0", 10);
		head[1] = (char)(head[1] | (masked ? 0x80 : 0));
		memset(head + 10, 0, 4);
		if (send(fd, head, masked ? 14 : 10, MSG_NOSIGNAL) < 0)
			return;
		for (size_t at = 0; at < sizeof(v); at += (size_t)n) {
			n = send(fd, v + at, sizeof(v) - at, MSG_NOSIGNAL);
			if (n <= 0)
				return;
		}
	}
	test_fail(__FILE__, __LINE__, "there is no end to what is taken");
}

static void others_go_on(void)
{
	for (int i = 0; i < 10; i++) {
		long since = relayed_now_ms();

		relayed_to_bot(&b, WS_RAW_TEXT, "media", 5);
		relayed_to_plivo(&b, WS_RAW_TEXT, "playAudio", 9);
		prompt(since);
	}
}

static void a_caller_who_does_not_read_holds_nobody_up(void)
{
	relayed_open(&w, &a, "");
	relayed_dial(&w, &b, 2);
	relayed_stream(&w, &b);
	flood(a.bot, false);
	others_go_on();
	/* The other way is open all the while. */
	relayed_to_bot(&a, WS_RAW_TEXT, "media", 5);
	relayed_end(&b);
	world_close(&w);
}

static void a_bot_that_does_not_read_is_given_up(void)
{
	relayed_open(&w, &a, "");
	relayed_dial(&w, &b, 2);
	relayed_stream(&w, &b);
	flood(a.plivo, true);
	others_go_on();
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	others_go_on();
	relayed_end(&b);
}

static const struct test tests[] = {
	TEST_SLOW(a_full_relay_leaves_threads_for_the_rest, 60),
	TEST(strangers_do_not_fill_the_relay),
	TEST(a_call_may_come_again_when_the_relay_is_full),
	TEST(an_inbound_call_finds_no_room_and_is_told_so),
	TEST(a_bot_without_any_address_is_refused_in_production),
	TEST_SLOW(a_caller_who_does_not_read_holds_nobody_up, 60),
	TEST_SLOW(a_bot_that_does_not_read_is_given_up, 60),
};

TEST_MAIN(tests)
