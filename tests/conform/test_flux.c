#include "bot/provider/flux.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_laws.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static int16_t speech[16000];
static struct stt_fixture fx = {
	.ops = &stt_flux_ops, .speech = speech, .n = ARRAY_LEN(speech)};

static const char *script(void)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/script.txt", proc_temp_dir());
	f = fopen(path, "w");
	CHECK(f != NULL);
	/* All of its two seconds are needed for the first. */
	fputs("[1900] I would like to book a table.\nFor two people.\n", f);
	fclose(f);
	return path;
}

static const char *begin(const char *fault)
{
	const char *args[] = {
		"--key", "k", "--script", script(), fault ? "--fault" : NULL,
		fault,   NULL};

	for (size_t i = 0; i < ARRAY_LEN(speech); i++)
		speech[i] = (int16_t)(8000 * sin((double)i * 0.55));
	fx.good = (struct provider_cfg){
		.key = "k", .url = rig_sim("deepgram-sim", "ws", 0, args)};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return fx.good.url;
}

static void an_error_means_silence(void)
{
	begin(NULL);
	stt_law_error_means_silence(&fx);
}

static void no_event_comes_inside_open(void)
{
	begin(NULL);
	stt_law_no_event_inside_open(&fx);
}

static void a_refusal_is_one_last_event(void)
{
	begin(NULL);
	stt_law_one_last_event(&fx);
}

static void nothing_comes_after_close(void)
{
	begin(NULL);
	stt_law_nothing_after_close(&fx);
}

static void close_is_fine_inside_the_handler(void)
{
	begin(NULL);
	stt_law_close_inside_handler(&fx);
}

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
	fx.n = ARRAY_LEN(speech);
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

static bool is_flushed(void *arg)
{
	return ((struct stt_log *)arg)->flushed > 0;
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
	fx.n = ARRAY_LEN(speech);
	CHECK(rig_until(is_flushed, &log, 2000));
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
	struct stt_log log;
	struct stt *stt;

	begin(NULL);
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.bad));
	for (int i = 0; i < 200 && !log.last; i++)
		rig_run(20);
	CHECK_INT(ERR_AUTH, log.err);
	stt_close(&stt);
	rig_end();
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
	TEST(an_error_means_silence),
	TEST(no_event_comes_inside_open),
	TEST(a_refusal_is_one_last_event),
	TEST(nothing_comes_after_close),
	TEST(close_is_fine_inside_the_handler),
	TEST(a_turn_is_told_as_flux_sees_it),
	TEST(a_pause_is_taken_back),
	TEST(a_flush_without_a_turn_is_answered),
	TEST(a_lost_socket_costs_no_word),
	TEST(a_wrong_key_says_so),
	TEST_SLOW(a_deaf_recogniser_is_given_up, 40),
};

TEST_MAIN(tests)
