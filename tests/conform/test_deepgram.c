#include "bot/provider/deepgram.h"

#include <stdio.h>

#include "common/err.h"
#include "tests/conform/rig.h"
#include "tests/conform/stt_laws.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static int16_t speech[16000];
static struct stt_fixture fx = {
	.ops = &stt_deepgram_ops, .speech = speech, .n = ARRAY_LEN(speech)};

/* A script of three sentences, in a file. */
static const char *script(void)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/script.txt", proc_temp_dir());
	f = fopen(path, "w");
	CHECK(f != NULL);
	fputs("I would like to book a table.\nFor two people.\nThank you.\n",
	      f);
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

static bool is_flushed(void *arg)
{
	return ((struct stt_log *)arg)->flushed > 0;
}

static void speech_becomes_text(void)
{
	const char *url = begin(NULL);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 200);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, 3000));
	CHECK_STR("I would like to book a table.", log.text);
	CHECK(log.interims > 0);
	rig_no_violations(url);
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

static void a_flush_that_is_never_answered_ends_all_the_same(void)
{
	struct stt_log log;
	struct stt *stt;

	begin("finalize-silent");
	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, 3000));
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
	CHECK(rig_until(is_flushed, &log, 3000));
	CHECK_STR("I would like to book a table.", log.text);
	CHECK_INT(0, log.last);
	stt_close(&stt);
	rig_end();
}

static const struct test tests[] = {
	TEST(an_error_means_silence),
	TEST(no_event_comes_inside_open),
	TEST(a_refusal_is_one_last_event),
	TEST(nothing_comes_after_close),
	TEST(close_is_fine_inside_the_handler),
	TEST(speech_becomes_text),
	TEST(a_wrong_key_says_so),
	TEST_SLOW(a_socket_that_went_deaf_costs_no_word, 40),
	TEST(a_flush_that_is_never_answered_ends_all_the_same),
};

TEST_MAIN(tests)
