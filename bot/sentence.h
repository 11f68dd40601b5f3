/*
 * sentence.h - text of a model, cut into pieces worth speaking
 *
 * A model's answer comes in fragments; a voice wants whole sentences, and the
 * first of them soon. The splitter collects fragments and gives pieces: pure,
 * without a clock, and with the same pieces however the text was fragmented.
 *
 * A sentence ends at a mark that is followed by white space and then by what
 * can begin a sentence; prices, initials, titles, abbreviations, addresses and
 * numbered lists do not end one. The first piece may end at a comma, and in a
 * hurry anywhere between two words.
 */
#ifndef BOT_SENTENCE_H
#define BOT_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum {
	SENTENCE_FIRST = 40,     /* [characters] then the first piece may go */
	SENTENCE_HARD = 250,     /* [characters] then any piece must */
	SENTENCE_HURRY_MS = 300, /* the wait after which to be in a hurry */
};

enum sentence_when {
	SENTENCE_MORE,  /* text may follow */
	SENTENCE_HURRY, /* it may, but has not for SENTENCE_HURRY_MS */
	SENTENCE_END,   /* that was all */
};

struct sentence {
	struct buf text;
	size_t used;  /* [bytes] of it that were given out */
	bool started; /* a piece was given out */
	bool listing; /* the piece began with a number and a full stop */
};

void sentence_init(struct sentence *s, size_t limit);

/* Add a fragment. -ENOMEM; ERR_LIMIT: more than @limit bytes in all. */
int sentence_push(struct sentence *s, const char *text, size_t len) MUST_CHECK;

/* Take the next piece, trimmed, with at least a letter or digit in it; it is
 * borrowed until the next call. False: none yet. */
bool sentence_next(struct sentence *s, enum sentence_when when,
                   struct str *piece);

/* Would a hurry give a piece now? Only the first one is ever hurried. */
bool sentence_waits(const struct sentence *s);

/* Forget what was not given out: another text follows the pieces that were. */
void sentence_cut(struct sentence *s);

void sentence_fini(struct sentence *s);

#endif
