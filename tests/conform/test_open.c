#include <stdio.h>
#include <string.h>

#include "bot/provider/cartesia.h"
#include "bot/provider/deepgram.h"
#include "bot/provider/llm.h"
#include "bot/provider/openai.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "tests/conform/rig.h"
#include "tests/harness/test.h"

static char call_id[PROVIDER_CALL_ID_MAX];

static void stt_handler(const struct stt_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

static void tts_handler(const struct tts_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

static void llm_handler(const struct llm_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
}

/* Whoever reserves gives calls their ids; the longest is no reason to fail. */
static void ids_are_as_long_as_a_sessions(void)
{
	const struct llm_msg msg = {.role = LLM_USER, .text = "Hello"};
	struct provider_cfg ws = {.key = "k", .url = rig_dead_url("ws")};
	struct provider_cfg http = {.key = "k"};
	const struct stt_params stt_prm = {
		.cfg = &ws, .hz = 8000, .ulaw = true, .call_id = call_id};
	const struct tts_params tts_prm = {
		.cfg = &ws, .fmt = AUDIO_ULAW_8K, .call_id = call_id};
	const struct llm_params llm_prm = {
		.cfg = &http, .msgs = &msg, .n_msgs = 1, .call_id = call_id};
	struct stt *stt;
	struct tts *tts;
	struct llm *llm;

	memset(call_id, 'x', sizeof(call_id) - 1);
	CHECK_INT(0, stt_open(&stt, &stt_deepgram_ops, rig_net(), &stt_prm,
	                      stt_handler, NULL));
	stt_close(&stt);
	CHECK_INT(0, tts_open(&tts, &tts_cartesia_ops, rig_net(), &tts_prm,
	                      tts_handler, NULL));
	tts_close(&tts);
	http.url = rig_dead_url("http");
	CHECK_INT(0, llm_open(&llm, &llm_openai_ops, rig_net(), &llm_prm,
	                      llm_handler, NULL));
	llm_close(&llm);
	rig_end();
}

static const struct test tests[] = {
	TEST(ids_are_as_long_as_a_sessions),
};

TEST_MAIN(tests)
