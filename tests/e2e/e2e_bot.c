/*
 * The bot as a real program between the providers' simulators; this test is
 * the server that reserves and the telephone that streams.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/js.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";

static struct proc deepgram, openai, cartesia, bot;
static struct net *net;
static struct ws *ws;
static struct ws_server *server;
static struct timer frames, watchdog;
static char events[32768];
static unsigned plays, sent;
static int closed_code;

static void server_request(const struct ws_request *req,
                           struct ws_response *res, void *arg)
{
	size_t n = strlen(events);

	(void)res;
	(void)arg;
	snprintf(events + n, sizeof(events) - n, "%s\n", req->body);
	net_stop(net);
}

static void start_sim(struct proc *p, const char *name, const char *fault)
{
	const char *args[] = {fault ? "--fault" : NULL, fault, NULL};
	char dir[256];

	snprintf(dir, sizeof(dir), "%s/%s", proc_temp_dir(), name);
	proc_start(p, name, dir, args, NULL);
}

static void start_bot(const char *more)
{
	char dg[160], oa[160], ca[160], dir[256], sec[64], home[128];
	const char *env[] = {"DEEPGRAM_API_KEY=k",
	                     "OPENAI_API_KEY=k",
	                     "CARTESIA_API_KEY=k",
	                     "BOT_LISTEN=127.0.0.1:0",
	                     "BOT_DRAIN=0",
	                     sec,
	                     dg,
	                     oa,
	                     ca,
	                     home,
	                     more,
	                     NULL};

	snprintf(dg, sizeof(dg), "DEEPGRAM_URL=ws%s",
	         strchr(deepgram.url, ':'));
	snprintf(oa, sizeof(oa), "OPENAI_BASE_URL=%s/v1", openai.url);
	snprintf(ca, sizeof(ca), "CARTESIA_URL=ws%s",
	         strchr(cartesia.url, ':'));
	snprintf(sec, sizeof(sec), "BOT_SECRET=%s", secret);
	snprintf(home, sizeof(home), "HOME=%s",
	         getenv("HOME") ? getenv("HOME") : "/");
	snprintf(dir, sizeof(dir), "%s/bot", proc_temp_dir());
	proc_start(&bot, "dialout-bot", dir, NULL, env);
}

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: plays=%u events=%s log=%s",
	          plays, events, proc_log(&bot));
}

/* @fault: of the voice; @more: of the bot's environment. */
static void begin(const char *fault, const char *more)
{
	static const struct ws_handlers h = {.request = server_request,
	                                     .max_body = 1 << 20};

	start_sim(&deepgram, "deepgram-sim", NULL);
	start_sim(&openai, "openai-sim", NULL);
	start_sim(&cartesia, "cartesia-sim", fault);
	start_bot(more);
	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	timer_start(net_timers(net), &watchdog, 25000, watchdog_handler, NULL);
}

static void end(void)
{
	ws_close(&ws, 1000, NULL);
	ws_server_close(&server);
	timer_stop(net_timers(net), &watchdog);
	timer_stop(net_timers(net), &frames);
	net_free(&net);
	proc_stop(&deepgram);
	proc_stop(&openai);
	proc_stop(&cartesia);
	CHECK_INT(0, mem_live());
}

/* Names every mark it is sent as played: an ideal telephone. */
static void answer_mark(const char *text, size_t len)
{
	json_t *doc = js_parse(text, len, NULL, 0);
	const char *event = js_str(doc, "event", "");

	if (!strcmp(event, "playAudio"))
		plays++;
	if (!strcmp(event, "checkpoint")) {
		char reply[256];

		snprintf(reply, sizeof(reply),
		         "{\"event\":\"playedStream\",\"streamId\":\"s1\","
		         "\"name\":\"%s\"}",
		         js_str(doc, "name", ""));
		CHECK_INT(0, ws_send_text(ws, reply, strlen(reply)));
	}
	json_decref(doc);
}

static void phone_handler(const struct ws_event *ev, void *arg)
{
	(void)arg;
	if (ev->type == WS_TEXT) {
		answer_mark(ev->data, ev->len);
		return;
	}
	if (ev->type == WS_FAILED)
		test_fail(__FILE__, __LINE__, "refused: %d", ev->status);
	if (ev->type == WS_CLOSED) {
		closed_code = ev->code;
		timer_stop(net_timers(net), &frames);
		ws_close(&ws, 1000, NULL);
	}
	net_stop(net);
}

/* 20 ms of digital silence, in base64. */
static void send_frame(void *arg)
{
	char text[512], payload[217];

	(void)arg;
	memset(payload, '/', sizeof(payload));
	snprintf(payload + 213, 4, "w==");
	sent++;
	snprintf(text, sizeof(text),
	         "{\"event\":\"media\",\"sequenceNumber\":%u,\"streamId\":"
	         "\"s1\",\"media\":{\"track\":\"inbound\",\"timestamp\":"
	         "\"%u\",\"chunk\":%u,\"payload\":\"%s\"}}",
	         sent + 1, sent * 20, sent, payload);
	CHECK_INT(0, ws_send_text(ws, text, strlen(text)));
	timer_start(net_timers(net), &frames, 20, send_frame, NULL);
}

static char id[64];

static void reserve(void)
{
	char body[512], url[256], auth[128];
	const char *const headers[] = {"Content-Type: application/json", auth,
	                               NULL};
	struct http_answer a;

	snprintf(url, sizeof(url), "%s/reserve", bot.url);
	snprintf(auth, sizeof(auth), "Authorization: Bearer %s", secret);
	snprintf(body, sizeof(body),
	         "{\"call_id\":\"c1\",\"ttl\":60,\"to\":\"+15551234567\","
	         "\"events_url\":\"http://127.0.0.1:%u/bot-events\"}",
	         ws_server_port(server));
	http_send(&a, "POST", url, headers, body);
	CHECK_INT(200, a.status);
	snprintf(id, sizeof(id), "%s", js_str(a.json, "id", ""));
	http_done(&a);
}

static void dial(void)
{
	static const char start[] =
		"{\"event\":\"start\",\"sequenceNumber\":1,\"start\":{"
		"\"callId\":\"u1\",\"streamId\":\"s1\",\"tracks\":["
		"\"inbound\"],\"mediaFormat\":{\"encoding\":"
		"\"audio/x-mulaw\",\"sampleRate\":8000}}}";
	char url[256], auth[128];
	struct ws_header header = {"authorization", auth};
	struct ws_params prm = {.url = url, .headers = &header, .n_headers = 1};

	snprintf(auth, sizeof(auth), "Bearer %s", secret);
	snprintf(url, sizeof(url), "ws%s/ws/%s", strchr(bot.url, ':'), id);
	CHECK_INT(0, ws_connect(&ws, net, &prm, phone_handler, NULL));
	net_run(net);
	CHECK_INT(0, ws_send_text(ws, start, sizeof(start) - 1));
	send_frame(NULL);
}

static void greet(const char *fault, const char *more)
{
	begin(fault, more);
	reserve();
	dial();
	while (!strstr(events, "\"type\":\"turn\""))
		net_run(net);
	CHECK(plays > 0);
	CHECK(strstr(events, "\"type\":\"started\""));
	CHECK(strstr(events, "automated call from our Plivo chatbot demo"));
	ws_close(&ws, 1000, NULL);
	timer_stop(net_timers(net), &frames);
	while (!strstr(events, "\"type\":\"ended\""))
		net_run(net);
	CHECK_INT(0, proc_stop(&bot));
}

static void a_silent_callee_is_greeted(void)
{
	greet(NULL, NULL);
	end();
}

static void another_voice_greets_when_the_first_is_refused(void)
{
	greet("refuse:402", "TTS=cartesia,openai");
	CHECK(strstr(proc_log(&bot), "event=switched stage=tts from=cartesia "
	                             "to=openai"));
	end();
}

static void a_signal_ends_the_call_and_then_the_bot(void)
{
	begin(NULL, NULL);
	reserve();
	dial();
	while (!strstr(events, "\"type\":\"started\""))
		net_run(net);
	CHECK_INT(0, kill(bot.pid, SIGTERM));
	while (ws)
		net_run(net);
	while (!strstr(events, "\"type\":\"ended\""))
		net_run(net);
	CHECK_INT(0, proc_wait(&bot, 20000));
	end();
}

static const struct test tests[] = {
	TEST_SLOW(a_silent_callee_is_greeted, 40),
	TEST_SLOW(another_voice_greets_when_the_first_is_refused, 40),
	TEST_SLOW(a_signal_ends_the_call_and_then_the_bot, 40),
};

TEST_MAIN(tests)
