#define _POSIX_C_SOURCE 200809L
#include "server/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/plivo_sign.h"
#include "tests/fake/world.h"
#include "tests/fake/ws_raw.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define TOKEN  "token"

enum { KIB = 1024, PROMPT_MS = 1000 };

static struct world w;
static struct world_seen seen;

/* A call whose stream is relayed. */
struct line {
	char place[64], id[64], key[64], target[128];
	int plivo, bot; /* sockets */
};

static struct line a, b;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next call will have this place, at a bot without an address. */
static void script(struct line *l, unsigned n)
{
	char text[256];

	snprintf(l->place, sizeof(l->place), "place-%03u-6f1d0c9ab2e84573", n);
	snprintf(l->target, sizeof(l->target), "/ws/%s", l->place);
	snprintf(text, sizeof(text),
	         "{\"id\":\"%s\",\"stream_url\":null,\"calls\":1,"
	         "\"capacity\":900}",
	         l->place);
	world_rule("POST", "/reserve", 200, text);
	world_rule("POST", "/reserve/", 202, "");
	snprintf(text, sizeof(text),
	         "{\"message\":\"call fired\",\"request_uuid\":\"uuid-%u\"}",
	         n);
	world_rule("POST", CALL, 201, text);
}

static void dial(struct line *l, unsigned n)
{
	script(l, n);
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	snprintf(l->id, sizeof(l->id), "%s", world_member(&w, "call_id"));
	world_key(l->key);
}

static void stream(struct line *l)
{
	l->plivo = ws_raw_connect(w.port, l->target, "", &w.a);
	CHECK_INT(101, w.a.status);
	l->bot = world_socket(&seen);
	CHECK_STR(l->target, seen.path);
}

/* A world with one stream that is relayed. */
static void open_one(const char *dotenv)
{
	world_open(&w, dotenv);
	world_take_sockets(true);
	dial(&a, 1);
	stream(&a);
}

/* What one side sends in one frame is what the other side gets. */
static void to_bot(const struct line *l, int op, const char *v, size_t len)
{
	ws_raw_send(l->plivo, op, true, true, v, len);
	ws_raw_expect(l->bot, op, true, v, len);
}

static void to_plivo(const struct line *l, int op, const char *v, size_t len)
{
	ws_raw_send(l->bot, op, true, false, v, len);
	ws_raw_expect(l->plivo, op, true, v, len);
}

static void end(struct line *l)
{
	close(l->plivo);
	ws_raw_expect_end(l->bot);
	close(l->bot);
}

/* ---- messages ------------------------------------------------------------ */

static void every_kind_of_message_passes_both_ways(void)
{
	static const int ops[] = {WS_RAW_TEXT, WS_RAW_BINARY, WS_RAW_PING,
	                          WS_RAW_PONG};
	static const char v[] = "{\"event\":\"media\"}\0\xff\x80";

	open_one("");
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		to_bot(&a, ops[i], v, sizeof(v));
		to_plivo(&a, ops[i], v, sizeof(v));
		to_bot(&a, ops[i], "", 0);
		to_plivo(&a, ops[i], "", 0);
		to_bot(&a, ops[i], "", 0);
	}
	end(&a);
	world_close(&w);
}

static void sizes_of_all_encodings_pass_both_ways(void)
{
	static const size_t sizes[] = {
		1, 125, 126, 127, 1400, 16384, 65535, 64 * KIB, 64 * KIB + 1};
	char *v = malloc(64 * KIB + 1);

	CHECK(v != NULL);
	for (size_t i = 0; i <= 64 * KIB; i++)
		v[i] = (char)(i * 2654435761U >> 13);
	open_one("");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		to_bot(&a, WS_RAW_TEXT, v, sizes[i]);
		to_plivo(&a, WS_RAW_BINARY, v, sizes[i]);
	}
	end(&a);
	free(v);
}

static void pieces_arrive_as_one_message(void)
{
	open_one("");
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, "one, ", 5);
	ws_raw_send(a.plivo, WS_RAW_MORE, false, true, "two, ", 5);
	/* Control frames may come in between, and do not wait. */
	ws_raw_send(a.plivo, WS_RAW_PING, true, true, "now", 3);
	ws_raw_expect(a.bot, WS_RAW_PING, true, "now", 3);
	ws_raw_send(a.plivo, WS_RAW_MORE, true, true, "three", 5);
	ws_raw_expect(a.bot, WS_RAW_TEXT, true, "one, two, three", 15);

	ws_raw_send(a.bot, WS_RAW_BINARY, false, false, "one, ", 5);
	ws_raw_send(a.bot, WS_RAW_MORE, false, false, "", 0);
	ws_raw_send(a.bot, WS_RAW_PONG, true, false, "now", 3);
	ws_raw_expect(a.plivo, WS_RAW_PONG, true, "now", 3);
	ws_raw_send(a.bot, WS_RAW_MORE, true, false, "two", 3);
	ws_raw_expect(a.plivo, WS_RAW_BINARY, true, "one, two", 8);
	/* And what follows is not part of it. */
	to_bot(&a, WS_RAW_TEXT, "x", 1);
	to_plivo(&a, WS_RAW_TEXT, "y", 1);
	end(&a);
}

static void frames_in_one_segment_are_told_apart(void)
{
	static const char plivo[] = "\x81\x81\0\0\0\0a\x89\x80\0\0\0\0"
				    "\x82\x82\0\0\0\0bc";
	static const char bot[] = "\x81\x01"
				  "a\x89\x00\x82\x02"
				  "bc";

	open_one("");
	client_send(a.plivo, plivo, sizeof(plivo) - 1);
	ws_raw_expect(a.bot, WS_RAW_TEXT, true, "a", 1);
	ws_raw_expect(a.bot, WS_RAW_PING, true, "", 0);
	ws_raw_expect(a.bot, WS_RAW_BINARY, true, "bc", 2);
	for (size_t i = 0; i < sizeof(bot) - 1; i++)
		client_send(a.bot, bot + i, 1);
	ws_raw_expect(a.plivo, WS_RAW_TEXT, true, "a", 1);
	ws_raw_expect(a.plivo, WS_RAW_PING, true, "", 0);
	ws_raw_expect(a.plivo, WS_RAW_BINARY, true, "bc", 2);
	end(&a);
}

/* ---- ends ---------------------------------------------------------------- */

static void a_close_passes_with_its_reason_and_so_does_its_answer(void)
{
	static const char bye[] = "\x03\xe8the call is over";
	static const char yes[] = "\x0f\xa0so it is";

	open_one("");
	to_bot(&a, WS_RAW_CLOSE, bye, sizeof(bye) - 1);
	to_plivo(&a, WS_RAW_CLOSE, yes, sizeof(yes) - 1);
	close(a.bot); /* as servers do */
	ws_raw_expect_end(a.plivo);
	close(a.plivo);

	stream(&a);
	to_plivo(&a, WS_RAW_CLOSE, bye, sizeof(bye) - 1);
	to_bot(&a, WS_RAW_CLOSE, yes, sizeof(yes) - 1);
	close(a.bot);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);

	/* Without a code, too. */
	stream(&a);
	to_bot(&a, WS_RAW_CLOSE, "", 0);
	to_plivo(&a, WS_RAW_CLOSE, "", 0);
	close(a.bot);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);
	world_close(&w);
}

static void a_close_that_nobody_answers_has_its_time(void)
{
	long since;

	open_one("");
	since = now_ms();
	to_bot(&a, WS_RAW_CLOSE, "\x03\xe8", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect_end(a.bot);
	CHECK(now_ms() - since < 5000);
	close(a.plivo);
	close(a.bot);

	stream(&a);
	since = now_ms();
	to_plivo(&a, WS_RAW_CLOSE, "\x03\xe8", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect_end(a.bot);
	CHECK(now_ms() - since < 5000);
	close(a.plivo);
	close(a.bot);
	world_close(&w);
}

static void a_bot_that_is_lost_ends_the_stream(void)
{
	open_one("");
	to_plivo(&a, WS_RAW_TEXT, "x", 1);
	close(a.bot);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	ws_raw_expect_end(a.plivo);
	close(a.plivo);
}

/* The bot's end is met by both threads at once, the one that reads what it
 * says and the one that writes what Plivo says; the code passes all the same. */
static void a_bot_that_dies_in_mid_talk_is_told_by_its_code(void)
{
	const struct linger reset = {.l_onoff = 1};

	world_open(&w, "");
	world_take_sockets(true);
	for (unsigned i = 1; i <= 20; i++) {
		dial(&a, i);
		stream(&a);
		to_plivo(&a, WS_RAW_TEXT, "x", 1);
		setsockopt(a.bot, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		for (int n = 0; n < 40; n++) {
			if (n == 20)
				close(a.bot);
			ws_raw_send(a.plivo, WS_RAW_TEXT, true, true, "m", 1);
		}
		ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
		close(a.plivo);
	}
}

/* It is not told of an end in order: the call may come again. */
static void a_caller_that_is_lost_ends_the_stream(void)
{
	open_one("");
	to_bot(&a, WS_RAW_TEXT, "x", 1);
	close(a.plivo);
	ws_raw_expect_end(a.bot);
	close(a.bot);
	stream(&a);
	to_bot(&a, WS_RAW_TEXT, "again", 5);
	end(&a);
}

static void broken_frames_end_the_stream(void)
{
	static const struct {
		bool plivo; /* sends it */
		int op;
		bool fin;
		size_t len, head;
		const char *code; /* of the close that Plivo gets */
	} rows[] = {
		{true, WS_RAW_MORE, true, 3, 0, "\x03\xea"},
		{true, 3, true, 3, 0, "\x03\xea"},
		{true, 11, true, 3, 0, "\x03\xea"},
		{true, WS_RAW_PING, false, 3, 0, "\x03\xea"},
		{true, WS_RAW_PING, true, 126, 0, "\x03\xea"},
		{true, WS_RAW_TEXT, true, 66 * KIB, 0, "\x03\xf1"},
		{false, WS_RAW_MORE, true, 3, 0, "\x03\xf3"},
		{false, 3, true, 3, 0, "\x03\xf3"},
		{false, 11, true, 3, 0, "\x03\xf3"},
		{false, WS_RAW_PING, false, 3, 0, "\x03\xf3"},
		{false, WS_RAW_PING, true, 126, 0, "\x03\xf3"},
		{false, WS_RAW_TEXT, true, 0, 66 * KIB, "\x03\xf3"},
	};
	char *v = calloc(1, 66 * KIB);

	CHECK(v != NULL);
	world_open(&w, "");
	world_take_sockets(true);
	dial(&a, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd;

		stream(&a);
		fd = rows[i].plivo ? a.plivo : a.bot;
		if (rows[i].head)
			ws_raw_send_head(fd, rows[i].op, rows[i].fin,
			                 rows[i].plivo, rows[i].head);
		else
			ws_raw_send(fd, rows[i].op, rows[i].fin, rows[i].plivo,
			            v, rows[i].len);
		ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, rows[i].code, 2);
		ws_raw_expect_end(a.plivo);
		ws_raw_expect_end(a.bot);
		close(a.plivo);
		close(a.bot);
	}
	free(v);
}

static void pieces_are_limited_as_messages_are(void)
{
	char *v = calloc(1, 16 * KIB);

	CHECK(v != NULL);
	open_one("");
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, v, 16 * KIB);
	for (int i = 0; i < 4; i++)
		ws_raw_send(a.plivo, WS_RAW_MORE, false, true, v, 16 * KIB);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf1", 2);
	ws_raw_expect_end(a.bot);
	close(a.plivo);
	close(a.bot);
	stream(&a);
	/* A message may not begin within another. */
	ws_raw_send(a.bot, WS_RAW_TEXT, false, false, v, 3);
	ws_raw_send(a.bot, WS_RAW_TEXT, true, false, v, 3);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	close(a.plivo);
	close(a.bot);
	stream(&a);
	ws_raw_send(a.plivo, WS_RAW_TEXT, false, true, v, 3);
	ws_raw_send(a.plivo, WS_RAW_TEXT, true, true, v, 3);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xea", 2);
	close(a.plivo);
	close(a.bot);
	free(v);
}

static void a_stop_tells_both_sides_and_is_prompt(void)
{
	long since;

	open_one("");
	dial(&b, 2);
	stream(&b);
	since = now_ms();
	world_close(&w);
	CHECK(now_ms() - since < 6000);
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect_end(a.plivo);
	ws_raw_expect(a.bot, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect_end(a.bot);
	ws_raw_expect(b.plivo, WS_RAW_CLOSE, true, "\x03\xe9", 2);
	ws_raw_expect(b.bot, WS_RAW_CLOSE, true, "\x03\xe9", 2);
}

/* ---- who comes in -------------------------------------------------------- */

static void refused(const char *target, const char *headers, int status)
{
	if (ws_raw_connect(w.port, target, headers, &w.a) >= 0)
		test_fail(__FILE__, __LINE__, "%s was let in", target);
	CHECK_INT(status, w.a.status);
	CHECK(strcmp(world_member(&w, "detail"), "(none)") != 0);
}

static void only_ids_that_were_handed_out_are_relayed(void)
{
	static const char *const paths[] = {
		"/ws/place-002-6f1d0c9ab2e84573",
		"/ws/place-001-6f1d0c9ab2e84573/",
		"/ws/place-001-6f1d0c9ab2e84573/prepare",
		"/ws/../reserve/place-001-6f1d0c9ab2e84573",
		"/ws/",
		"/ws",
		"/ws?body=e30%3D",
		"/reserve/place-001-6f1d0c9ab2e84573",
		"/place-001-6f1d0c9ab2e84573",
		"/calls/place-001-6f1d0c9ab2e84573",
		"/",
	};

	world_open(&w, "");
	world_take_sockets(true);
	dial(&a, 1);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		refused(paths[i], "", 404);
	/* Neither the call's own id nor its key open a stream. */
	snprintf(b.target, sizeof(b.target), "/ws/%s", a.id);
	refused(b.target, "", 404);
	snprintf(b.target, sizeof(b.target), "/ws/%s", a.key);
	refused(b.target, "", 404);
	CHECK_INT(0, world_seen("GET", "/ws", NULL));
	/* And it takes an upgrade. */
	world_do(&w, "GET", a.target, "", NULL);
	CHECK_INT(404, w.a.status);
	stream(&a);
	end(&a);
}

static void after_a_calls_end_nobody_comes_in(void)
{
	char target[128];

	open_one("");
	end(&a);
	snprintf(target, sizeof(target), "/events/%s", a.key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n",
	         "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	         "HangupCauseCode=4000");
	CHECK_INT(200, w.a.status);
	refused(a.target, "", 404);
	CHECK_INT(1, world_seen("GET", "/ws/", NULL));
}

static void a_production_server_relays_nothing(void)
{
	world_open(&w, "ENV=production\nPUBLIC_URL=https://v.example.com\n"
	               "START_AUTH=none\nBOT_URL=http://127.0.0.1:1\n"
	               "BOT_SECRET=0123456789abcdef0123456789abcdef\n");
	refused("/ws/place-001-6f1d0c9ab2e84573", "", 404);
}

/* Headers that sign @url. */
static const char *sign(const char *url)
{
	static char headers[512];
	char signature[PLIVO_SIGN_LEN + 1];
	const struct plivo_sign s = {.url = url, .nonce = "12345"};

	CHECK_INT(0, plivo_sign_make(signature, &s, TOKEN));
	snprintf(headers, sizeof(headers),
	         "X-Plivo-Signature-V3-Nonce: 12345\r\n"
	         "X-Plivo-Signature-V3: %s\r\n",
	         signature);
	return headers;
}

static void plivos_signature_is_asked_for(void)
{
	char url[256];

	world_open(&w, "PLIVO_VERIFY=enforce\n"
	               "PUBLIC_URL=https://v.example.com\n");
	world_take_sockets(true);
	dial(&a, 1);
	refused(a.target, "", 403);
	CHECK(strstr(w.a.body, "https://v.example.com"));
	snprintf(url, sizeof(url), "http://v.example.com/ws/%s?x=1", a.place);
	refused(a.target, sign(url), 403);
	snprintf(url, sizeof(url), "http://other.example.com/ws/%s", a.place);
	refused(a.target, sign(url), 403);
	CHECK_INT(0, world_seen("GET", "/ws/", NULL));
	/* Whatever scheme Plivo has in mind. */
	for (unsigned i = 0; i < 4; i++) {
		static const char *const schemes[] = {"http", "https", "wss",
		                                      "ws"};

		snprintf(url, sizeof(url), "%s://v.example.com/ws/%s",
		         schemes[i], a.place);
		a.plivo = ws_raw_connect(w.port, a.target, sign(url), &w.a);
		CHECK_INT(101, w.a.status);
		a.bot = world_socket(NULL);
		to_plivo(&a, WS_RAW_TEXT, "hello", 5);
		end(&a);
	}
}

static void logging_lets_a_bad_signature_pass(void)
{
	open_one("PLIVO_VERIFY=log\n");
	to_plivo(&a, WS_RAW_TEXT, "hello", 5);
	end(&a);
}

static void the_bot_is_shown_the_secret(void)
{
	open_one("BOT_SECRET=0123456789abcdef0123456789abcdef\n");
	CHECK(strstr(seen.head, "Authorization: Bearer "
	                        "0123456789abcdef0123456789abcdef\r\n"));
	CHECK(!strstr(seen.head, "X-Plivo"));
	end(&a);
}

/* Extensions are not agreed to, and nothing of it is handed on. */
static void offers_of_the_client_are_not_taken(void)
{
	world_open(&w, "");
	world_take_sockets(true);
	dial(&a, 1);
	a.plivo = ws_raw_connect(w.port, a.target,
	                         "Origin: https://plivo.example.com\r\n"
	                         "Sec-WebSocket-Extensions: "
	                         "permessage-deflate\r\n",
	                         &w.a);
	CHECK_INT(101, w.a.status);
	CHECK_STR("", client_header(&w.a, "Sec-WebSocket-Extensions"));
	a.bot = world_socket(&seen);
	CHECK(!strstr(seen.head, "Extensions"));
	CHECK(!strstr(seen.head, "Origin"));
	to_bot(&a, WS_RAW_TEXT, "hello", 5);
	end(&a);
	a.plivo = ws_raw_connect(w.port, a.target,
	                         "Sec-WebSocket-Protocol: audio\r\n", &w.a);
	CHECK_INT(101, w.a.status);
	a.bot = world_socket(&seen);
	to_bot(&a, WS_RAW_TEXT, "hello", 5);
	CHECK_STR("audio", client_header(&w.a, "Sec-WebSocket-Protocol"));
	end(&a);
}

static void a_bot_that_does_not_take_it_is_502(void)
{
	world_open(&w, "");
	dial(&a, 1);
	/* It answers something else. */
	world_rule("GET", "/ws/", 503, "{\"detail\":\"full\"}");
	refused(a.target, "", 502);
	CHECK(strstr(w.a.body, "http://127.0.0.1:"));
	world_rule("GET", "/ws/", 0, "");
	refused(a.target, "", 502);
	/* No place is taken by what failed. */
	world_take_sockets(true);
	stream(&a);
	end(&a);
}

static void a_bot_that_says_nothing_is_502_in_time(void)
{
	long since = now_ms();

	world_open(&w, "");
	dial(&a, 1);
	world_hold("GET", "/ws/");
	refused(a.target, "", 502);
	CHECK(now_ms() - since < 6000);
	world_let_go();
}

/* ---- many ---------------------------------------------------------------- */

enum { FULL = 20 };

static struct line lines[FULL];

static void prompt(long since)
{
	CHECK(now_ms() - since < PROMPT_MS);
}

static void hook(const struct line *l, const char *what, const char *form)
{
	char target[256];
	long since = now_ms();

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
		dial(&lines[i], i + 1);
		stream(&lines[i]);
	}
}

static void a_full_relay_leaves_threads_for_the_rest(void)
{
	static struct line more;
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
	script(&more, FULL + 1);
	since = now_ms();
	world_start(&w, "", NUMBER);
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
	end(&lines[0]);
	hook(&lines[0], "events",
	     "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	     "HangupCauseCode=4000");
	dial(&more, FULL + 1);
	stream(&more);
	to_bot(&more, WS_RAW_TEXT, "hello", 5);
	world_close(&w);
}

static void strangers_do_not_fill_the_relay(void)
{
	world_open(&w, "RELAY_MAX=1\n");
	world_take_sockets(true);
	dial(&a, 1);
	for (int i = 0; i < 10; i++)
		refused("/ws/place-002-6f1d0c9ab2e84573", "", 404);
	stream(&a);
	end(&a);
}

/* Plivo may come again before its first socket is known to be dead; but not
 * without end. */
static void a_call_may_come_again_when_the_relay_is_full(void)
{
	static struct line again[8];
	unsigned n = 0;

	open_one("RELAY_MAX=1\n");
	for (; n < ARRAY_LEN(again); n++) {
		again[n].plivo = ws_raw_connect(w.port, a.target, "", &w.a);
		if (again[n].plivo < 0)
			break;
		again[n].bot = world_socket(NULL);
		to_plivo(&again[n], WS_RAW_TEXT, "hello", 5);
	}
	CHECK_INT(4, n);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "RELAY_MAX=1"));
	to_plivo(&a, WS_RAW_TEXT, "still here", 10);
	while (n--)
		end(&again[n]);
	end(&a);
}

static void an_inbound_call_finds_no_room_and_is_told_so(void)
{
	static const char form[] = "Event=StartApp&CallUUID=uuid-in&"
				   "From=15557654321&To=15550001111";

	open_one("RELAY_MAX=1\n");
	script(&b, 2);
	world_do(&w, "POST", "/answer",
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Speak>"));
	CHECK(strstr(w.a.body, "<Hangup/>"));
	CHECK(!strstr(w.a.body, "<Stream"));
	world_await("DELETE", "/reserve/place-002-6f1d0c9ab2e84573", 1, NULL);
	end(&a);
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
	script(&a, 1);
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "BOT_PUBLIC_URL"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_await("DELETE", "/reserve/place-001-6f1d0c9ab2e84573", 1, NULL);
}

/* ---- who does not read ---------------------------------------------------- */

/* Send until no more is taken. */
static void flood(int fd, bool masked)
{
	static char v[64 * KIB];
	const struct timeval limit = {.tv_usec = 300000};
	long until = now_ms() + 4000;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while (now_ms() < until) {
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
		long since = now_ms();

		to_bot(&b, WS_RAW_TEXT, "media", 5);
		to_plivo(&b, WS_RAW_TEXT, "playAudio", 9);
		prompt(since);
	}
}

static void a_caller_who_does_not_read_holds_nobody_up(void)
{
	open_one("");
	dial(&b, 2);
	stream(&b);
	flood(a.bot, false);
	others_go_on();
	/* The other way is open all the while. */
	to_bot(&a, WS_RAW_TEXT, "media", 5);
	end(&b);
	world_close(&w);
}

static void a_bot_that_does_not_read_is_given_up(void)
{
	open_one("");
	dial(&b, 2);
	stream(&b);
	flood(a.plivo, true);
	others_go_on();
	ws_raw_expect(a.plivo, WS_RAW_CLOSE, true, "\x03\xf3", 2);
	others_go_on();
	end(&b);
}

static const struct test tests[] = {
	TEST(every_kind_of_message_passes_both_ways),
	TEST(sizes_of_all_encodings_pass_both_ways),
	TEST(pieces_arrive_as_one_message),
	TEST(frames_in_one_segment_are_told_apart),
	TEST(a_close_passes_with_its_reason_and_so_does_its_answer),
	TEST(a_close_that_nobody_answers_has_its_time),
	TEST(a_bot_that_is_lost_ends_the_stream),
	TEST(a_bot_that_dies_in_mid_talk_is_told_by_its_code),
	TEST(a_caller_that_is_lost_ends_the_stream),
	TEST(broken_frames_end_the_stream),
	TEST(pieces_are_limited_as_messages_are),
	TEST(a_stop_tells_both_sides_and_is_prompt),
	TEST(only_ids_that_were_handed_out_are_relayed),
	TEST(after_a_calls_end_nobody_comes_in),
	TEST(a_production_server_relays_nothing),
	TEST(plivos_signature_is_asked_for),
	TEST(logging_lets_a_bad_signature_pass),
	TEST(the_bot_is_shown_the_secret),
	TEST(offers_of_the_client_are_not_taken),
	TEST(a_bot_that_does_not_take_it_is_502),
	TEST(a_bot_that_says_nothing_is_502_in_time),
	TEST_SLOW(a_full_relay_leaves_threads_for_the_rest, 60),
	TEST(strangers_do_not_fill_the_relay),
	TEST(a_call_may_come_again_when_the_relay_is_full),
	TEST(an_inbound_call_finds_no_room_and_is_told_so),
	TEST(a_bot_without_any_address_is_refused_in_production),
	TEST_SLOW(a_caller_who_does_not_read_holds_nobody_up, 60),
	TEST_SLOW(a_bot_that_does_not_read_is_given_up, 60),
};

TEST_MAIN(tests)
