/*
 * spoken.h - what a voice is given to say, beside what is written
 *
 * Numbers, money, dates, times, telephone numbers, units and addresses are put
 * into the words that people say for them, in English. The history of a call
 * keeps what was written; so both texts are kept, with the places where they
 * differ, and what was heard of one can be told of the other. Pure.
 *
 * Outside of the spans both texts are the same, byte for byte.
 */
#ifndef BOT_SPOKEN_H
#define BOT_SPOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum {
	SPOKEN_SPANS_MAX = 8192, /* what comes after is said as written */
	SPOKEN_GROWTH = 6,       /* times the text: the voice's limit */
};

/* A part of the text and the words for it [bytes]. */
struct spoken_span {
	size_t text_from, text_end;
	size_t voice_from, voice_end;
};

struct spoken {
	bool words;       /* numbers become words; else nothing changes */
	struct buf text;  /* as written */
	struct buf voice; /* as said */
	struct spoken_span *spans;
	size_t n_spans, cap_spans;
	size_t last_text, last_voice; /* [bytes] before the last piece */
};

/* Without words until @words is set. @limit of the text [bytes]. */
void spoken_init(struct spoken *sp, size_t limit);
void spoken_fini(struct spoken *sp);

/* Add a piece, whole sentences or clauses, to both. *@voice is what the voice
 * is to be given for it, borrowed until the next call; NULL: not asked for.
 * -ENOMEM, ERR_LIMIT: nothing was added. */
int spoken_add(struct spoken *sp, struct str piece,
               struct str *voice) MUST_CHECK;

/* Take the last piece back, once. */
void spoken_undo(struct spoken *sp);

/* Put a piece before all of it. -ENOMEM, ERR_LIMIT: nothing was changed. */
int spoken_lead(struct spoken *sp, struct str piece) MUST_CHECK;

/* How much of the text was heard when @len bytes of the voice's were. What is
 * one thing, like a price, was heard when half of its words were. */
size_t spoken_heard(const struct spoken *sp, size_t len);

#endif
