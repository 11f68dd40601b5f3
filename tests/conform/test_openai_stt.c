#include "bot/provider/openai_stt.h"

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
	.ops = &stt_openai_ops, .speech = speech, .n = ARRAY_LEN(speech)};

/* Two sentences: all 2 s of speech are needed for the first. */
static const char *script(void)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/script.txt", proc_temp_dir());
	f = fopen(path, "w");
	CHECK(f != NULL);
	fputs("[1900] I would like to book a table.\nFor two people.\n", f);
	fclose(f);
	return path;
}

static const char *begin(const char *fault)
{
	static char base[256];
	const char *args[] = {
		"--key", "k", "--sentences", script(), fault ? "--fault" : NULL,
		fault,   NULL};
	const char *url = rig_sim("openai-sim", "http", 0, args);

	for (size_t i = 0; i < ARRAY_LEN(speech); i++)
		speech[i] = (int16_t)(8000 * sin((double)i * 0.55));
	snprintf(base, sizeof(base), "%s/v1", url);
	fx.good = (struct provider_cfg){.key = "k", .url = base};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return url;
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

/* Speech, then what was understood of it under a fault. */
static struct stt_log hear(const char *fault)
{
	const char *url = begin(fault);
	struct stt_log log;
	struct stt *stt;

	CHECK_INT(0, stt_log_open(&stt, &log, &fx, &fx.good));
	stt_log_push(stt, &fx, 200);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, 9000));
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
	fx.n = ARRAY_LEN(speech);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, 9000));
	CHECK_INT(0, log.finals);
	/* The sentence is still there to be said. */
	log.flushed = 0;
	stt_log_push(stt, &fx, 0);
	CHECK_INT(0, stt_flush(stt));
	CHECK(rig_until(is_flushed, &log, 9000));
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
	TEST(an_error_means_silence),
	TEST(no_event_comes_inside_open),
	TEST(a_refusal_is_one_last_event),
	TEST(nothing_comes_after_close),
	TEST(close_is_fine_inside_the_handler),
	TEST(a_recording_becomes_text_without_a_lost_word),
	TEST(silence_is_not_sent),
	TEST(texts_come_in_the_order_of_their_recordings),
	TEST(one_failure_is_asked_again),
	TEST(a_recording_that_is_lost_ends_the_flush),
	TEST(a_quota_ends_it),
};

TEST_MAIN(tests)
