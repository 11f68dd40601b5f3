/*
 * script_words.h - what the scripted model makes of an utterance
 *
 * Pure: words out of text, phrases found among them, and the days and times
 * that people say.
 */
#ifndef BOT_PROVIDER_SCRIPT_WORDS_H
#define BOT_PROVIDER_SCRIPT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

enum {
	WORDS_MAX = 64,      /* of one utterance; later ones are ignored */
	WORD_LEN_MAX = 24,   /* [bytes] with terminator */
	SLOT_VALUE_MAX = 128 /* [bytes] with terminator */
};

struct words {
	size_t n;
	char v[WORDS_MAX][WORD_LEN_MAX];
};

/* Lower case, apostrophes dropped, "p.m." as "pm"; colons between digits stay
 * ("3:30"), all other marks separate. */
void words_split(struct words *w, struct str text);

/* How well does @phrase (split likewise) occur in @w? 0: not at all; else the
 * square of its number of words, for long phrases are no coincidence. Its
 * words come in order with at most one other between two of them; a word that
 * ends in '*' is a beginning; words of six letters and more may have one
 * letter wrong. */
unsigned words_match(const struct words *w, const struct words *phrase);

/* A day: "tuesday", "today", "tomorrow". */
bool words_day(const struct words *w, char out[SLOT_VALUE_MAX]);

/* A time as "3:30 pm". Without "am" or "pm", 8 to 11 are in the morning and
 * the others after noon. @loose: a bare number will do ("three"). */
bool words_time(const struct words *w, bool loose, char out[SLOT_VALUE_MAX]);

/* All of it, joined by spaces. False when there is nothing. */
bool words_text(const struct words *w, char out[SLOT_VALUE_MAX]);

#endif
