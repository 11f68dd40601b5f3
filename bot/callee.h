/*
 * callee.h - what is known of the callee's turn
 *
 * A value of the session's; times are milliseconds of the call unless they
 * say otherwise.
 */
#ifndef BOT_CALLEE_H
#define BOT_CALLEE_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/endpoint.h"
#include "common/buf.h"

struct callee {
	struct buf text;     /* finals of the open turn */
	bool speaking;       /* voice activity now */
	bool heard;          /* ... in this turn */
	bool ever_heard;     /* it has ended once in this call */
	bool overlap;        /* the last sound was over the bot */
	bool all_text;       /* flushed, and nothing said since */
	bool undecided;      /* an interim came after the last final */
	bool decided;        /* the recogniser has heard the speech end ... */
	uint64_t decided_at; /* ... and all up to there, by the media's clock */
	unsigned flushes;    /* asked for and not answered */
	uint64_t begin_ms, end_ms, text_ms, interim_ms; /* of the call */
	uint64_t due_ms;       /* when the turn is over, if nothing comes */
	uint64_t speech_from;  /* the media's clock [ms] */
	uint64_t silence_from; /* ... the true end of speech, as end_ms */
	uint64_t voice_at;     /* ... when the last chunk of it was a voice's */
	uint64_t voice_from;   /* ... where voice began without a longer gap */
	uint32_t ask;          /* the last question to the eot model */
	enum endpoint_verdict verdict;

	/* Of recognisers that decide turns: the end of the text from here on
	 * may still be taken back; it was answered before it was final. */
	bool eager;
	size_t eager_from;
	struct buf taken;

	struct buf asked; /* the turn that is being answered */
	bool asked_open;  /* nothing of the answer was heard */
	bool asked_told;  /* its event was sent: it cannot be taken back */
	uint64_t asked_ms;
};

#endif
