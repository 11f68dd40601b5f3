/* Who comes in at the relay, and what its bot is shown. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>

#include "common/plivo_sign.h"
#include "tests/fake/relayed.h"
#include "tests/harness/test.h"

#define TOKEN "token"

static struct world w;
static struct relayed a, b;

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
	relayed_dial(&w, &a, 1);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		relayed_refused(&w, paths[i], "", 404);
	/* Neither the call's own id nor its key open a stream. */
	snprintf(b.target, sizeof(b.target), "/ws/%s", a.id);
	relayed_refused(&w, b.target, "", 404);
	snprintf(b.target, sizeof(b.target), "/ws/%s", a.key);
	relayed_refused(&w, b.target, "", 404);
	CHECK_INT(0, world_seen("GET", "/ws", NULL));
	/* And it takes an upgrade. */
	world_do(&w, "GET", a.target, "", NULL);
	CHECK_INT(404, w.a.status);
	relayed_stream(&w, &a);
	relayed_end(&a);
}

static void after_a_calls_end_nobody_comes_in(void)
{
	char target[128];

	relayed_open(&w, &a, "");
	relayed_end(&a);
	snprintf(target, sizeof(target), "/events/%s", a.key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n",
	         "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	         "HangupCauseCode=4000");
	CHECK_INT(200, w.a.status);
	relayed_refused(&w, a.target, "", 404);
	CHECK_INT(1, world_seen("GET", "/ws/", NULL));
}

static void a_production_server_relays_nothing(void)
{
	world_open(&w, "ENV=production\nPUBLIC_URL=https://v.example.com\n"
	               "START_AUTH=none\nBOT_URL=http://127.0.0.1:1\n"
	               "BOT_SECRET=0123456789abcdef0123456789abcdef\n");
	relayed_refused(&w, "/ws/place-001-6f1d0c9ab2e84573", "", 404);
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
	relayed_dial(&w, &a, 1);
	relayed_refused(&w, a.target, "", 403);
	CHECK(strstr(w.a.body, "https://v.example.com"));
	snprintf(url, sizeof(url), "http://v.example.com/ws/%s?x=1", a.place);
	relayed_refused(&w, a.target, sign(url), 403);
	snprintf(url, sizeof(url), "http://other.example.com/ws/%s", a.place);
	relayed_refused(&w, a.target, sign(url), 403);
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
		relayed_to_plivo(&a, WS_RAW_TEXT, "hello", 5);
		relayed_end(&a);
	}
}

static void logging_lets_a_bad_signature_pass(void)
{
	relayed_open(&w, &a, "PLIVO_VERIFY=log\n");
	relayed_to_plivo(&a, WS_RAW_TEXT, "hello", 5);
	relayed_end(&a);
}

static void the_bot_is_shown_the_secret(void)
{
	relayed_open(&w, &a, "BOT_SECRET=0123456789abcdef0123456789abcdef\n");
	CHECK(strstr(a.seen.head, "Authorization: Bearer "
	                          "0123456789abcdef0123456789abcdef\r\n"));
	CHECK(!strstr(a.seen.head, "X-Plivo"));
	relayed_end(&a);
}

/* Extensions are not agreed to, and nothing of it is handed on. */
static void offers_of_the_client_are_not_taken(void)
{
	world_open(&w, "");
	world_take_sockets(true);
	relayed_dial(&w, &a, 1);
	a.plivo = ws_raw_connect(w.port, a.target,
	                         "Origin: https://plivo.example.com\r\n"
	                         "Sec-WebSocket-Extensions: "
	                         "permessage-deflate\r\n",
	                         &w.a);
	CHECK_INT(101, w.a.status);
	CHECK_STR("", client_header(&w.a, "Sec-WebSocket-Extensions"));
	a.bot = world_socket(&a.seen);
	CHECK(!strstr(a.seen.head, "Extensions"));
	CHECK(!strstr(a.seen.head, "Origin"));
	relayed_to_bot(&a, WS_RAW_TEXT, "hello", 5);
	relayed_end(&a);
	a.plivo = ws_raw_connect(w.port, a.target,
	                         "Sec-WebSocket-Protocol: audio\r\n", &w.a);
	CHECK_INT(101, w.a.status);
	a.bot = world_socket(&a.seen);
	relayed_to_bot(&a, WS_RAW_TEXT, "hello", 5);
	CHECK_STR("audio", client_header(&w.a, "Sec-WebSocket-Protocol"));
	relayed_end(&a);
}

static void a_bot_that_does_not_take_it_is_502(void)
{
	world_open(&w, "");
	relayed_dial(&w, &a, 1);
	/* It answers something else. */
	world_rule("GET", "/ws/", 503, "{\"detail\":\"full\"}");
	relayed_refused(&w, a.target, "", 502);
	CHECK(strstr(w.a.body, "http://127.0.0.1:"));
	world_rule("GET", "/ws/", 0, "");
	relayed_refused(&w, a.target, "", 502);
	/* No place is taken by what failed. */
	world_take_sockets(true);
	relayed_stream(&w, &a);
	relayed_end(&a);
}

static void a_bot_that_says_nothing_is_502_in_time(void)
{
	long since = relayed_now_ms();

	world_open(&w, "");
	relayed_dial(&w, &a, 1);
	world_hold("GET", "/ws/");
	relayed_refused(&w, a.target, "", 502);
	CHECK(relayed_now_ms() - since < 6000);
	world_let_go();
}

static const struct test tests[] = {
	TEST(only_ids_that_were_handed_out_are_relayed),
	TEST(after_a_calls_end_nobody_comes_in),
	TEST(a_production_server_relays_nothing),
	TEST(plivos_signature_is_asked_for),
	TEST(logging_lets_a_bad_signature_pass),
	TEST(the_bot_is_shown_the_secret),
	TEST(offers_of_the_client_are_not_taken),
	TEST(a_bot_that_does_not_take_it_is_502),
	TEST(a_bot_that_says_nothing_is_502_in_time),
};

TEST_MAIN(tests)
