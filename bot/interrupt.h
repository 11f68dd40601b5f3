/*
 * interrupt.h - does this speech count?
 *
 * Pure. Asked while the bot speaks or is about to: a cough must not stop it,
 * a word must, and "uh-huh" in the middle of a sentence is no word.
 */
#ifndef BOT_INTERRUPT_H
#define BOT_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

struct interrupt_rules {
	uint32_t min_ms;      /* speech that counts without words; 0: never */
	unsigned min_words;   /* words that count; 0 and 1 are the same */
	uint32_t boundary_ms; /* closer to a reply's ends than this, "uh-huh"
	                       * is an answer */
};

struct interrupt_in {
	bool audible;       /* the bot is being heard */
	bool protected;     /* the reply may not be interrupted */
	bool keys;          /* of the telephone: they are pressed on purpose */
	uint32_t speech_ms; /* voice so far */
	struct str text;    /* of it; interim or final; may be empty */
	uint32_t said_ms;   /* of the reply that was heard */
	uint32_t left_ms;   /* ... that is still to come, as far as known */
};

enum interrupt_verdict {
	INTERRUPT_NO,
	INTERRUPT_BACKCHANNEL, /* words, and not worth a stop */
	INTERRUPT_LONG,        /* no words yet, but long enough */
	INTERRUPT_WORDS,
};

extern const struct interrupt_rules interrupt_defaults;

enum interrupt_verdict interrupt_judge(const struct interrupt_rules *rules,
                                       const struct interrupt_in *in);

/* Does @text consist of nothing but "uh-huh", "okay" and their like? */
bool interrupt_backchannel(struct str text);

#endif
