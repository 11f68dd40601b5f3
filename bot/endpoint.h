/*
 * endpoint.h - is the callee's turn over?
 *
 * Pure. The session says what is known about the turn, and is told at what
 * time the turn ends if nothing more happens. Times are milliseconds of the
 * call; delays count from the true end of speech, which lies before the
 * moment when the voice detector said so.
 */
#ifndef BOT_ENDPOINT_H
#define BOT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

#define ENDPOINT_WAIT UINT64_MAX /* no time can be given: wait for news */

/* What a model that hears whether the sentence is finished has said. */
enum endpoint_verdict {
	ENDPOINT_NO_MODEL, /* nothing; the text decides */
	ENDPOINT_PENDING,
	ENDPOINT_COMPLETE,
	ENDPOINT_INCOMPLETE,
};

struct endpoint_rules {
	uint32_t stt_ms;        /* 99 of 100 final texts are in by then */
	uint32_t vad_stop_ms;   /* silence after which the VAD says stop */
	uint32_t short_ms;      /* silence after what sounds finished */
	uint32_t long_ms;       /* ... and after what does not */
	uint32_t incomplete_ms; /* silence that overrules a model's "no" */
	uint32_t watchdog_ms;   /* nothing at all happened for so long */
};

struct endpoint_in {
	bool speaking;          /* the VAD hears speech now */
	bool heard;             /* it has heard speech in this turn */
	bool ever_heard;        /* ... in this call */
	bool all_text;          /* the recogniser has decided all of it */
	bool undecided;         /* interim text came after the last final */
	uint64_t interim_at_ms; /* ... then */
	uint64_t end_at_ms;     /* true end of speech; with heard */
	uint64_t text_at_ms;    /* when the last final text came */
	struct str text;        /* of the whole turn; empty: none yet */
	enum endpoint_verdict verdict;
};

extern const struct endpoint_rules endpoint_defaults;

/* When is the turn over? A time in the past means now. */
uint64_t endpoint_at(const struct endpoint_rules *rules,
                     const struct endpoint_in *in);

/* Is it worth to begin the answer before that time? True when all the text
 * seems to be in and looks finished. @quiet_ms: how long no voice has been
 * heard, for recognisers that decide before the VAD says stop. */
bool endpoint_likely(const struct endpoint_in *in, uint32_t quiet_ms);

/* How finished does @text look? Above ENDPOINT_FINISHED it does. */
#define ENDPOINT_FINISHED (-1.5)
double endpoint_score(struct str text);

#endif
