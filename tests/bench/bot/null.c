/*
 * null.c - providers that do nothing, for the bench's bot alone
 *
 * bench_bot is the bot with this file in place of bot/provider/find.c: whatever
 * STT, LLM and TTS ask for, they get these. The recogniser hands out a sentence
 * when it is asked for what was said, the model answers at once, the voice has
 * its sound ready. What is left is what the bot itself costs: sockets, timers,
 * conversation, playout, voice detection.
 *
 * BENCH_VAD=off takes voice detection away as well (the linker's --wrap leads
 * vad_feed() here); turns then follow the amount of audio.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bot/media/vad.h"
#include "bot/net/net.h"
#include "bot/provider/llm.h"
#include "bot/provider/stt.h"
#include "bot/provider/tts.h"
#include "common/mem.h"
#include "common/timer.h"

enum {
	TURN_MS = 8000,   /* as the load generator's */
	PER_BYTE_MS = 60, /* of text: some 16 characters a second */
	SOUND_MS = 3200,  /* of a reply at most */
	SOUND_BYTES = SOUND_MS * 8,
	SPREAD_MS = 4973, /* between two calls' turns; prime */
};

static const char heard[] = "Could you tell me what is still open?";
static const char answer[] =
	"Of course, there is one payment left that is due on Friday.";

static bool vad_is_off(void)
{
	static int off = -1;

	if (off < 0) {
		/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		const char *v = getenv("BENCH_VAD");

		off = v && !strcmp(v, "off");
	}
	return off;
}

void __real_vad_feed(struct vad *v, const int16_t *pcm, size_t n);
void __wrap_vad_feed(struct vad *v, const int16_t *pcm, size_t n);

void __wrap_vad_feed(struct vad *v, const int16_t *pcm, size_t n)
{
	if (!vad_is_off())
		__real_vad_feed(v, pcm, n);
}

/* ---- recogniser ------------------------------------------------------- */

struct null_stt {
	struct stt stt;
	struct timers *timers;
	struct timer timer;
	uint64_t samples, next; /* pushed; when the next turn is due */
	uint32_t hz;
};

static int stt_open_null(struct stt **sttp, struct net *net,
                         const struct stt_params *prm)
{
	static unsigned opened;
	struct null_stt *n = mem_zalloc(sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->timers = net_timers(net);
	n->hz = prm->hz;
	n->next = (3000 + opened++ * SPREAD_MS % TURN_MS) * (n->hz / 1000);
	*sttp = &n->stt;
	return 0;
}

static void decided(void *arg)
{
	struct null_stt *n = arg;
	const struct stt_event text = {.type = STT_FINAL,
	                               .text = heard,
	                               .text_len = sizeof(heard) - 1};
	const struct stt_event end = {.type = STT_FLUSHED};

	if (stt_emit(&n->stt, &text))
		(void)stt_emit(&n->stt, &end);
}

static int stt_flush_null(struct stt *stt)
{
	struct null_stt *n = CONTAINER_OF(stt, struct null_stt, stt);

	timer_start(n->timers, &n->timer, 0, decided, n);
	return 0;
}

static int stt_push_null(struct stt *stt, const struct pcm *pcm)
{
	struct null_stt *n = CONTAINER_OF(stt, struct null_stt, stt);

	n->samples += pcm->n;
	if (!vad_is_off() || n->samples < n->next)
		return 0;
	n->next += (uint64_t)TURN_MS * (n->hz / 1000);
	return stt_flush_null(stt);
}

static void stt_close_null(struct stt *stt)
{
	struct null_stt *n = CONTAINER_OF(stt, struct null_stt, stt);

	timer_stop(n->timers, &n->timer);
	mem_free(n);
}

static const struct stt_ops stt_null_ops = {
	.name = "null",
	.open = stt_open_null,
	.push = stt_push_null,
	.flush = stt_flush_null,
	.close = stt_close_null,
};

/* ---- model ------------------------------------------------------------ */

struct null_llm {
	struct llm llm;
	struct timers *timers;
	struct timer timer;
};

static void answered(void *arg)
{
	struct null_llm *n = arg;
	const struct llm_event text = {.type = LLM_TEXT,
	                               .text = answer,
	                               .text_len = sizeof(answer) - 1};
	const struct llm_event end = {.type = LLM_DONE, .finish = LLM_STOP};

	if (llm_emit(&n->llm, &text))
		(void)llm_emit(&n->llm, &end);
}

static int llm_open_null(struct llm **llmp, struct net *net,
                         const struct llm_params *prm)
{
	struct null_llm *n = mem_zalloc(sizeof(*n));

	(void)prm;
	if (!n)
		return -ENOMEM;
	n->timers = net_timers(net);
	timer_start(n->timers, &n->timer, 0, answered, n);
	*llmp = &n->llm;
	return 0;
}

static void llm_close_null(struct llm *llm)
{
	struct null_llm *n = CONTAINER_OF(llm, struct null_llm, llm);

	timer_stop(n->timers, &n->timer);
	mem_free(n);
}

static const struct llm_ops llm_null_ops = {
	.name = "null",
	.open = llm_open_null,
	.close = llm_close_null,
};

/* ---- voice ------------------------------------------------------------ */

struct null_tts {
	struct tts tts;
	struct timers *timers;
	struct timer timer;
	uint32_t reply;
	size_t text; /* [bytes] of the reply */
	size_t per_ms;
	bool finished;
};

/* Any sound will do: nobody listens. Twice u-law's rate is L16's. */
static const uint8_t *sound(void)
{
	static uint8_t v[SOUND_BYTES * 4];

	for (size_t i = 0; !v[0] && i < sizeof(v); i++)
		v[sizeof(v) - 1 - i] = (uint8_t)(0x20 | (i & 0x8f));
	return v;
}

static int tts_open_null(struct tts **ttsp, struct net *net,
                         const struct tts_params *prm)
{
	struct null_tts *n = mem_zalloc(sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->timers = net_timers(net);
	n->per_ms = audio_bytes_per_ms(prm->fmt);
	*ttsp = &n->tts;
	return 0;
}

static void spoken(void *arg)
{
	struct null_tts *n = arg;
	size_t ms = n->text * PER_BYTE_MS;
	const struct tts_event audio = {
		.type = TTS_AUDIO,
		.reply = n->reply,
		.audio = sound(),
		.audio_len = (ms < SOUND_MS ? ms : SOUND_MS) * n->per_ms,
	};
	const struct tts_event end = {.type = TTS_REPLY_DONE,
	                              .reply = n->reply};

	n->text = 0;
	if (audio.audio_len && !tts_emit(&n->tts, &audio))
		return;
	if (n->finished)
		(void)tts_emit(&n->tts, &end);
}

static int tts_speak_null(struct tts *tts, uint32_t reply, const char *text,
                          size_t len)
{
	struct null_tts *n = CONTAINER_OF(tts, struct null_tts, tts);

	(void)text;
	n->reply = reply;
	n->text += len;
	n->finished = false;
	timer_start(n->timers, &n->timer, 0, spoken, n);
	return 0;
}

static int tts_finish_null(struct tts *tts, uint32_t reply)
{
	struct null_tts *n = CONTAINER_OF(tts, struct null_tts, tts);

	n->reply = reply;
	n->finished = true;
	timer_start(n->timers, &n->timer, 0, spoken, n);
	return 0;
}

static void tts_cancel_null(struct tts *tts, uint32_t reply)
{
	struct null_tts *n = CONTAINER_OF(tts, struct null_tts, tts);

	if (reply >= n->reply) {
		timer_stop(n->timers, &n->timer);
		n->text = 0;
	}
}

static void tts_close_null(struct tts *tts)
{
	struct null_tts *n = CONTAINER_OF(tts, struct null_tts, tts);

	timer_stop(n->timers, &n->timer);
	mem_free(n);
}

static const struct tts_ops tts_null_ops = {
	.name = "null",
	.open = tts_open_null,
	.speak = tts_speak_null,
	.finish = tts_finish_null,
	.cancel = tts_cancel_null,
	.close = tts_close_null,
};

/* ---- by name ---------------------------------------------------------- */

const struct stt_ops *stt_find(const char *name)
{
	(void)name;
	return &stt_null_ops;
}

const struct llm_ops *llm_find(const char *name)
{
	(void)name;
	return &llm_null_ops;
}

const struct tts_ops *tts_find(const char *name)
{
	(void)name;
	return &tts_null_ops;
}
