#include "bot/provider/openai_stt.h"

#include <errno.h>

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_sim.h"
#include "tests/harness/test.h"

/* Two sentences: all 2 s of speech are needed for the first. */
static const struct stt_sim sim = {
	.program = "openai-sim",
	.scheme = "http",
	.path = "/v1",
	.option = "--sentences",
	.script = "[1900] I would like to book a table.\nFor two people.\n",
};
static struct stt_fixture fx = {.ops = &stt_openai_ops};

static const char *begin(const char *fault)
{
	return stt_sim_begin(&sim, &fx, fault);
}

STT_LAWS(&fx, begin(NULL))

/* Speech, then what was understood of it under a fault. */
static struct stt_log hear(const char *fault)
{
	const char *url = begin(fault);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 200);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 9000));
	CHECK_INT(1, log.flushed);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
	return log;
}

static void a_recording_becomes_text_without_a_lost_word(void)
{
	struct stt_log log = hear(NULL);

	CHECK_STR("I would like to book a table.", log.text);
	CHECK_INT(1, log.finals);
	CHECK_INT(1, log.ready);
}

static void silence_is_not_sent(void)
{
	const char *url = begin(NULL);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	fx.n = 0;
	stt_log_push(stt, &fx, 600);
	fx.n = STT_SIM_SPEECH;
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 9000));
	CHECK_INT(0, log.finals);
	/* The sentence is still there to be said. */
	log.flushed = 0;
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(stt_log_flushed, &log, 9000));
	CHECK_STR("I would like to book a table.", log.text);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
}

static void texts_come_in_the_order_of_their_recordings(void)
{
	const char *url = begin("slow:500,nth=1");
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	for (int i = 0; i < 400 && log.flushed < 2; i++)
		rig_run(20);
	CHECK_INT(2, log.flushed);
	CHECK_STR("I would like to book a table. For two people.", log.text);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
}

static void one_failure_is_asked_again(void)
{
	CHECK_STR("I would like to book a table.",
	          hear("error:503,nth=1").text);
}

static void a_recording_that_is_lost_ends_the_flush(void)
{
	struct stt_log log = hear("error:503");

	CHECK_INT(0, log.finals);
	CHECK_INT(0, log.last);
}

static void a_quota_ends_it(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("error:429/insufficient_quota");
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	for (int i = 0; i < 200 && !log.last; i++)
		rig_run(20);
	CHECK_INT(1, log.last);
	CHECK_INT(-EDQUOT, log.err);
	stt_close(&stt);
	rig_end();
}

static const struct test tests[] = {
	STT_LAW_TESTS,
	TEST(a_recording_becomes_text_without_a_lost_word),
	TEST(silence_is_not_sent),
	TEST(texts_come_in_the_order_of_their_recordings),
	TEST(one_failure_is_asked_again),
	TEST(a_recording_that_is_lost_ends_the_flush),
	TEST(a_quota_ends_it),
};

TEST_MAIN(tests)
