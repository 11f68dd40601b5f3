/*
 * The recogniser inside the bot: people's sentences go in as a telephone's
 * packets, in real time, and come back as the turns that the bot reports.
 *
 *	bench_stream TTS CALLS SENTENCES LATENCIES <LIST
 *
 * CALLS at once share the first SENTENCES of the list. Each is answered with
 * one of the sentences to say (CALLS 1), or with two words, by the voice TTS.
 * The times of every answer are appended to the file LATENCIES, a line each.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bot/media/audio.h"
#include "common/buf.h"
#include "common/js.h"
#include "common/mem.h"
#include "tests/bench/phone.h"
#include "tests/bench/sentences.h"
#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

enum {
	CALLS_MAX = 8,
	STEP_MS = 20,
	SETTLE_MS = 2500,  /* no news behind the bot's answer: that was all */
	ANSWER_MS = 15000, /* the bot has not understood a thing */
	HEARD_MAX = 8192,  /* [bytes] of a sentence's turns */
	LOUD = 600,        /* a sample of voice */
	EARLY_MS = 500,    /* the bot may see its end so much earlier */
};

struct caller {
	struct phone phone;
	bool busy;           /* a sentence is being said, or answered */
	int64_t end_ms;      /* of its voice, in the call's time */
	int64_t answered_ms; /* speech up to there was answered */
	bool replied;        /* the last turn is the bot's */
	uint64_t since_us;   /* the last thing that happened */
	struct sentence_heard sentence;
	uint8_t *ulaw;
	struct buf heard;
};

static struct proc bot;
static struct net *net;
static struct ws_server *server;
static struct timer step;
static struct caller callers[CALLS_MAX];
static unsigned n_callers, sentences_left, sentences, unanswered;
static struct wer sum;
static FILE *latencies;
static double audio_sec;

static struct caller *caller_of(const char *call_id)
{
	for (unsigned i = 0; i < n_callers; i++)
		if (!strcmp(callers[i].phone.id, call_id))
			return &callers[i];
	test_fail(__FILE__, __LINE__, "an event of call \"%s\"", call_id);
}

static void take_turn(const json_t *ev)
{
	struct caller *c = caller_of(js_str(ev, "call_id", ""));
	const char *text = js_str(ev, "text", "");
	const json_t *latency = json_object_get(ev, "latency");
	struct buf line;

	c->since_us = timers_now(net_timers(net));
	c->replied = !strcmp(js_str(ev, "role", ""), "bot");
	if (!c->replied)
		CHECK_INT(0, buf_addf(&c->heard, "%s%s",
		                      c->heard.len ? " " : "", text));
	else if (js_int(latency, "speech_end", 0) > c->answered_ms)
		c->answered_ms = js_int(latency, "speech_end", 0);
	if (!latency)
		return;
	buf_init(&line, HEARD_MAX);
	CHECK_INT(0, js_dump(&line, latency));
	fprintf(latencies, "%s\n", buf_str(&line));
	buf_fini(&line);
}

static void on_request(const struct ws_request *req, struct ws_response *res,
                       void *arg)
{
	json_t *list = js_parse(req->body, req->body_len, NULL, 0);
	const json_t *ev;
	size_t i;

	(void)res;
	(void)arg;
	json_array_foreach(list, i, ev)
	{
		if (!strcmp(js_str(ev, "type", ""), "turn"))
			take_turn(ev);
	}
	json_decref(list);
}

static void finish(struct caller *c)
{
	const char *heard = buf_str(&c->heard);

	unanswered += !c->heard.len;
	if (wer_add(&sum, c->sentence.text, heard))
		printf("- %s\n+ %s\n", c->sentence.text, heard);
	fflush(stdout);
	sentences++;
	audio_sec += (double)c->sentence.sound.n / 8000;
	speech_fini(&c->sentence.sound);
	mem_free(c->ulaw);
	c->ulaw = NULL;
	buf_reset(&c->heard);
	c->busy = false;
}

/* How long is it until the last loud moment? */
static int64_t voice_ms(const struct speech *sp)
{
	size_t n = sp->n;

	while (n && abs(sp->v[n - 1]) < LOUD)
		n--;
	return (int64_t)n / 8;
}

static bool begin_next(struct caller *c)
{
	const struct speech *sp = &c->sentence.sound;

	if (!sentences_left || !sentences_next(&c->sentence, stdin)) {
		sentences_left = 0;
		return false;
	}
	sentences_left--;
	c->ulaw = mem_alloc(sp->n);
	CHECK(c->ulaw);
	audio_encode(c->ulaw, AUDIO_ULAW_8K, sp->v, sp->n);
	phone_say(&c->phone, c->ulaw, sp->n);
	c->end_ms = phone_time_ms(&c->phone) + voice_ms(sp);
	c->busy = true;
	return true;
}

/* Say the next sentence, or see whether all of this one was answered. */
static bool go_on(struct caller *c, uint64_t now_us)
{
	uint64_t quiet_ms;

	if (c->phone.gone)
		test_fail(__FILE__, __LINE__, "the bot hung up:\n%s",
		          proc_log(&bot));
	if (!c->busy)
		return begin_next(c);
	if (phone_says(&c->phone)) {
		c->since_us = now_us;
		return true;
	}
	quiet_ms = (now_us - c->since_us) / 1000;
	if (quiet_ms > ANSWER_MS ||
	    (c->replied && c->answered_ms + EARLY_MS > c->end_ms &&
	     quiet_ms > SETTLE_MS))
		finish(c);
	return true;
}

static void on_step(void *arg)
{
	const uint64_t now_us = timers_now(net_timers(net));
	bool more = false;

	(void)arg;
	for (unsigned i = 0; i < n_callers; i++)
		more |= go_on(&callers[i], now_us);
	if (more)
		timer_start(net_timers(net), &step, STEP_MS, on_step, NULL);
	else
		net_stop(net);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", proc_temp_dir(), name);
	f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* The n-th thing that a rule file does not understand has the n-th answer. */
static void write_agent(void)
{
	struct buf rules;

	buf_init(&rules, 65536);
	CHECK_INT(0, buf_adds(&rules, "state start\n"));
	for (size_t i = 0; n_callers == 1 && i < SENTENCES_TO_SAY; i++)
		CHECK_INT(0, buf_addf(&rules, "    else => same: %s\n",
		                      sentences_to_say[i]));
	if (n_callers > 1)
		CHECK_INT(0, buf_adds(&rules, "    else => same: Go on.\n"));
	write_file("bench.script", buf_str(&rules));
	buf_fini(&rules);
	write_file("default.json",
	           "{\"instructions\": \"\", \"greeting\": null,"
	           "\"idle\": {\"after_sec\": 600, \"prompts\": []},"
	           "\"limits\": {\"call_sec\": 14400, \"idle_sec\": 3600}}");
}

static void start_bot(const char *tts)
{
	char voice[64], agents[300], script[320], dir[300];
	const char *env[] = {"BOT_LISTEN=127.0.0.1:0",
	                     "STT=embedded",
	                     "LLM=script",
	                     "BOT_CAPACITY=8",
	                     voice,
	                     agents,
	                     script,
	                     NULL};

	snprintf(voice, sizeof(voice), "TTS=%s", tts);
	snprintf(agents, sizeof(agents), "AGENTS_DIR=%s", proc_temp_dir());
	snprintf(script, sizeof(script), "SCRIPT_FILE=%s/bench.script",
	         proc_temp_dir());
	snprintf(dir, sizeof(dir), "%s/bot", proc_temp_dir());
	proc_start(&bot, "dialout-bot", dir, NULL, env);
}

static void dial(struct caller *c, unsigned nr)
{
	char id[32], body[512], url[256];
	struct http_answer a;

	snprintf(id, sizeof(id), "call%u", nr);
	snprintf(url, sizeof(url), "%s/reserve", bot.url);
	snprintf(body, sizeof(body),
	         "{\"call_id\":\"%s\",\"ttl\":60,\"to\":\"+15551234567\","
	         "\"events_url\":\"http://127.0.0.1:%u/\"}",
	         id, ws_server_port(server));
	http_post(&a, url, body);
	if (a.status != 200)
		test_fail(__FILE__, __LINE__, "reserve: %ld %s", a.status,
		          a.body);
	snprintf(url, sizeof(url), "ws%s/ws/%s", strchr(bot.url, ':'),
	         js_str(a.json, "id", ""));
	http_done(&a);
	buf_init(&c->heard, HEARD_MAX);
	phone_dial(&c->phone, net, url, id);
}

int main(int argc, char **argv)
{
	static const struct ws_handlers h = {.request = on_request,
	                                     .max_body = 1 << 20};

	if (argc != 5) {
		fprintf(stderr, "usage: bench_stream TTS CALLS SENTENCES "
		                "LATENCIES\n");
		return 2;
	}
	n_callers = (unsigned)strtoul(argv[2], NULL, 10);
	sentences_left = (unsigned)strtoul(argv[3], NULL, 10);
	latencies = fopen(argv[4], "a");
	CHECK(n_callers >= 1 && n_callers <= CALLS_MAX && latencies);
	write_agent();
	start_bot(argv[1]);
	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	for (unsigned i = 0; i < n_callers; i++)
		dial(&callers[i], i);
	timer_start(net_timers(net), &step, STEP_MS, on_step, NULL);
	net_run(net);
	for (unsigned i = 0; i < n_callers; i++) {
		phone_hang_up(&callers[i].phone);
		buf_fini(&callers[i].heard);
	}
	ws_server_close(&server);
	net_free(&net);
	proc_stop(&bot);
	fclose(latencies);
	printf("stream: %u sentences, %.0f s, %zu words, %u calls at once, "
	       "%u not answered: %.2f %% word errors\n",
	       sentences, audio_sec, sum.words, n_callers, unanswered,
	       wer_percent(&sum));
	return 0;
}
