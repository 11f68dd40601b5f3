/* cartesia-sim, listened to by a client that is written by hand. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/js.h"
#include "tests/e2e/simpeer.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/wordtone.h"

#define PATH    "/tts/websocket"
#define HEADERS "X-API-Key: ca-key\r\nCartesia-Version: 2026-03-01\r\n"
#define MORE    "\"continue\":true"
#define LAST    "\"continue\":false"

static struct proc sim;

static void start(const char *const *more)
{
	const char *args[16] = {"--key", "ca-key", "--latency-ms",
	                        "30",    "--pace", "50"};
	size_t n = 6;

	for (; more && *more; more++)
		args[n++] = *more;
	proc_start(&sim, "cartesia-sim", proc_temp_dir(), args, NULL);
}

static void stop(void)
{
	CHECK_INT(0, proc_stop(&sim));
}

/* A request of context @id, with @more members. */
static void speak(struct simpeer *p, const char *id, const char *text,
                  const char *more)
{
	char msg[2048];

	snprintf(msg, sizeof(msg),
	         "{\"model_id\":\"sonic-3.5\",\"transcript\":\"%s\","
	         "\"context_id\":\"%s\",\"voice\":{\"mode\":\"id\",\"id\":"
	         "\"71a7ad14-091c-4e8e-a314-022ece01c121\"},"
	         "\"output_format\":{\"container\":\"raw\",\"encoding\":"
	         "\"pcm_mulaw\",\"sample_rate\":8000},\"language\":\"en\","
	         "\"add_timestamps\":true,\"max_buffer_delay_ms\":0,%s}",
	         text, id, more);
	simpeer_send(p, msg);
}

/* What came of one context. */
struct heard {
	char words[1024]; /* by their tones */
	char stamps[1024];
	double last_begin;
	unsigned chunks, flushes, errors;
	size_t bytes;
	bool done, ordered;
};

static void on_word(const struct wordtone_heard *w, void *arg)
{
	struct heard *h = arg;

	strncat(h->words, w->word, sizeof(h->words) - strlen(h->words) - 1);
	strncat(h->words, " ", sizeof(h->words) - strlen(h->words) - 1);
}

static void take_chunk(struct heard *h, struct wordtone_dec *d,
                       const json_t *msg)
{
	const char *data = js_str(msg, "data", "");
	uint8_t *v = malloc(strlen(data) + 3);
	long n;

	CHECK(v);
	n = base64_decode(v, data, strlen(data));
	CHECK(n > 0);
	for (long i = 0; i < n; i++) {
		const int16_t sample = wordtone_ulaw(v[i]);

		wordtone_dec_feed(d, &sample, 1);
	}
	free(v);
	h->chunks++;
	h->bytes += (size_t)n;
}

static void take_stamps(struct heard *h, const json_t *msg)
{
	const json_t *t = json_object_get(msg, "word_timestamps");
	const json_t *words = json_object_get(t, "words");

	for (size_t i = 0; i < json_array_size(words); i++) {
		const double begin = json_real_value(
			json_array_get(json_object_get(t, "start"), i));

		h->ordered = h->ordered && begin >= h->last_begin;
		h->last_begin = begin;
		strncat(h->stamps, json_string_value(json_array_get(words, i)),
		        sizeof(h->stamps) - strlen(h->stamps) - 1);
		strncat(h->stamps, " ",
		        sizeof(h->stamps) - strlen(h->stamps) - 1);
	}
}

/* Until done, an error, or nothing for @ms. Other contexts are skipped. */
static void hear(struct simpeer *p, struct heard *h, const char *id,
                 const char *vocabulary, int ms)
{
	struct wordtone_dec *d;

	*h = (struct heard){.ordered = true};
	CHECK_INT(0, wordtone_dec_new(&d, 8000, 1, vocabulary, on_word, h));
	while (!h->done && !h->errors && simpeer_next(p, ms) == SIMPEER_TEXT) {
		json_t *msg = js_parse(p->msg.v, p->msg.len, NULL, 0);
		const char *type = js_str(msg, "type", "");

		if (strcmp(js_str(msg, "context_id", ""), id) != 0)
			type = "of another";
		if (strcmp(type, "chunk") == 0)
			take_chunk(h, d, msg);
		else if (strcmp(type, "timestamps") == 0)
			take_stamps(h, msg);
		h->flushes += strcmp(type, "flush_done") == 0;
		h->done = strcmp(type, "done") == 0;
		h->errors += strcmp(type, "error") == 0;
		json_decref(msg);
	}
	wordtone_dec_end(d);
	wordtone_dec_free(&d);
}

static void a_context_is_spoken_word_for_word(void)
{
	struct simpeer p;
	struct heard h;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	CHECK_INT(101, p.status);
	speak(&p, "c1", "Hello John! ", MORE);
	speak(&p, "c1", "This is <break time=\\\"200ms\\\"/> a call.", MORE);
	speak(&p, "c1", "", LAST);
	hear(&p, &h, "c1", "hello john this is a call", 1000);
	CHECK_STR("hello john this is a call ", h.words);
	CHECK_STR("Hello John! This is a call. ", h.stamps);
	CHECK(h.ordered && h.done);
	CHECK(h.last_begin * 8000 < (double)h.bytes);
	CHECK_INT(2, h.flushes);
	CHECK(h.chunks >= 4);
	CHECK_STR("", simpeer_violations(sim.url));
	simpeer_close(&p);
	stop();
}

static void two_contexts_are_spoken_side_by_side(void)
{
	struct simpeer p;
	struct heard h;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "first", "one two three four five six seven", LAST);
	speak(&p, "other", "red green", LAST);
	hear(&p, &h, "first", "one two three four five six seven red green",
	     1000);
	CHECK_STR("one two three four five six seven ", h.words);
	simpeer_close(&p);
	stop();
}

static void a_cancelled_context_starts_nothing_more(void)
{
	static const char *const args[] = {"--pace", "4", NULL};
	struct simpeer p;
	struct heard h;

	start(args);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "c1", "one two three. ", MORE);
	speak(&p, "c1", "four five six. ", MORE);
	CHECK(simpeer_wait(&p, "chunk", 1000));
	simpeer_send(&p, "{\"context_id\":\"c1\",\"cancel\":true}");
	hear(&p, &h, "c1", "one two three four five six", 1000);
	CHECK(h.done);
	CHECK(strstr(h.words, "three"));
	CHECK(!strstr(h.words, "four"));
	simpeer_send(&p, "{\"context_id\":\"c1\",\"cancel\":true}");
	CHECK_STR("", simpeer_violations(sim.url)); /* late, and no harm */
	speak(&p, "c1", "seven", LAST);
	CHECK(simpeer_wait(&p, "error", 1000));
	CHECK(strstr(simpeer_violations(sim.url), "has ended"));
	simpeer_close(&p);
	stop();
}

static void a_context_expires_behind_its_last_audio(void)
{
	static const char *const args[] = {"--expire-ms", "100", NULL};
	struct simpeer p;
	struct heard h;

	start(args);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "c1", "one", MORE);
	hear(&p, &h, "c1", "one", 2000);
	CHECK(h.done);
	speak(&p, "c1", "two", LAST);
	CHECK_STR("invalid_request",
	          js_str(simpeer_wait(&p, "error", 1000), "error_code", ""));
	simpeer_close(&p);
	stop();
}

/* Text is held until the delay is over, or flush. */
static void text_is_collected_with_a_delay(void)
{
	static const char msg[] =
		"{\"model_id\":\"sonic-3.5\",\"transcript\":\"%s\","
		"\"context_id\":\"c1\",\"continue\":true,\"voice\":{\"mode\":"
		"\"id\",\"id\":\"71a7ad14-091c-4e8e-a314-022ece01c121\"},"
		"\"output_format\":{\"container\":\"raw\",\"encoding\":"
		"\"pcm_mulaw\",\"sample_rate\":8000},"
		"\"max_buffer_delay_ms\":300%s}";
	struct simpeer p;
	struct heard h;
	char text[1024];
	double began;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	began = simpeer_now();
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), msg, i ? "gether" : "to", "");
		simpeer_send(&p, text);
	}
	CHECK(simpeer_wait(&p, "chunk", 1000));
	CHECK_NEAR(330, simpeer_now() - began, 150);
	snprintf(text, sizeof(text), msg, " again", ",\"flush\":true");
	simpeer_send(&p, text);
	hear(&p, &h, "c1", "together again", 400);
	CHECK(strstr(h.words, "again"));
	CHECK_INT(1, h.flushes);
	CHECK_STR("", simpeer_violations(sim.url));
	simpeer_close(&p);
	stop();
}

static void other_formats_have_their_bytes(void)
{
	static const struct {
		const char *encoding, *rate;
		double bytes; /* a millisecond */
	} cases[] = {{"pcm_s16le", "8000", 16},
	             {"pcm_s16le", "24000", 48},
	             {"pcm_f32le", "16000", 64},
	             {"pcm_alaw", "8000", 8}};
	struct simpeer p;
	char msg[1024], id[16];

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const json_t *chunk;
		size_t bytes = 0;

		snprintf(id, sizeof(id), "c%zu", i);
		snprintf(msg, sizeof(msg),
		         "{\"model_id\":\"sonic-3\",\"transcript\":\"one\","
		         "\"context_id\":\"%s\",\"voice\":{\"mode\":\"id\","
		         "\"id\":\"71a7ad14-091c-4e8e-a314-022ece01c121\"},"
		         "\"output_format\":{\"container\":\"raw\","
		         "\"encoding\":\"%s\",\"sample_rate\":%s},"
		         "\"max_buffer_delay_ms\":0}",
		         id, cases[i].encoding, cases[i].rate);
		simpeer_send(&p, msg);
		while (simpeer_next(&p, 1000) == SIMPEER_TEXT &&
		       !strstr(p.msg.v, "\"done\":true")) {
			json_t *json = js_parse(p.msg.v, p.msg.len, NULL, 0);

			chunk = json_object_get(json, "data");
			bytes += json_string_length(chunk) / 4 * 3;
			json_decref(json);
		}
		CHECK_NEAR((wordtone_ms("one") + WORDTONE_GAP_MS) *
		                   cases[i].bytes,
		           (double)bytes, 24);
	}
	simpeer_close(&p);
	stop();
}

static void upgrades_are_refused_for_a_reason(void)
{
	static const struct {
		const char *target, *headers;
		int status;
	} cases[] = {
		{PATH, HEADERS, 101},
		{PATH "?api_key=ca-key&cartesia_version=2025-04-16", "", 101},
		{PATH,
	         "Authorization: Bearer ca-key\r\n"
	         "Cartesia-Version: 2026-08-14\r\n",
	         101},
		{PATH, "X-API-Key: ca-key\r\n", 400},
		{PATH, "X-API-Key: ca-key\r\nCartesia-Version: 1\r\n", 400},
		{PATH, "Cartesia-Version: 2026-03-01\r\n", 401},
		{PATH, "X-API-Key: no\r\nCartesia-Version: 2026-03-01\r\n",
	         401},
		{PATH "?api_key=no", HEADERS, 401}, /* the query wins */
		{"/tts", HEADERS, 404},
	};
	struct simpeer p;

	start(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		simpeer_open(&p, sim.url, cases[i].target, cases[i].headers);
		CHECK_INT(cases[i].status, p.status);
		simpeer_close(&p);
	}
	stop();
}

static void wrong_requests_are_errors_and_violations(void)
{
	static const struct {
		const char *members, *says;
	} cases[] = {
		{"\"continue\":\"yes\"", "continue"},
		{"\"transcript\":1", "transcript"},
		{"\"model_id\":\"sonic-2\"", "not available"},
		{"\"colour\":1", "colour"},
		{"\"max_buffer_delay_ms\":9000", "max_buffer_delay_ms"},
		{"\"output_format\":{\"container\":\"wav\",\"encoding\":"
	         "\"pcm_mulaw\",\"sample_rate\":8000}",
	         "container"},
		{"\"voice\":{\"mode\":\"id\",\"id\":\"x\"}", "UUID"},
		{"\"locale\":\"en-US\"", "exclude"},
		{"\"generation_config\":{\"speed\":3}", "speed"},
		{"\"context_id\":\"\"", "context_id"},
		{"\"transcript\":\"\",\"continue\":true", "empty transcript"},
	};
	struct simpeer p;
	const json_t *e;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		speak(&p, "bad", "x", cases[i].members);
		e = simpeer_wait(&p, "error", 1000);
		CHECK(e && js_bool(e, "done", false));
		CHECK(strstr(js_str(e, "message", ""), cases[i].says));
		CHECK(strstr(simpeer_violations(sim.url), cases[i].says));
	}
	simpeer_send(&p, "{\"transcript\"");
	e = simpeer_wait(&p, "error", 1000);
	CHECK(e && !json_object_get(e, "context_id"));
	simpeer_send_binary(&p, "x", 1);
	CHECK(simpeer_wait(&p, "error", 1000));
	simpeer_close(&p);

	simpeer_open(&p, sim.url, PATH "?cartesia_version=2025-04-16", HEADERS);
	simpeer_send(&p, "[]"); /* errors were one text then */
	e = simpeer_wait(&p, "error", 1000);
	CHECK(strstr(js_str(e, "error", ""), "Invalid request: "));
	simpeer_close(&p);
	stop();
}

static void a_context_keeps_its_constants_and_its_blanks(void)
{
	struct simpeer p;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "c1", "one.", MORE);
	speak(&p, "c1", "two.", MORE);
	speak(&p, "c1", " three.", MORE ",\"add_timestamps\":false");
	CHECK(strstr(js_str(simpeer_wait(&p, "error", 2000), "message", ""),
	             "add_timestamps"));
	CHECK(strstr(simpeer_violations(sim.url), "no blank between"));
	speak(&p, "c2", "one.", LAST);
	speak(&p, "c2", " two.", LAST);
	CHECK(strstr(js_str(simpeer_wait(&p, "error", 2000), "message", ""),
	             "has been ended"));
	simpeer_close(&p);
	stop();
}

static void limits_are_kept(void)
{
	static const char *const args[] = {
		"--concurrency", "1", "--idle-ms", "300", "--pace", "1", NULL};
	struct simpeer p;

	start(args);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "c1", "one two three four five", LAST);
	speak(&p, "c2", "six", LAST);
	CHECK_STR("concurrency_limited",
	          js_str(simpeer_wait(&p, "error", 1000), "error_code", ""));
	CHECK_INT(1000, simpeer_wait_end(&p, 3000));
	CHECK_STR("connection idle timeout", buf_str(&p.msg) + 2);
	simpeer_close(&p);
	stop();
}

static void faults_strike_as_they_are_told(void)
{
	struct simpeer p;
	struct heard h;

	start(NULL);
	simpeer_open(&p, sim.url, PATH, HEADERS);
	simpeer_fault(sim.url, "mute,nth=1\nearly-done,nth=2\nerror:overloaded,"
	                       "nth=3\nerror-no-context,nth=4\n"
	                       "huge-chunk,nth=5\nno-timestamps,nth=5");
	speak(&p, "c1", "one two", LAST);
	hear(&p, &h, "c1", "one two", 1000);
	CHECK(h.done && h.chunks == 0);
	speak(&p, "c2", "one two", MORE);
	hear(&p, &h, "c2", "one two", 500);
	CHECK(h.done && h.chunks > 0);
	speak(&p, "c3", "one two", LAST);
	CHECK_STR("overloaded",
	          js_str(simpeer_wait(&p, "error", 1000), "error_code", ""));
	speak(&p, "c4", "one two", LAST);
	CHECK(!json_object_get(simpeer_wait(&p, "error", 1000), "context_id"));
	speak(&p, "c5", "one two three four", LAST);
	hear(&p, &h, "c5", "one two three four", 1000);
	CHECK_INT(1, h.chunks);
	CHECK_STR("", h.stamps);
	simpeer_close(&p);

	simpeer_fault(sim.url, "clear\ncut-after:3000");
	simpeer_open(&p, sim.url, PATH, HEADERS);
	speak(&p, "c1", "one two three four five six", LAST);
	CHECK_INT(SIMPEER_EOF, simpeer_wait_end(&p, 2000));
	simpeer_close(&p);
	simpeer_fault(sim.url, "clear\nrefuse:402");
	simpeer_open(&p, sim.url, PATH, HEADERS);
	CHECK_INT(402, p.status);
	simpeer_close(&p);
	stop();
}

static const struct test tests[] = {
	TEST(a_context_is_spoken_word_for_word),
	TEST(two_contexts_are_spoken_side_by_side),
	TEST(a_cancelled_context_starts_nothing_more),
	TEST(a_context_expires_behind_its_last_audio),
	TEST(text_is_collected_with_a_delay),
	TEST(other_formats_have_their_bytes),
	TEST(upgrades_are_refused_for_a_reason),
	TEST(wrong_requests_are_errors_and_violations),
	TEST(a_context_keeps_its_constants_and_its_blanks),
	TEST(limits_are_kept),
	TEST(faults_strike_as_they_are_told),
};

TEST_MAIN(tests)
