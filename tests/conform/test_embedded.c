/* The providers in this process: the laws, and what is theirs alone. */
#include "bot/provider/embedded.h"

#include <errno.h>
#include <stdlib.h>

#include "bot/engine/engine.h"
#include "bot/engine/recogniser.h"
#include "bot/engine/speaker.h"
#include "bot/media/audio.h"
#include "bot/net/net.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_laws.h"
#include "tests/conform/tts_laws.h"
#include "tests/harness/speech.h"
#include "tests/harness/test.h"
#include "tests/harness/wer.h"

enum { WAIT_MS = 15000 };

static struct engine *engine;
static struct net_wake *wake;
static struct speech speech;
static struct stt_fixture ear = {.ops = &stt_embedded_ops,
                                 .bad_fails_in_open = true};
static struct tts_fixture voice = {.bad_fails_in_open = true};

static void send_wake(void *arg)
{
	(void)arg;
	net_wake_send(wake);
}

static void drain(void *arg)
{
	(void)arg;
	if (engine)
		engine_drain(engine);
}

static void end(void)
{
	engine_free(&engine);
	net_wake_close(&wake);
	speech_fini(&speech);
}

/* Ahead of all tests. */
static void load(void)
{
	const struct engine_params prm = {.models_dir = getenv("MODELS_DIR"),
	                                  .hear = true,
	                                  .speak = true,
	                                  .threads = 2};

	CHECK_INT(0, engine_new(&engine, &prm));
}

static void begin(const char *prompt)
{
	struct net *net = rig_net();

	CHECK_INT(0, net_wake_open(&wake, net, drain, NULL));
	CHECK_INT(0, engine_start(engine, send_wake, NULL));
	rig_before_end(end);
	rig_ends_all();
	if (prompt) {
		speech_prompt(&speech, prompt);
		speech_pad(&speech, 200, 0);
		ear.speech = speech.v;
		ear.n = speech.n;
	}
	ear.good = (struct provider_cfg){.engine = engine};
	voice.good = ear.good;
}

/* ---- hearing ---- */

static void begin_ear(void)
{
	begin("agent-pass");
}

STT_LAW(an_error_means_silence, error_means_silence, &ear, begin_ear())
STT_LAW(no_event_comes_inside_open, no_event_inside_open, &ear, begin_ear())
STT_LAW(without_an_engine_open_fails, one_last_event, &ear, begin_ear())
STT_LAW(nothing_comes_after_close, nothing_after_close, &ear, begin_ear())
STT_LAW(close_is_fine_inside_the_handler, close_inside_handler, &ear,
        begin_ear())

static bool is_flushed(void *arg)
{
	return ((struct stt_log *)arg)->flushed > 0;
}

static void check_password(const struct stt_log *log)
{
	struct wer sum = {0};

	wer_add(&sum, "Please enter your password followed by the pound key.",
	        log->text);
	CHECK_INT(0, sum.errors);
}

/* The silence is long enough for the text to be there before it is asked
 * for. */
static void a_turn_has_partial_texts_and_a_final_one(void)
{
	struct stt_log log;
	struct stt *stt;

	begin_ear();
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	stt_log_push(stt, &ear, 500);
	CHECK(log.interims >= 2);
	CHECK_INT(0, log.finals);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	CHECK_INT(1, log.finals);
	CHECK_INT(1, log.ready);
	check_password(&log);
	stt_close(&stt);
	rig_end();
}

/* Nobody asks: a second of silence does. */
static bool has_final(void *arg)
{
	return ((struct stt_log *)arg)->finals > 0;
}

static void a_second_of_silence_ends_a_turn(void)
{
	struct stt_log log;
	struct stt *stt;

	begin_ear();
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	stt_log_push(stt, &ear, 1300);
	CHECK(rig_until(has_final, &log, WAIT_MS));
	check_password(&log);
	CHECK_INT(0, log.flushed);
	stt_close(&stt);
	rig_end();
}

static void a_flush_in_mid_speech_gives_what_was_heard_till_then(void)
{
	struct stt_log log;
	struct stt *stt;

	begin_ear();
	ear.n = ear.n / 2;
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	stt_log_push(stt, &ear, 0);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	CHECK_INT(1, log.finals);
	CHECK(strncmp(log.text, "Please enter", 12) == 0);
	stt_close(&stt);
	rig_end();
}

/* The text is asked for in a pause, and speech goes on before it is found. */
static void who_speaks_on_meanwhile_loses_no_word(void)
{
	static const char spoken[] =
		"Please enter your password followed by the pound key. Please "
		"enter your password followed by the pound key.";
	struct wer sum = {0};
	struct stt_log log;
	struct stt *stt;

	begin_ear();
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	stt_log_push(stt, &ear, 150);
	CHECK_INT(0, stt_flush(stt));
	/* Far faster than it was spoken, so that the text is still not there
	 * when all of it has been heard. */
	for (size_t i = 0; i + 160 <= speech.n; i += 160) {
		CHECK_INT(0, stt_push(stt,
		                      &(struct pcm){speech.v + i, 160, 8000}));
		if (i % 1600 == 0)
			rig_run(1);
	}
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	log.flushed = 0;
	stt_log_push(stt, &(struct stt_fixture){.n = 0}, 400);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	wer_add(&sum, spoken, log.text);
	if (sum.errors > 3) /* the cut may have gone through a word */
		test_fail(__FILE__, __LINE__, "%s", log.text);
	stt_close(&stt);
	rig_end();
}

static void silence_is_flushed_without_words(void)
{
	struct stt_log log;
	struct stt *stt;

	begin_ear();
	ear.n = 0;
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	stt_log_push(stt, &ear, 600);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	CHECK_INT(0, log.finals + log.interims);
	stt_close(&stt);
	rig_end();
}

/* As fast as it can be pushed: every piece of the buffer is used, and nothing
 * is lost at the cut. */
static void a_turn_of_half_a_minute_is_cut_and_kept(void)
{
	static const char spoken[] =
		"Thank you for calling Super Awesome Company, Waldo's premier "
		"provider of perfect products. If you know your party's "
		"extension, you may dial it at any time. To establish a sales "
		"partnership, press one. To speak with a customer advocate, "
		"press two. For accounting and other receivables, press three. "
		"For a company directory, press four. For an operator, press "
		"zero.";
	struct wer sum = {0};
	struct stt_log log;
	struct stt *stt;

	begin("basic-pbx-ivr-main");
	CHECK(speech.n > 21 * 8000);
	CHECK_INT(0, stt_log_open(&stt, &log, &ear, &ear.good));
	for (size_t i = 0; i + 160 <= speech.n; i += 160) {
		struct pcm pcm = {speech.v + i, 160, 8000};

		CHECK_INT(0, stt_push(stt, &pcm));
		if (i % 1600 == 0)
			rig_run(2);
	}
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, WAIT_MS));
	wer_add(&sum, spoken, log.text);
	CHECK(wer_percent(&sum) < 15);
	stt_close(&stt);
	rig_end();
}

/* ---- speaking ---- */

#define LAW(name, law, ops_)           \
	static void name##_##law(void) \
	{                              \
		begin(NULL);           \
		voice.ops = &(ops_);   \
		tts_law_##law(&voice); \
	}
#define SMALL(law)   LAW(small_voice, law, tts_flite_ops)
#define NATURAL(law) LAW(natural_voice, law, tts_embedded_ops)

/* The natural voice differs in what takes time only. */
SMALL(no_event_inside_open)
SMALL(one_last_event)
SMALL(nothing_after_close)
SMALL(close_inside_handler)
SMALL(replies_are_done_once_and_in_order)
SMALL(a_cancelled_reply_is_silent)
NATURAL(nothing_after_close)
NATURAL(close_inside_handler)
NATURAL(replies_are_done_once_and_in_order)
NATURAL(a_cancelled_reply_is_silent)

static void what_is_spoken_can_be_understood(void)
{
	static const char said[] =
		"Sure, I can book that for you. What day works best?";
	struct wer sum = {0};
	struct tts_log log;
	struct buf text;
	struct tts *tts;
	int16_t *pcm;

	begin(NULL);
	voice.ops = &tts_embedded_ops;
	CHECK_INT(0, tts_log_open(&tts, &log, &voice, &voice.good));
	tts_log_say(tts, 1, said);
	CHECK(tts_log_until_done(&log, 1, WAIT_MS));
	CHECK_INT(11, log.reply[1].words);
	pcm = mem_alloc(log.audio_len * sizeof(*pcm));
	CHECK(pcm != NULL);
	audio_decode(pcm, AUDIO_ULAW_8K, log.audio, log.audio_len);
	buf_init(&text, 1024);
	CHECK_INT(0, recogniser_hear(engine_recogniser(engine),
	                             &(struct pcm){pcm, log.audio_len, 8000},
	                             RECOGNISER_FINAL, &text, NULL, NULL));
	wer_add(&sum, said, buf_str(&text));
	CHECK(sum.errors <= 1);
	buf_fini(&text);
	mem_free(pcm);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

static void a_late_voice_gives_way_to_the_small_one_for_a_while(void)
{
	struct speaker *s;
	const uint64_t now = 1000000;

	begin(NULL);
	s = engine_speaker(engine);
	CHECK(speaker_cost(s) > 0);
	if (speaker_cost(s) < 1) {
		CHECK_INT(SPEAKER_NATURAL, speaker_choose(s, now));
		speaker_release(s, SPEAKER_NATURAL);
		speaker_late(s, SPEAKER_LATE_MS, now);
		CHECK_INT(SPEAKER_NATURAL, speaker_choose(s, now));
		speaker_release(s, SPEAKER_NATURAL);
	}
	speaker_late(s, SPEAKER_LATE_MS + 1, now);
	CHECK_INT(SPEAKER_SMALL, speaker_choose(s, now + 1));
	rig_end();
}

static void many_talkers_at_once_get_the_small_voice(void)
{
	struct speaker *s;
	unsigned natural = 0;

	begin(NULL);
	s = engine_speaker(engine);
	while (natural < 1000 && speaker_choose(s, 1) == SPEAKER_NATURAL)
		natural++;
	CHECK(natural < 1000);
	for (unsigned i = 0; i < natural; i++)
		speaker_release(s, SPEAKER_NATURAL);
	rig_end();
}

#define BOTH(law) TEST(small_voice_##law), TEST_SLOW(natural_voice_##law, 80)

static const struct test tests[] = {
	TEST(an_error_means_silence),
	TEST(no_event_comes_inside_open),
	TEST(without_an_engine_open_fails),
	TEST(nothing_comes_after_close),
	TEST(close_is_fine_inside_the_handler),
	TEST_SLOW(a_turn_has_partial_texts_and_a_final_one, 80),
	TEST_SLOW(a_second_of_silence_ends_a_turn, 80),
	TEST_SLOW(a_flush_in_mid_speech_gives_what_was_heard_till_then, 80),
	TEST_SLOW(who_speaks_on_meanwhile_loses_no_word, 80),
	TEST(silence_is_flushed_without_words),
	TEST_SLOW(a_turn_of_half_a_minute_is_cut_and_kept, 80),
	TEST(small_voice_no_event_inside_open),
	TEST(small_voice_one_last_event),
	BOTH(nothing_after_close),
	BOTH(close_inside_handler),
	BOTH(replies_are_done_once_and_in_order),
	BOTH(a_cancelled_reply_is_silent),
	TEST_SLOW(what_is_spoken_can_be_understood, 80),
	TEST(a_late_voice_gives_way_to_the_small_one_for_a_while),
	TEST(many_talkers_at_once_get_the_small_voice),
};

TEST_MAIN_AFTER(load, tests)
