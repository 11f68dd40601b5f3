#include "bot/provider/deepgram.h"

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_sim.h"
#include "tests/harness/test.h"

static const struct stt_sim sim = {
	.program = "deepgram-sim",
	.scheme = "ws",
	.path = "",
	.option = "--script",
	.script =
		"I would like to book a table.\nFor two people.\nThank you.\n",
};
static struct stt_fixture fx = {.ops = &stt_deepgram_ops};

static const char *begin(const char *fault)
{
	return stt_sim_begin(&sim, &fx, fault);
}

STT_LAWS(&fx, begin(NULL))

static void speech_becomes_text(void)
{
	const char *url = begin(NULL);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 200);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 3000));
	CHECK_STR("I would like to book a table.", log.text);
	CHECK(log.interims > 0);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
}

static void a_wrong_key_says_so(void)
{
	begin(NULL);
	stt_sim_wrong_key(&fx);
}

static void a_flush_that_is_never_answered_ends_all_the_same(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("finalize-silent");
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 3000));
	stt_close(&stt);
	rig_end();
}

/* The socket stays open, and nothing comes of it: the next one hears it all. */
static void a_socket_that_went_deaf_costs_no_word(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("half-open,nth=1,at=100");
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 6500);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 3000));
	CHECK_STR("I would like to book a table.", log.text);
	CHECK_INT(0, log.last);
	stt_close(&stt);
	rig_end();
}

static const struct test tests[] = {
	STT_LAW_TESTS,
	TEST(speech_becomes_text),
	TEST(a_wrong_key_says_so),
	TEST_SLOW(a_socket_that_went_deaf_costs_no_word, 40),
	TEST(a_flush_that_is_never_answered_ends_all_the_same),
};

TEST_MAIN(tests)
