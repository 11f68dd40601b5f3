/*
 * tts.h - text to speech: one voice per session, replies by number
 *
 * Text of a reply is spoken in the order it is given; a reply's audio comes in
 * order, and replies follow one another. To interrupt is tts_cancel(): nothing
 * of that reply, or of an earlier one, is heard of again.
 *
 * The five laws of callbacks hold (see stt.h); TTS_CLOSED or TTS_FAILED is the
 * last event. A reply that cannot be spoken while the voice lives on ends with
 * TTS_REPLY_FAILED.
 */
#ifndef BOT_PROVIDER_TTS_H
#define BOT_PROVIDER_TTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/media/audio.h"
#include "bot/provider/provider.h"
#include "common/attr.h"

struct tts;

enum { TTS_TEXT_MAX = 4096 /* [bytes] in one tts_speak() */ };

enum tts_event_type {
	TTS_READY,        /* connected; for the timeline only */
	TTS_AUDIO,        /* audio of the reply, in the format asked for */
	TTS_WORD,         /* a word's place in the reply's audio */
	TTS_REPLY_DONE,   /* all audio of the reply has come */
	TTS_REPLY_FAILED, /* this reply ends here; err says why */
	TTS_CLOSED,       /* last event */
	TTS_FAILED,       /* last event; err says why */
};

struct tts_event {
	enum tts_event_type type;
	uint32_t reply;
	const void *audio; /* TTS_AUDIO */
	size_t audio_len;  /* [bytes], whole samples */
	const char *word;  /* TTS_WORD, not terminated */
	size_t word_len;
	uint32_t begin_ms, end_ms; /* TTS_WORD: from the reply's first sample */
	int err;
};

typedef void tts_event_h(const struct tts_event *ev, void *arg);

struct tts_params {
	const struct provider_cfg *cfg;
	enum audio_fmt fmt;
	const char *call_id; /* for logs */
};

struct tts_ops {
	const char *name;
	int (*open)(struct tts **ttsp, struct net *net,
	            const struct tts_params *prm);
	int (*speak)(struct tts *tts, uint32_t reply, const char *text,
	             size_t len);
	int (*finish)(struct tts *tts, uint32_t reply);
	void (*cancel)(struct tts *tts, uint32_t reply);
	void (*close)(struct tts *tts);
	/* 99 of 100 replies have audio so soon after their first text [ms]; 0:
	 * as failure.h has it. */
	uint32_t late_ms;
	bool local;  /* it is computed here: asking again does not hurry it */
	bool varies; /* by load, the voice is another: no clip is kept */
};

struct tts {
	const struct tts_ops *ops;
	tts_event_h *eventh; /* NULL until open has returned, and after close */
	void *arg;
	bool *gone; /* of the emit that runs: set when the handler closes us */
	uint32_t cancelled; /* replies up to this one are silent */
};

/* By name as in TTS=; NULL if there is none. */
const struct tts_ops *tts_find(const char *name);

/* Open a voice; connects in the background, text may be given at once.
 * -EINVAL: format or voice not supported. -ENOMEM. */
int tts_open(struct tts **ttsp, const struct tts_ops *ops, struct net *net,
             const struct tts_params *prm, tts_event_h *eventh,
             void *arg) MUST_CHECK;

/* Speak @len bytes of UTF-8, one speakable piece; copied. Numbers of replies
 * start at 1 and never fall. ERR_STALE: cancelled already. -EAGAIN: too much
 * is waiting. ERR_LIMIT: longer than TTS_TEXT_MAX. */
int tts_speak(struct tts *tts, uint32_t reply, const char *text,
              size_t len) MUST_CHECK;

/* There is no more text of @reply. ERR_STALE. */
int tts_finish(struct tts *tts, uint32_t reply) MUST_CHECK;

/* Silence @reply and all before it. */
void tts_cancel(struct tts *tts, uint32_t reply);

/* From now on @eventh has the events; not from inside of one. */
void tts_hand_over(struct tts *tts, tts_event_h *eventh, void *arg);

/* Give the voice up, and NULL the caller's pointer. NULL is fine. */
void tts_close(struct tts **ttsp);

/* For implementations: give @ev to the handler, if there still is one and the
 * reply has not been cancelled.
 * False: the handler has closed it, and it must not be touched. */
bool tts_emit(struct tts *tts, const struct tts_event *ev);

#endif
