#include "bot/provider/flux.h"

#include <errno.h>

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_sim.h"
#include "tests/harness/test.h"

/* Two sentences: all 2 s of speech are needed for the first. */
static const struct stt_sim sim = {
	.program = "deepgram-sim",
	.scheme = "ws",
	.path = "",
	.option = "--script",
	.script = "[1900] I would like to book a table.\nFor two people.\n",
};
static struct stt_fixture fx = {.ops = &stt_flux_ops};

static const char *begin(const char *fault)
{
	return stt_sim_begin(&sim, &fx, fault);
}

STT_LAWS(&fx, begin(NULL))

static void a_turn_is_told_as_flux_sees_it(void)
{
	const char *url = begin(NULL);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 200);
	CHECK_INT(0, stt_flush(stt));
	fx.n = 0;
	stt_log_push(stt, &fx, 1000);
	fx.n = STT_SIM_SPEECH;
	rig_run(400);
	CHECK_INT(1, log.ready);
	CHECK(log.interims > 2);
	CHECK_INT(1, log.eagers);
	CHECK_INT(0, log.resumed);
	CHECK_INT(1, log.finals);
	CHECK_INT(1, log.turns);
	CHECK_INT(1, log.flushed);
	CHECK_STR("I would like to book a table.", log.text);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
}

static void a_pause_is_taken_back(void)
{
	const char *url = begin(NULL);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 380); /* eager after 250, over after 500 */
	stt_log_push(stt, &fx, 1000);
	rig_run(400);
	CHECK_INT(2, log.eagers);
	CHECK_INT(1, log.resumed);
	CHECK_INT(1, log.finals);
	CHECK_STR("I would like to book a table. For two people.", log.text);
	rig_no_violations(url);
	stt_close(&stt);
	rig_end();
}

/* A sound without speech: nothing will come of it, and that is said. */
static void a_flush_without_a_turn_is_answered(void)
{
	struct stt_log log;
	struct stt *stt;

	begin(NULL);
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	fx.n = 0;
	stt_log_push(stt, &fx, 300);
	CHECK_INT(0, stt_flush(stt));
	stt_log_push(stt, &fx, 600);
	fx.n = STT_SIM_SPEECH;
	CHECK(rig_until(stt_log_flushed, &log, 2000));
	CHECK_INT(0, log.finals);
	stt_close(&stt);
	rig_end();
}

static void a_lost_socket_costs_no_word(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("reset,nth=1,at=1500");
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 1600);
	rig_run(600);
	CHECK_INT(1, log.turns);
	CHECK_INT(0, log.last);
	CHECK_STR("I would like to book a table.", log.text);
	stt_close(&stt);
	rig_end();
}

static void a_wrong_key_says_so(void)
{
	begin(NULL);
	stt_sim_wrong_key(&fx);
}

/* The socket stays open, and nothing comes of it. */
static void a_deaf_recogniser_is_given_up(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("deaf");
	fx.good.tries = 1;
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	/* What was sent in silence within three seconds decides. */
	for (uint32_t i = 0; i < 500 && !log.last; i++) {
		static const int16_t silence[160];
		const struct pcm pcm = {silence, 160, 8000};

		CHECK_INT(0, stt_push(stt, &pcm));
		rig_pace(18);
	}
	CHECK_INT(1, log.last);
	CHECK_INT(-ETIMEDOUT, log.err);
	stt_close(&stt);
	rig_end();
}

static const struct test tests[] = {
	STT_LAW_TESTS,
	TEST(a_turn_is_told_as_flux_sees_it),
	TEST(a_pause_is_taken_back),
	TEST(a_flush_without_a_turn_is_answered),
	TEST(a_lost_socket_costs_no_word),
	TEST(a_wrong_key_says_so),
	TEST_SLOW(a_deaf_recogniser_is_given_up, 40),
};

TEST_MAIN(tests)
