#include "bot/provider/cartesia.h"

#include "tests/conform/rig.h"
#include "tests/conform/tts_laws.h"
#include "tests/harness/test.h"

static struct tts_fixture fx = {.ops = &tts_cartesia_ops};

static const char *begin(const char *fault)
{
	const char *args[] = {"--key", "k", fault ? "--fault" : NULL, fault,
	                      NULL};

	fx.good = (struct provider_cfg){
		.key = "k", .url = rig_sim("cartesia-sim", "ws", 0, args)};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return fx.good.url;
}

TTS_LAWS(&fx, begin(NULL))

/* What one sentence of three words says under a fault: no reply is lost, and
 * the protocol is kept. */
static void speak_under(const char *fault, bool fails)
{
	const char *url = begin(fault);
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, &fx, &fx.good));
	tts_log_say(tts, 1, "Seven little words.");
	CHECK(tts_log_until_done(&log, 1, 12000));
	if (fails) {
		CHECK_INT(1, log.reply[1].failed);
		CHECK(log.err < 0);
	} else {
		CHECK_INT(1, log.reply[1].done);
		CHECK(log.reply[1].audio > 3000);
	}
	rig_no_violations(url);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

static void words_come_with_their_times(void)
{
	const char *url = begin(NULL);
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, &fx, &fx.good));
	tts_log_say(tts, 1, "Seven little words.");
	CHECK(tts_log_until_done(&log, 1, 12000));
	CHECK_INT(3, log.reply[1].words);
	CHECK(!log.reply[1].words_fall);
	CHECK(log.reply[1].last_word_ms > 100);
	rig_no_violations(url);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

static void a_huge_chunk_arrives_whole(void)
{
	speak_under("huge-chunk", false);
}

static void messages_in_fragments_arrive_whole(void)
{
	speak_under("fragment", false);
}

static void a_voice_that_stays_mute_fails_the_reply(void)
{
	speak_under("mute", true);
}

static void a_pause_of_the_model_takes_a_new_context(void)
{
	const char *url = begin(NULL);
	struct tts_log log;
	struct tts *tts;

	CHECK_INT(0, tts_log_open(&tts, &log, &fx, &fx.good));
	CHECK_INT(0, tts_speak(tts, 1, "One moment.", 11));
	rig_pace(2500); /* longer than a context lives */
	CHECK_INT(0, log.reply[1].done);
	tts_log_say(tts, 1, "Here it is.");
	CHECK(tts_log_until_done(&log, 1, 12000));
	CHECK_INT(1, log.reply[1].done);
	CHECK_INT(5, log.reply[1].words);
	CHECK(!log.reply[1].words_fall);
	rig_no_violations(url);
	tts_close(&tts);
	tts_log_fini(&log);
	rig_end();
}

static const struct test tests[] = {
	TTS_LAW_TESTS,
	TEST(words_come_with_their_times),
	TEST(a_huge_chunk_arrives_whole),
	TEST(messages_in_fragments_arrive_whole),
	TEST(a_voice_that_stays_mute_fails_the_reply),
	TEST(a_pause_of_the_model_takes_a_new_context),
};

TEST_MAIN(tests)
