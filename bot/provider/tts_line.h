/*
 * tts_line.h - a voice that makes one piece of text at a time
 *
 * What voices have in common whose protocols tie audio to text by order alone:
 * a queue of pieces and of ends of replies, samples that a message cut in two,
 * places of words estimated from their lengths where the provider gives none,
 * deadlines, and what happens to a piece when its connection is lost. Audio
 * comes several times faster than it is heard, so the next piece is asked for
 * when the one before it has come.
 *
 * The provider's own struct begins with this one.
 */
#ifndef BOT_PROVIDER_TTS_LINE_H
#define BOT_PROVIDER_TTS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/provider/tts.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/list.h"
#include "common/str.h"
#include "common/timer.h"

struct net;
struct tts_line;

enum {
	TTS_LINE_TEXT_MAX = 32 * 1024, /* [bytes] that wait: one answer */
	TTS_LINE_WAIT_MS = 3000,       /* without audio of a piece */
};

struct tts_line_ops {
	const char *name; /* in the log */
	/* Ask for the audio of @text. -EAGAIN: not now, tts_line_ready() will
	 * say when. Another error fails the reply. Emits nothing. */
	int (*begin)(struct tts_line *l, const char *text, size_t len);
	/* Nobody wants the piece that was begun. */
	void (*abort)(struct tts_line *l);
};

struct tts_line {
	struct tts tts;
	const struct tts_line_ops *ops;
	struct net *net;
	enum audio_fmt fmt;
	char call_id[PROVIDER_CALL_ID_MAX];
	struct link queue;
	size_t queued;    /* [bytes] of text in it */
	bool dead;        /* TTS_FAILED has been said */
	bool making;      /* the first of the queue was begun */
	bool words;       /* ... and the provider gave words of it */
	uint64_t piece_b; /* [bytes] of audio of it so far */
	uint32_t reply;   /* that audio_b belongs to */
	uint64_t audio_b; /* [bytes] of audio of the reply so far */
	bool has_odd;     /* half a sample waits for its other half */
	uint8_t odd;
	struct buf joined; /* samples with the half before them */
	struct timer kick, wait;
};

int tts_line_init(struct tts_line *l, struct net *net,
                  const struct tts_params *prm,
                  const struct tts_line_ops *ops) MUST_CHECK;
void tts_line_fini(struct tts_line *l);

/* For struct tts_ops. */
int tts_line_speak(struct tts *tts, uint32_t reply, const char *text,
                   size_t len) MUST_CHECK;
int tts_line_finish(struct tts *tts, uint32_t reply) MUST_CHECK;
void tts_line_cancel(struct tts *tts, uint32_t reply);

/* Pieces may be begun again; those that wait are, soon. */
void tts_line_ready(struct tts_line *l);

/* Audio of the piece that was begun, in the line's format, cut anywhere.
 * False, as with all below: the handler has closed us. */
bool tts_line_audio(struct tts_line *l, const void *v, size_t len);

/* A word of it, from the piece's first sample. */
bool tts_line_word(struct tts_line *l, const char *word, size_t len,
                   uint32_t begin_ms, uint32_t end_ms);

/* All audio of it has come. */
bool tts_line_done(struct tts_line *l);

/* It cannot be spoken, nor can the rest of its reply. */
bool tts_line_failed(struct tts_line *l, int err);

/* The connection is gone. A piece that had no audio is begun anew once there
 * is another; one that was being heard counts as done, because half a sentence
 * twice is worse than half a sentence. */
void tts_line_lost(struct tts_line *l);

/* There is no more voice: TTS_FAILED, once. The last thing done. */
void tts_line_end(struct tts_line *l, int err);

/* Words of @text spread over @ms of audio from @from_ms, by their lengths. */
bool tts_spread_words(struct tts *tts, uint32_t reply, struct str text,
                      uint32_t from_ms, uint32_t ms);

#endif
