/* Calls of a worker from their start to their end, and its own end. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "tests/fake/booth.h"
#include "tests/fake/session_here.h"
#include "tests/harness/test.h"

/* Events that wait for a server leave when it is back, not when their own
 * pause, which may be of many seconds, is over. */
static void the_server_is_asked_whether_it_is_there(void)
{
	char address[64];

	booth_open();
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	         ws_server_port(booth.server));
	booth_call("c1", "u1");
	while (!booth.asked)
		booth_pass(20);
	ws_server_close(&booth.server);
	fake_session_event(SESSION_STARTED, "");
	ws_close(&booth.phone.ws, 1000, NULL);
	booth_pass(3000);
	CHECK_STR("", booth.events);
	CHECK_INT(0, ws_listen(&booth.server, booth.net, address, &booth_server,
	                       NULL));
	booth.asked = 0;
	while (!booth.asked)
		booth_pass(5);
	booth_pass(100);
	CHECK(strstr(booth.events, "\"ended\""));
	booth_close();
}

static void a_call_is_had_from_start_to_end(void)
{
	booth.cfg.secret = booth_secret;
	booth_open();
	booth_call("c1", "u1");
	CHECK_STR("open:c1/u1/+15551234567/{\"n\": 1e400}",
	          fake_session()->log);
	CHECK_INT(0, ws_send_text(booth.phone.ws, "{\"event\":\"x\"}", 13));
	CHECK_INT(0, fake_session_send("{\"event\":\"playAudio\"}"));
	net_run(booth.net);
	CHECK_STR("open text:{\"event\":\"playAudio\"} ", booth.phone.log);
	fake_session_event(SESSION_STARTED, "\"a\":1");
	fake_session_event(SESSION_TURN, "\"text\":\"hi\"");
	ws_close(&booth.phone.ws, 1000, "bye");
	while (!strstr(booth.events, "\"ended\""))
		booth_pass(5);
	CHECK(strstr(fake_session()->log,
	             "frame:{\"event\":\"x\"} lost close"));
	CHECK(strstr(booth.events, "\"call_id\":\"c1\",\"seq\":1,\"at_ms\":"));
	CHECK(strstr(booth.events, "\"seq\":2"));
	CHECK(strstr(booth.events, ",\"type\":\"turn\",\"text\":\"hi\"}"));
	CHECK(strstr(booth.events, "\"seq\":3"));
	CHECK(!strstr(booth.events, "\"seq\":4"));
	CHECK_INT(409, booth_reserve("c1", NULL));
	CHECK_INT(0, fake_session()->open_now);
	booth_close();
}

static void events_are_posted_until_the_server_has_them(void)
{
	booth_open();
	booth.events_status = 500;
	booth_call("c1", "u1");
	fake_session_event(SESSION_STARTED, "");
	while (booth.posts < 2)
		booth_pass(20);
	fake_session_event(SESSION_TURN, "\"n\":1");
	ws_close(&booth.phone.ws, 1000, NULL);
	while (fake_session()->open_now)
		booth_pass(5);
	CHECK_STR("", booth.events);
	booth.events_status = 200;
	while (!strstr(booth.events, "\"ended\""))
		booth_pass(20);
	/* All of them, in order, in one array. */
	CHECK(strstr(booth.events, "[{\"event_id\":"));
	CHECK(strstr(booth.events, "started") <
	      strstr(booth.events, "\"n\":1"));
	CHECK(strstr(booth.events, "\"n\":1") < strstr(booth.events, "ended"));
	CHECK(strchr(booth.events, '\n') ==
	      booth.events + strlen(booth.events) - 1);
	booth_close();
}

static void only_the_awaited_call_may_bind(void)
{
	char path[128], prepare[160];

	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	snprintf(prepare, sizeof(prepare), "/reserve/%s/prepare", booth.id);
	CHECK_INT(202, booth_ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	booth_dial(&booth.other, path, false);
	booth_start(&booth.other, "u2");
	net_run(booth.net);
	CHECK_STR("open closed:1008 ", booth.other.log);
	CHECK_INT(0, fake_session()->opened);
	booth_dial(&booth.phone, path, false);
	booth_start(&booth.phone, "u1");
	while (!fake_session()->opened)
		booth_pass(5);
	CHECK_STR("open ", booth.phone.log);
	ws_close(&booth.phone.ws, 1000, NULL);
	booth_close();
}

static void a_call_that_comes_again_replaces_its_socket(void)
{
	char path[128];

	booth_open();
	booth_call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.other, path, false);
	booth_start(&booth.other, "u1");
	while (!strstr(fake_session()->log, "reline:s-u1"))
		booth_pass(5);
	while (!strstr(booth.phone.log, "closed"))
		booth_pass(5);
	CHECK_STR("open closed:1001 ", booth.phone.log);
	CHECK_INT(0, fake_session_send("still here"));
	net_run(booth.net);
	CHECK_STR("open text:still here ", booth.other.log);
	CHECK_INT(1, fake_session()->opened);
	ws_close(&booth.other.ws, 1000, NULL);
	booth_close();
}

static void hanging_up_closes_the_stream(void)
{
	booth_open();
	booth_call("c1", "u1");
	fake_session_hangup();
	while (!strstr(booth.phone.log, "closed"))
		booth_pass(5);
	CHECK_STR("open closed:1000 ", booth.phone.log);
	while (fake_session()->open_now)
		booth_pass(5);
	booth_close();
}

static void releasing_a_place_ends_its_call(void)
{
	char path[128];

	booth_open();
	booth_call("c1", "u1");
	snprintf(path, sizeof(path), "/reserve/%s", booth.id);
	CHECK_INT(204, booth_ask("DELETE", path, NULL));
	while (!strstr(booth.phone.log, "closed"))
		booth_pass(5);
	while (fake_session()->open_now)
		booth_pass(5);
	CHECK_INT(404, booth_ask("DELETE", path, NULL));
	booth_close();
}

static void a_call_that_cannot_begin_is_told_of(void)
{
	char path[128];

	booth_open();
	fake_session()->refuse = -ENOMEM;
	CHECK_INT(200, booth_reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.phone, path, false);
	booth_start(&booth.phone, "u1");
	while (!strstr(booth.events, "setup_failed") ||
	       !strstr(booth.phone.log, "closed"))
		booth_pass(5);
	CHECK_STR("open closed:1011 ", booth.phone.log);
	CHECK_INT(409, booth_reserve("c1", NULL));
	booth_close();
}

static void a_lost_socket_is_waited_for(void)
{
	char path[128];

	booth_open();
	booth_call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	ws_close(&booth.phone.ws, 1011, "trouble"); /* no way a call ends */
	booth_pass(300);
	CHECK(!strstr(fake_session()->log, "lost"));
	booth_dial(&booth.other, path, false);
	booth_start(&booth.other, "u1");
	while (!strstr(fake_session()->log, "reline"))
		booth_pass(5);
	ws_close(&booth.other.ws, 1011, "trouble");
	while (fake_session()->open_now)
		booth_pass(20); /* for three seconds, then it is over */
	CHECK(strstr(fake_session()->log, "lost close"));
	booth_close();
}

static unsigned drained;

static void drained_handler(void *arg)
{
	(void)arg;
	drained++;
	net_stop(booth.net);
}

static void draining_waits_for_calls_and_takes_no_more(void)
{
	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	booth_call("c1", "u1");
	worker_drain(booth.worker, 60, drained_handler, NULL);
	CHECK_INT(503, booth_ask("GET", "/readyz", NULL));
	CHECK_INT(503, booth_reserve("c2", NULL));
	CHECK(strstr(booth.answer, "draining"));
	CHECK_INT(200, booth_reserve("c1", NULL)); /* that is there already */
	booth_dial(&booth.other, "/ws", false);
	CHECK_STR("failed:503 ", booth.other.log);
	booth_pass(50);
	CHECK_INT(0, drained);
	ws_close(&booth.phone.ws, 1000, NULL);
	while (!drained)
		net_run(booth.net);
	CHECK(strstr(booth.events, "\"ended\""));
	CHECK_INT(1, drained);
	booth_close();
}

static void out_of_patience_goodbyes_are_said(void)
{
	booth_open();
	booth_call("c1", "u1");
	worker_drain(booth.worker, 0, drained_handler, NULL);
	while (!drained)
		net_run(booth.net);
	CHECK(strstr(fake_session()->log, "drain close"));
	CHECK(strstr(booth.events, "\"ended\""));
	booth_close();
}

static void an_idle_bot_drains_at_once(void)
{
	booth_open();
	worker_drain(booth.worker, 60, drained_handler, NULL);
	while (!drained)
		net_run(booth.net);
	booth_close();
}

static void closing_in_mid_call_leaves_nothing(void)
{
	booth_open();
	booth_call("c1", "u1");
	CHECK_INT(200, booth_reserve("c2", NULL));
	booth_close();
}

static const struct test tests[] = {
	TEST(the_server_is_asked_whether_it_is_there),
	TEST(a_call_is_had_from_start_to_end),
	TEST(events_are_posted_until_the_server_has_them),
	TEST(only_the_awaited_call_may_bind),
	TEST(a_call_that_comes_again_replaces_its_socket),
	TEST(hanging_up_closes_the_stream),
	TEST(releasing_a_place_ends_its_call),
	TEST(a_call_that_cannot_begin_is_told_of),
	TEST(a_lost_socket_is_waited_for),
	TEST(draining_waits_for_calls_and_takes_no_more),
	TEST(out_of_patience_goodbyes_are_said),
	TEST(an_idle_bot_drains_at_once),
	TEST(closing_in_mid_call_leaves_nothing),
};

TEST_MAIN(tests)
