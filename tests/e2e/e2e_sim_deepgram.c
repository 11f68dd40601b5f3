/* deepgram-sim, heard by a client that is written by hand. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "common/js.h"
#include "tests/e2e/simpeer.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"
#include "tests/sim/lib/ca_audio.h"
#include "tests/sim/lib/wordtone.h"

#define LISTEN "/v1/listen?model=nova-3-general&sample_rate=8000"
#define QUERY  LISTEN "&encoding=linear16&interim_results=true&punctuate=true"
#define KEY    "Authorization: Token dg-key\r\n"

enum { HZ = 8000, FRAME = HZ / 50 };

static const char script[] = "# two callers\n"
			     "== ann\n"
			     "[2000] One two three four.\n"
			     "Yes, please.\n"
			     "== bob\n"
			     "[1000] Good morning!\n";

static struct proc sim;

/* Arguments: up to six of the test, before those of all. */
static void start(const char *const *more)
{
	const char *args[20] = {"--key",
	                        "dg-key",
	                        "--latency-ms",
	                        "20",
	                        "--script",
	                        NULL,
	                        "--finalize-ms",
	                        "30",
	                        "--intake-slack-ms",
	                        "60000"};
	static char path[300];
	size_t n = 10;
	FILE *f;

	snprintf(path, sizeof(path), "%s/script", proc_temp_dir());
	f = fopen(path, "w");
	CHECK(f && fputs(script, f) >= 0 && fclose(f) == 0);
	args[5] = path;
	for (; more && *more; more++)
		args[n++] = *more;
	proc_start(&sim, "deepgram-sim", proc_temp_dir(), args, NULL);
}

static void stop(void)
{
	CHECK_INT(0, proc_stop(&sim));
}

/* @ms of sound or silence as 20 ms packets, as fast as they go. */
static void send_audio(struct simpeer *p, bool mulaw, unsigned ms, int level)
{
	const struct ca_format f = {mulaw ? CA_MULAW : CA_S16LE, HZ};
	int16_t pcm[FRAME];
	struct buf b;

	buf_init(&b, 4096);
	for (unsigned t = 0; t < ms; t += 20) {
		for (int i = 0; i < FRAME; i++)
			pcm[i] = (int16_t)(i % 8 < 4 ? level : -level);
		buf_reset(&b);
		ca_audio_add(&b, &f, pcm, FRAME);
		simpeer_send_binary(p, b.v, b.len);
	}
	buf_fini(&b);
}

static const json_t *alternative(const json_t *msg)
{
	return json_array_get(json_object_get(json_object_get(msg, "channel"),
	                                      "alternatives"),
	                      0);
}

static const char *transcript(const json_t *msg)
{
	return js_str(alternative(msg), "transcript", "");
}

/* The text of the next final with words, "" if none comes. */
static const char *next_final(struct simpeer *p, bool *speech_final)
{
	static char text[512];
	const json_t *msg;

	while ((msg = simpeer_wait(p, "Results", 1000)))
		if (js_bool(msg, "is_final", false) && *transcript(msg)) {
			*speech_final = js_bool(msg, "speech_final", false);
			snprintf(text, sizeof(text), "%s", transcript(msg));
			return text;
		}
	return "";
}

static void a_sentence_comes_as_it_is_spoken(void)
{
	struct simpeer p;
	const json_t *msg;
	unsigned interims = 0;
	size_t longest = 0;

	start(NULL);
	simpeer_open(&p, sim.url,
	             QUERY "&vad_events=true&utterance_end_ms=1000", KEY);
	CHECK_INT(101, p.status);
	CHECK(strstr(p.head, "dg-request-id: "));
	send_audio(&p, false, 300, 0);
	send_audio(&p, false, 2000, 4000);
	send_audio(&p, false, 1500, 0);
	msg = simpeer_wait(&p, "SpeechStarted", 1000);
	CHECK_NEAR(0.3, js_real(msg, "timestamp", 0), 0.03);
	while ((msg = simpeer_wait(&p, "Results", 1000)) &&
	       !js_bool(msg, "is_final", false)) {
		interims++;
		CHECK_NEAR(0, js_real(msg, "start", 9), 1e-9);
		CHECK(strlen(transcript(msg)) >= longest);
		longest = strlen(transcript(msg));
	}
	CHECK_INT(2, interims);
	CHECK_STR("One two three four.", transcript(msg));
	CHECK(js_bool(msg, "speech_final", false));
	msg = json_array_get(json_object_get(alternative(msg), "words"), 3);
	CHECK_STR("four", js_str(msg, "word", ""));
	CHECK_STR("four.", js_str(msg, "punctuated_word", ""));
	CHECK_NEAR(2.3, js_real(msg, "end", 0), 0.06);
	msg = simpeer_wait(&p, "UtteranceEnd", 1000);
	CHECK_NEAR(2.3, js_real(msg, "last_word_end", 0), 0.06);

	simpeer_send(&p, "{\"type\":\"CloseStream\"}");
	msg = simpeer_wait(&p, "Metadata", 1000);
	CHECK_NEAR(3.8, js_real(msg, "duration", 0), 0.001);
	CHECK_INT(64, strlen(js_str(msg, "sha256", "")));
	CHECK_INT(1000, simpeer_wait_end(&p, 1000));
	CHECK_STR("", simpeer_violations(sim.url));
	simpeer_close(&p);
	stop();
}

static void mulaw_is_decoded_as_declared(void)
{
	struct simpeer p;
	bool speech_final;

	start(NULL);
	simpeer_open(&p, sim.url, LISTEN "&encoding=mulaw", KEY);
	send_audio(&p, true, 2000, 4000);
	send_audio(&p, true, 800, 0);
	CHECK_STR("one two three four", next_final(&p, &speech_final));
	send_audio(&p, true, 1000, 4000); /* not declared: all of it */
	send_audio(&p, true, 800, 0);
	CHECK_STR("yes please", next_final(&p, &speech_final));
	CHECK_STR("", simpeer_violations(sim.url));
	simpeer_close(&p);
	stop();
}

/* Whoever says that speech is over has no word of it left to say. */
static void an_end_of_speech_has_all_its_words_and_with_whole_the_first(void)
{
	static const char *const whole[] = {"--whole", NULL};
	struct simpeer p;
	const json_t *msg;
	bool speech_final = false;

	start(whole);
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 2000, 4000);
	msg = simpeer_wait(&p, "Results", 1000);
	CHECK_STR("", transcript(msg)); /* an interim one */
	send_audio(&p, false, 800, 0);
	CHECK_STR("One two three four.", next_final(&p, &speech_final));
	send_audio(&p, false, 400, 4000); /* time for the first word */
	send_audio(&p, false, 140, 0);
	CHECK_STR("Yes, please.", next_final(&p, &speech_final));
	CHECK(speech_final);
	simpeer_send(&p, "{\"type\":\"Finalize\"}");
	CHECK_STR("", next_final(&p, &speech_final));
	simpeer_close(&p);
	stop();
}

static void lost_audio_loses_words(void)
{
	struct simpeer p;
	bool speech_final;
	json_t *burst;

	start(NULL);
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 1100, 4000); /* of 2,000 ms */
	send_audio(&p, false, 800, 0);
	CHECK_STR("One two", next_final(&p, &speech_final));
	burst = simpeer_state(sim.url, "streams.0.bursts.0");
	CHECK_INT(2, js_int(burst, "words", 0));
	CHECK_INT(2, js_int(burst, "lost", 0));
	CHECK_STR("One two three four.", js_str(burst, "sentence", ""));
	json_decref(burst);
	simpeer_close(&p);
	stop();
}

static void audio_in_another_encoding_is_refused(void)
{
	struct simpeer p;

	start(NULL);
	simpeer_open(&p, sim.url, LISTEN "&encoding=mulaw", KEY);
	send_audio(&p, false, 1000, 4000); /* linear */
	CHECK_INT(1008, simpeer_wait_end(&p, 1000));
	CHECK(strstr(buf_str(&p.msg), "DATA-0000"));
	CHECK(strstr(simpeer_violations(sim.url), "declared encoding"));
	simpeer_close(&p);

	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, true, 1000, 4000); /* mu-law */
	CHECK_INT(1008, simpeer_wait_end(&p, 1000));
	simpeer_close(&p);
	stop();
}

static void silence_is_answered_with_empty_results(void)
{
	struct simpeer p;
	const json_t *msg;

	start(NULL);
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 4500, 0);
	for (int i = 0; i < 3; i++) {
		msg = simpeer_wait(&p, "Results", 1000);
		CHECK(msg && !js_bool(msg, "is_final", true));
		CHECK_STR("", transcript(msg));
	}
	msg = simpeer_wait(&p, "Results", 1000);
	CHECK(js_bool(msg, "is_final", false));
	CHECK(js_bool(msg, "speech_final", false));
	CHECK_STR("", transcript(msg));
	simpeer_close(&p);
	stop();
}

static void finalize_is_answered_with_what_is_open(void)
{
	struct simpeer p;
	const json_t *msg;

	start(NULL);
	simpeer_open(&p, sim.url, LISTEN "&encoding=linear16&endpointing=false",
	             KEY);
	send_audio(&p, false, 2000, 4000);
	simpeer_send(&p, "{\"type\":\"Finalize\"}");
	msg = simpeer_wait(&p, "Results", 1000);
	CHECK(js_bool(msg, "from_finalize", false));
	CHECK_STR("one two three four", transcript(msg));
	send_audio(&p, false, 200, 0);
	simpeer_send(&p, "{\"type\":\"Finalize\"}");
	msg = simpeer_wait(&p, "Results", 1000);
	CHECK(js_bool(msg, "from_finalize", false));
	CHECK_STR("", transcript(msg));
	simpeer_send(&p, "{\"type\":\"Finalize\"}"); /* no audio since */
	CHECK(!simpeer_wait(&p, "Results", 200));
	simpeer_close(&p);
	stop();
}

static void a_silent_client_is_closed_in_time(void)
{
	static const char *const args[] = {"--idle-ms", "400", NULL};
	struct simpeer p;
	double began;

	start(args);
	simpeer_open(&p, sim.url, QUERY, KEY);
	began = simpeer_now();
	CHECK_INT(SIMPEER_TIMEOUT, simpeer_next(&p, 200));
	simpeer_send(&p, "{\"type\":\"KeepAlive\"}"); /* without audio */
	CHECK_INT(1011, simpeer_wait_end(&p, 2000));
	CHECK(strstr(buf_str(&p.msg), "NET-0001"));
	CHECK_NEAR(400, simpeer_now() - began, 150);
	simpeer_close(&p);

	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 20, 0);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(SIMPEER_TIMEOUT, simpeer_next(&p, 250));
		simpeer_send(&p, "{\"type\":\"KeepAlive\"}");
	}
	CHECK_INT(1011, simpeer_wait_end(&p, 2000));
	simpeer_close(&p);
	stop();
}

static void upgrades_are_refused_for_a_reason(void)
{
	static const struct {
		const char *target, *headers;
		int status;
		const char *code;
	} cases[] = {
		{QUERY, "Authorization: Token wrong\r\n", 401, "INVALID_AUTH"},
		{QUERY, "", 401, "INVALID_AUTH"},
		{QUERY, "Authorization: dg-key\r\n", 401, "INVALID_AUTH"},
		{"/v1/nothing", KEY, 404, "Not Found"},
		{"/v1/listen?encoding=mulaw&sample_rate=8000", KEY, 400, ""},
		{LISTEN "&encoding=mp3", KEY, 400, ""},
		{LISTEN, KEY, 400, "container"},
		{"/v1/listen?model=nova-3&encoding=mulaw", KEY, 400, ""},
		{"/v1/listen?model=flux-general-en&encoding=mulaw"
	         "&sample_rate=8000",
	         KEY, 400, "Flux"},
		{QUERY "&interim_results=true", KEY, 400, "duplicate"},
		{QUERY "&vad_events=yes", KEY, 400, ""},
		{QUERY "&utterance_end_ms=500", KEY, 400, ""},
		{LISTEN "&encoding=mulaw&utterance_end_ms=1000", KEY, 400, ""},
		{QUERY "&keywords=a", KEY, 400, "keyterm"},
		{QUERY "&callback=http://x/", KEY, 400, ""},
		{QUERY "&channels=2", KEY, 400, ""},
	};
	struct simpeer p;

	start(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		simpeer_open(&p, sim.url, cases[i].target, cases[i].headers);
		CHECK_INT(cases[i].status, p.status);
		CHECK(strstr(p.head, "dg-error: "));
		CHECK(strstr(p.head, "dg-request-id: "));
		CHECK(strstr(p.head, "\"err_code\""));
		CHECK(strstr(p.head, cases[i].code));
		simpeer_close(&p);
	}
	stop();
}

static void what_means_nothing_is_a_violation(void)
{
	static const uint8_t json[] = "{\"type\":\"KeepAlive\"}";
	struct simpeer p;
	const char *v;

	start(NULL);
	simpeer_open(&p, sim.url, QUERY "&speling=true", KEY);
	CHECK_INT(101, p.status);
	simpeer_send_binary(&p, json, sizeof(json) - 1);
	simpeer_send(&p, "{\"type\":\"Stop\"}");
	CHECK(simpeer_wait(&p, "Error", 1000));
	simpeer_send_frame(&p, 0x81, false, "{}", 2); /* not masked */
	CHECK_INT(1002, simpeer_wait_end(&p, 1000));
	v = simpeer_violations(sim.url);
	CHECK(strstr(v, "speling"));
	CHECK(strstr(v, "taken for audio"));
	CHECK(strstr(v, "unknown message"));
	CHECK(strstr(v, "not masked"));
	simpeer_close(&p);
	stop();
}

static void each_stream_has_its_script(void)
{
	static const char *const targets[] = {QUERY, QUERY,
	                                      QUERY "&tag=script:bob"};
	static const char *const texts[] = {"One two three four.",
	                                    "Good morning!", "Good morning!"};
	struct simpeer p[3];
	bool speech_final;

	start(NULL);
	for (int i = 0; i < 3; i++)
		simpeer_open(&p[i], sim.url, targets[i], KEY);
	for (int i = 0; i < 3; i++) {
		send_audio(&p[i], false, i ? 1000 : 2000, 4000);
		send_audio(&p[i], false, 700, 0);
	}
	for (int i = 0; i < 3; i++) {
		CHECK_STR(texts[i], next_final(&p[i], &speech_final));
		simpeer_close(&p[i]);
	}
	stop();
}

static void tones_are_heard_as_their_words(void)
{
	static const char *const args[] = {"--ear", "tones", NULL};
	static const char *const words[] = {"four", "please", "morning"};
	static int16_t pcm[HZ];
	struct simpeer p;
	bool speech_final;

	start(args);
	simpeer_open(&p, sim.url, QUERY, KEY);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const size_t n = wordtone_encode(words[i], HZ, 1, pcm, HZ);

		simpeer_send_binary(&p, pcm, n * sizeof(*pcm));
	}
	send_audio(&p, false, 500, 0);
	CHECK_STR("four please morning", next_final(&p, &speech_final));
	simpeer_close(&p);
	stop();
}

static void faults_strike_as_they_are_told(void)
{
	struct simpeer p;

	start(NULL);
	simpeer_fault(sim.url, "refuse:429,times=1");
	simpeer_open(&p, sim.url, QUERY, KEY);
	CHECK_INT(429, p.status);
	CHECK(strstr(p.head, "TOO_MANY_REQUESTS"));
	simpeer_close(&p);

	simpeer_fault(sim.url, "close:1011/NET-0000,at=50");
	simpeer_open(&p, sim.url, QUERY, KEY);
	CHECK_INT(101, p.status);
	CHECK_INT(1011, simpeer_wait_end(&p, 1000));
	CHECK_STR("NET-0000", buf_str(&p.msg) + 2);
	simpeer_close(&p);

	simpeer_fault(sim.url, "clear\nreset,at=50");
	simpeer_open(&p, sim.url, QUERY, KEY);
	CHECK_INT(SIMPEER_EOF, simpeer_wait_end(&p, 1000));
	simpeer_close(&p);

	simpeer_fault(sim.url, "clear\nhalf-open");
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 3000, 4000);
	CHECK_INT(SIMPEER_TIMEOUT, simpeer_next(&p, 300));
	simpeer_close(&p);

	simpeer_fault(sim.url, "clear\nno-answer");
	simpeer_open(&p, sim.url, QUERY, KEY);
	CHECK_INT(0, p.status);
	simpeer_close(&p);
	stop();
}

static void messages_come_in_fragments_when_told(void)
{
	static const char *const args[] = {"--fault", "fragment:50", NULL};
	struct simpeer p;
	bool speech_final;

	start(args);
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 2000, 4000);
	send_audio(&p, false, 700, 0);
	CHECK_STR("One two three four.", next_final(&p, &speech_final));
	CHECK(p.pieces > 10 && p.pings > 8);
	simpeer_close(&p);
	stop();
}

static void audio_far_ahead_of_time_is_slowed_down(void)
{
	static const char *const args[] = {"--intake-slack-ms", "1000", NULL};
	struct simpeer p;
	const double began = simpeer_now();
	json_t *slowed;

	start(args);
	simpeer_open(&p, sim.url, QUERY, KEY);
	send_audio(&p, false, 2000, 0);
	simpeer_send(&p, "{\"type\":\"CloseStream\"}");
	CHECK_INT(1000, simpeer_wait_end(&p, 5000));
	CHECK(simpeer_now() - began > 700);
	slowed = simpeer_state(sim.url, "streams.0.slowed");
	CHECK(json_integer_value(slowed) > 0);
	json_decref(slowed);
	simpeer_close(&p);
	stop();
}

static const struct test tests[] = {
	TEST(a_sentence_comes_as_it_is_spoken),
	TEST(mulaw_is_decoded_as_declared),
	TEST(an_end_of_speech_has_all_its_words_and_with_whole_the_first),
	TEST(lost_audio_loses_words),
	TEST(audio_in_another_encoding_is_refused),
	TEST(silence_is_answered_with_empty_results),
	TEST(finalize_is_answered_with_what_is_open),
	TEST(a_silent_client_is_closed_in_time),
	TEST(upgrades_are_refused_for_a_reason),
	TEST(what_means_nothing_is_a_violation),
	TEST(each_stream_has_its_script),
	TEST(tones_are_heard_as_their_words),
	TEST(faults_strike_as_they_are_told),
	TEST(messages_come_in_fragments_when_told),
	TEST(audio_far_ahead_of_time_is_slowed_down),
};

TEST_MAIN(tests)
