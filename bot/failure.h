/*
 * failure.h - how long the bot waits for what is behind it, and what then
 *
 * Settings of an agent ("failures" and "filler" in its file). Each has an outer
 * bound that no file may pass, because beyond it the callee has hung up. All
 * times are milliseconds.
 */
#ifndef BOT_FAILURE_H
#define BOT_FAILURE_H

#include <stdint.h>

enum {
	FAILURE_TOKEN_MAX_MS = 5000,  /* to a model's first token */
	FAILURE_STALL_MAX_MS = 3000,  /* ... and between two of them */
	FAILURE_VOICE_MAX_MS = 3000,  /* to a voice's audio */
	FAILURE_ANSWER_MAX_MS = 8000, /* to an answer's, whatever happens */
	FAILURE_HEAR_MAX_MS = 5000,   /* without a recogniser */
	FAILURE_FILLER_MAX_MS = 5000,
	FAILURE_VOICE_MS = 700,    /* of a voice that says nothing of itself */
	FAILURE_VOICE_LOW_MS = 300 /* queued audio: a reply is running dry */
};

struct failure_rules {
	uint32_t token_ms;  /* first token of a model that is asked again */
	uint32_t stall_ms;  /* between tokens */
	uint32_t voice_ms;  /* first audio, then the voice is asked again; 0:
	                     * as the provider's */
	uint32_t answer_ms; /* without a sound of the answer: an apology */
	uint32_t hear_ms;   /* words are missing: they are asked for again */
	uint32_t filler_ms; /* no audio: the filler */
};

extern const struct failure_rules failure_defaults;

#endif
