/* The voices that make a piece at a time, each against its simulator. */
#include <errno.h>
#include <stdio.h>

#include "bot/provider/deepgram_tts.h"
#include "bot/provider/elevenlabs.h"
#include "bot/provider/openai_tts.h"
#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/tts_laws.h"
#include "tests/harness/test.h"

static const struct voice {
	const struct tts_ops *ops;
	const char *sim, *scheme, *path;
	const char *mute, *cut; /* faults */
} voices[] = {
	{&tts_openai_ops, "openai-sim", "http", "/v1", "speech-mute",
         "speech-cut,nth=1"},
	{&tts_deepgram_ops, "deepgram-sim", "ws", "", "speak-mute",
         "cut-after:4000,nth=1"},
	{&tts_elevenlabs_ops, "elevenlabs-sim", "ws", "", "mute",
         "cut-after:6000,nth=1"},
};

static struct tts_fixture fx;

static const char *begin(const struct voice *v, const char *fault)
{
	static char base[256];
	const char *args[] = {"--key", "k", fault ? "--fault" : NULL, fault,
	                      NULL};
	const char *url = rig_sim(v->sim, v->scheme, 0, args);

	snprintf(base, sizeof(base), "%s%s", url, v->path);
	fx = (struct tts_fixture){.ops = v->ops,
	                          .good = {.key = "k", .url = base}};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return url;
}

static void every(void (*law)(const struct tts_fixture *fx))
{
	for (size_t i = 0; i < ARRAY_LEN(voices); i++) {
		begin(&voices[i], NULL);
		law(&fx);
	}
}

static void no_event_comes_inside_open(void)
{
	every(tts_law_no_event_inside_open);
}

static void a_refusal_is_one_last_event(void)
{
	every(tts_law_one_last_event);
}

static void nothing_comes_after_close(void)
{
	every(tts_law_nothing_after_close);
}

static void close_is_fine_inside_the_handler(void)
{
	every(tts_law_close_inside_handler);
}

static void replies_are_done_once_and_in_order(void)
{
	every(tts_law_replies_are_done_once_and_in_order);
}

static void a_cancelled_reply_is_silent(void)
{
	every(tts_law_a_cancelled_reply_is_silent);
}

/* What two pieces of five words say; the log is to be released. */
static struct tts_log speak(const struct voice *v, const char *fault,
                            bool strict)
{
	const char *url = begin(v, fault);
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, &fx, &fx.good));
	CHECK_INT(0, tts_speak(tts, 1, "Seven little words.", 19));
	tts_log_say(tts, 1, "And \"more\".");
	CHECK(tts_log_until_done(&log, 1, 15000));
	if (strict)
		rig_no_violations(url);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
	return log;
}

static void words_come_with_their_times(void)
{
	for (size_t i = 0; i < ARRAY_LEN(voices); i++) {
		struct tts_log log = speak(&voices[i], NULL, true);

		CHECK_INT(1, log.reply[1].done);
		CHECK_INT(5, log.reply[1].words);
		CHECK(!log.reply[1].words_fall);
		/* The last one begins behind the second piece's first. */
		CHECK(log.reply[1].last_word_ms * 8 > log.reply[1].audio / 2);
		CHECK(log.reply[1].last_word_ms * 8 < log.reply[1].audio);
	}
}

static void a_voice_that_stays_mute_fails_the_reply(void)
{
	for (size_t i = 0; i < ARRAY_LEN(voices); i++) {
		struct tts_log log = speak(&voices[i], voices[i].mute, true);

		CHECK_INT(1, log.reply[1].failed);
		CHECK_INT(-ETIMEDOUT, log.err);
	}
}

/* The piece that was being heard is left as it is, the next one is spoken. */
static void a_connection_that_breaks_costs_one_piece_at_most(void)
{
	for (size_t i = 0; i < ARRAY_LEN(voices); i++) {
		struct tts_log whole = speak(&voices[i], NULL, true);
		struct tts_log cut = speak(&voices[i], voices[i].cut, true);

		CHECK_INT(1, cut.reply[1].done);
		CHECK_INT(0, cut.last);
		if (cut.reply[1].audio >= whole.reply[1].audio ||
		    cut.reply[1].audio <= whole.reply[1].audio / 3)
			test_fail(__FILE__, __LINE__, "%s: %zu of %zu",
			          voices[i].sim, cut.reply[1].audio,
			          whole.reply[1].audio);
	}
}

static void failures_of_an_http_voice_are_told_apart(void)
{
	CHECK_INT(-EBUSY, speak(&voices[0], "error:503", true).err);
	CHECK_INT(ERR_LIMIT, speak(&voices[0], "error:429", true).err);
	/* One failure is asked again. */
	CHECK_INT(1, speak(&voices[0], "error:503,nth=1", true).reply[1].done);
}

static void a_clear_without_its_answer_takes_a_new_socket(void)
{
	const char *url = begin(&voices[1], "no-cleared,nth=1");
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, &fx, &fx.good));
	CHECK_INT(0, tts_speak(tts, 1, "One two three four.", 19));
	while (!log.reply[1].audio)
		rig_run(20);
	log.reply[1].cancelled = true;
	tts_cancel(tts, 1);
	tts_log_say(tts, 2, "Hello again.");
	CHECK(tts_log_until_done(&log, 2, 15000));
	CHECK_INT(1, log.reply[2].done);
	CHECK_INT(0, log.stale);
	CHECK_INT(2, log.ready);
	rig_no_violations(url);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

static void an_error_of_elevenlabs_fails_the_reply(void)
{
	struct tts_log log = speak(&voices[2], "error", true);

	CHECK_INT(1, log.reply[1].failed);
	CHECK_INT(ERR_PROVIDER, log.err);
}

static void without_alignment_words_are_estimated(void)
{
	CHECK_INT(5, speak(&voices[2], "no-alignment", true).reply[1].words);
}

static const struct test tests[] = {
	TEST_SLOW(no_event_comes_inside_open, 40),
	TEST_SLOW(a_refusal_is_one_last_event, 40),
	TEST_SLOW(nothing_comes_after_close, 40),
	TEST_SLOW(close_is_fine_inside_the_handler, 40),
	TEST_SLOW(replies_are_done_once_and_in_order, 60),
	TEST_SLOW(a_cancelled_reply_is_silent, 60),
	TEST_SLOW(words_come_with_their_times, 60),
	TEST_SLOW(a_voice_that_stays_mute_fails_the_reply, 60),
	TEST_SLOW(a_connection_that_breaks_costs_one_piece_at_most, 80),
	TEST_SLOW(failures_of_an_http_voice_are_told_apart, 40),
	TEST_SLOW(a_clear_without_its_answer_takes_a_new_socket, 40),
	TEST(an_error_of_elevenlabs_fails_the_reply),
	TEST(without_alignment_words_are_estimated),
};

TEST_MAIN(tests)
