/* Which streams a worker takes, and what they bring. */
#define _GNU_SOURCE
#include <stdio.h>

#include "tests/fake/booth.h"
#include "tests/fake/session_here.h"
#include "tests/harness/test.h"

static void streams_without_a_place_are_refused(void)
{
	char path[128];

	booth_open();
	booth_dial(&booth.phone, "/ws/AAAAAAAAAAAAAAAAAAAAAA", false);
	CHECK_STR("failed:404 ", booth.phone.log);
	booth.phone.log[0] = '\0';
	booth_dial(&booth.phone, "/ws?body=e30%3D", false);
	CHECK_STR("failed:403 ", booth.phone.log);
	booth.phone.log[0] = '\0';
	booth_dial(&booth.phone, "/other", false);
	CHECK_STR("failed:404 ", booth.phone.log);
	booth.phone.log[0] = '\0';
	booth_call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	ws_close(&booth.phone.ws, 1000, NULL);
	while (fake_session()->open_now)
		booth_pass(5);
	booth.phone.log[0] = '\0';
	booth_dial(&booth.phone, path, false);
	CHECK_STR("failed:410 ", booth.phone.log);
	booth_close();
}

static void a_stream_must_begin_with_its_start(void)
{
	char path[128];

	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.phone, path, false);
	CHECK_INT(0, ws_send_text(booth.phone.ws, "hello", 5));
	net_run(booth.net);
	CHECK_STR("open closed:1008 ", booth.phone.log);
	/* The place is still there for the call itself. */
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK(strstr(booth.answer, "\"calls\":1"));
	CHECK_INT(0, fake_session()->opened);
	booth_close();
}

static void a_silent_stream_is_shown_out(void)
{
	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	booth_dial(&booth.phone, "/ws", false);
	CHECK_INT(503, (booth_reserve("c1", NULL), booth_reserve("c2", NULL)));
	while (!strstr(booth.phone.log, "closed"))
		net_run(booth.net);
	CHECK_STR("open closed:1008 ", booth.phone.log);
	CHECK_INT(200, booth_reserve("c2", NULL)); /* its place is free again */
	booth_close();
}

static void inline_data_is_read_in_every_form(void)
{
	/* {"a":"?>~"} in both alphabets, padded, encoded, and not. */
	static const char *const forms[] = {
		"/ws?body=eyJhIjoiPz5%2BIn0%3D",
		"/ws?body=eyJhIjoiPz5+In0=",
		"/ws?body=eyJhIjoiPz5%20In0",
		"/ws?x=1&body=eyJhIjoiPz5-In0",
	};

	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		booth.phone.log[0] = fake_session()->log[0] = '\0';
		booth_dial(&booth.phone, forms[i], false);
		booth_start(&booth.phone, "u1");
		while (!fake_session()->log[0])
			booth_pass(5);
		CHECK(strstr(fake_session()->log, "/u1//{\"a\":\"?>~\"}"));
		ws_close(&booth.phone.ws, 1000, NULL);
		while (fake_session()->open_now)
			booth_pass(5);
	}
	booth_close();
}

static void broken_inline_data_does_not_cost_the_call(void)
{
	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	booth_dial(&booth.phone, "/ws?body=%25%25%25", false);
	booth_start(&booth.phone, "u1");
	while (!fake_session()->opened)
		booth_pass(5);
	CHECK(strstr(fake_session()->log, "/u1//-"));
	ws_close(&booth.phone.ws, 1000, NULL);
	booth_close();
}

static void a_reserved_stream_needs_plivos_signature(void)
{
	char path[128], url[256];

	booth.cfg.verify = VERIFY_ENFORCE;
	booth_open_public();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/b3/ws/%s", booth.id);
	snprintf(url, sizeof(url), "http://voice.example.com/b3/ws/%s",
	         booth.id);
	booth_dial(&booth.other, path, false);
	CHECK_STR("failed:403 ", booth.other.log);
	booth_dial_signed(&booth.other, path,
	                  "http://voice.example.com/b3/ws/x", "n1");
	CHECK_STR("failed:403 ", booth.other.log);
	booth_dial_signed(&booth.phone, path, url, "n2");
	CHECK_STR("open ", booth.phone.log);
	booth_start(&booth.phone, "u1");
	while (!fake_session()->opened)
		booth_pass(5);
	/* The same nonce once more: the same call may, another may not. */
	booth_dial_signed(&booth.other, path, url, "n2");
	CHECK_STR("open ", booth.other.log);
	booth_start(&booth.other, "u2");
	while (!strstr(booth.other.log, "closed:1008"))
		net_run(booth.net);
	CHECK_INT(1, fake_session()->opened);
	booth_close();
}

static void a_nonce_is_no_use_at_another_place(void)
{
	char path[128], url[256];

	booth.cfg.verify = VERIFY_ENFORCE;
	booth_open_public();
	for (int i = 0; i < 2; i++) {
		CHECK_INT(200, booth_reserve(i ? "c2" : "c1", NULL));
		snprintf(path, sizeof(path), "/b3/ws/%s", booth.id);
		snprintf(url, sizeof(url), "wss://voice.example.com/b3/ws/%s",
		         booth.id);
		booth_dial_signed(i ? &booth.other : &booth.phone, path, url,
		                  "n1");
	}
	CHECK_STR("open ", booth.phone.log);
	CHECK_STR("failed:403 ", booth.other.log);
	booth_close();
}

static void logging_lets_a_bad_signature_pass(void)
{
	char path[128];

	booth.cfg.verify = VERIFY_LOG;
	booth_open_public();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.phone, path, false);
	CHECK_STR("open ", booth.phone.log);
	booth_close();
}

static void the_relay_needs_no_signature(void)
{
	char path[128];

	booth.cfg.verify = VERIFY_ENFORCE;
	booth_open_public();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.phone, path, true);
	CHECK_STR("open ", booth.phone.log);
	booth_close();
}

static void signed_inline_streams_are_taken_whatever_is_verified(void)
{
	booth.cfg.accept = ACCEPT_SIGNED;
	booth.cfg.verify = VERIFY_OFF;
	booth_open_public();
	booth_dial(&booth.other, "/ws?body=e30%3D", false);
	CHECK_STR("failed:403 ", booth.other.log);
	booth_dial_signed(&booth.phone, "/ws?body=e30%3D",
	                  "http://voice.example.com/ws?body=e30%3D", "n1");
	CHECK_STR("open ", booth.phone.log);
	booth_start(&booth.phone, "u1");
	while (!fake_session()->opened)
		booth_pass(5);
	CHECK(strstr(fake_session()->log, "/u1//{}"));
	booth_close();
}

static void an_inline_call_that_comes_again_is_the_same(void)
{
	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	booth_dial(&booth.phone, "/ws", false);
	booth_start(&booth.phone, "u1");
	while (!fake_session()->opened)
		booth_pass(5);
	booth_dial(&booth.other, "/ws", false);
	booth_start(&booth.other, "u1");
	while (!strstr(fake_session()->log, "reline"))
		booth_pass(5);
	CHECK_INT(1, fake_session()->opened);
	CHECK_INT(200, booth_ask("GET", "/metrics", NULL));
	CHECK(strstr(booth.answer, "\ndialout_bot_places 1\n"));
	booth_close();
}

static void inline_streams_need_room_too(void)
{
	booth.cfg.accept = ACCEPT_ANY;
	booth.capacity = 1;
	booth_open();
	booth_dial(&booth.phone, "/ws", false);
	CHECK_STR("open ", booth.phone.log);
	booth_dial(&booth.other, "/ws", false);
	CHECK_STR("failed:503 ", booth.other.log);
	booth_close();
}

static void unsigned_streams_are_taken_where_nobody_looks(void)
{
	char path[128];

	booth.cfg.verify = VERIFY_OFF;
	booth_open_public();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/b3/ws/%s", booth.id);
	booth_dial(&booth.phone, path, false);
	CHECK_STR("open ", booth.phone.log);
	booth_close();
}

static const struct test tests[] = {
	TEST(inline_streams_need_room_too),
	TEST(unsigned_streams_are_taken_where_nobody_looks),
	TEST(streams_without_a_place_are_refused),
	TEST(a_stream_must_begin_with_its_start),
	TEST(a_silent_stream_is_shown_out),
	TEST(inline_data_is_read_in_every_form),
	TEST(broken_inline_data_does_not_cost_the_call),
	TEST(a_reserved_stream_needs_plivos_signature),
	TEST(a_nonce_is_no_use_at_another_place),
	TEST(logging_lets_a_bad_signature_pass),
	TEST(the_relay_needs_no_signature),
	TEST(signed_inline_streams_are_taken_whatever_is_verified),
	TEST(an_inline_call_that_comes_again_is_the_same),
};

TEST_MAIN(tests)
