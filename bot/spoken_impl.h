/*
 * spoken_impl.h - what the readers of numbers and signs share
 *
 * A reader looks at one place of the text. It returns the bytes it has said in
 * words, or 0 if this is nothing of its kind, and then it has said nothing.
 * The words go behind what the voice has; a failure stays in the job.
 */
#ifndef BOT_SPOKEN_IMPL_H
#define BOT_SPOKEN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/spoken.h"
#include "common/buf.h"
#include "common/str.h"

enum { SPOKEN_DIGITS_MAX = 15 /* of a number that has a name */ };

struct spoken_job {
	struct spoken *sp;
	struct str in;
	size_t base;      /* where @in begins in the text */
	size_t text_from; /* of the span that is being made, in @in */
	size_t voice_from;
	int err;
};

typedef size_t (*spoken_read_h)(struct spoken_job *j, size_t at);

/* A number as it is written: "1,250.75". */
struct spoken_num {
	struct str whole, part; /* with its commas; digits, may be empty */
	size_t len;             /* [bytes] of all */
	uint64_t value;         /* of the whole; UINT64_MAX: has no name */
	bool commas;
};

/* ---- looking: spoken_look.c */

char spoken_char(const struct spoken_job *j, size_t at); /* '\0' behind */
bool spoken_digit(const struct spoken_job *j, size_t at);
size_t spoken_digits(const struct spoken_job *j, size_t at);
unsigned spoken_value(const struct spoken_job *j, size_t at, size_t n);
/* Does what stands before @at end there: no letter or digit goes on? */
bool spoken_edge(const struct spoken_job *j, size_t at);
size_t spoken_spaces(const struct spoken_job *j, size_t at);
/* The letters from @at on; those before @at, but for spaces and marks. */
struct str spoken_letters(const struct spoken_job *j, size_t at);
struct str spoken_before(const struct spoken_job *j, size_t at);
bool spoken_starts(const struct spoken_job *j, size_t at, const char *text);
/* A hyphen or dash at @at: its length [bytes], 0: none. */
size_t spoken_dash(const struct spoken_job *j, size_t at);
bool spoken_num(const struct spoken_job *j, size_t at, struct spoken_num *n);

/* ---- saying: spoken_words.c */

/* A word or several, with a space before them where one is due. */
void spoken_word(struct spoken_job *j, struct str word);
void spoken_words(struct spoken_job *j, const char *words);
void spoken_comma(struct spoken_job *j);
/* One thing ends before @at, another begins: see spoken_heard(). */
void spoken_cut(struct spoken_job *j, size_t at);
void spoken_cardinal(struct spoken_job *j, uint64_t n);
void spoken_ordinal(struct spoken_job *j, uint64_t n);
void spoken_year(struct spoken_job *j, unsigned year);
void spoken_spell(struct spoken_job *j, struct str digits);
void spoken_number(struct spoken_job *j, const struct spoken_num *n);

/* ---- reading */

size_t spoken_read(struct spoken_job *j, size_t at); /* anything */
size_t spoken_read_address(struct spoken_job *j, size_t at);
size_t spoken_read_phone(struct spoken_job *j, size_t at);
size_t spoken_read_date(struct spoken_job *j, size_t at);
size_t spoken_read_time(struct spoken_job *j, size_t at);
size_t spoken_read_money(struct spoken_job *j, size_t at);
size_t spoken_read_number(struct spoken_job *j, size_t at);
size_t spoken_read_sign(struct spoken_job *j, size_t at);

/* Does the text before @at say that a code follows: "your PIN is"? */
bool spoken_coded(const struct spoken_job *j, size_t at);

/* What may follow an amount: "million" or "M" (its word in *@word), a unit,
 * "/month"; the last two say it. @one: of a single thing. */
size_t spoken_scale(const struct spoken_job *j, size_t at, const char **word);
size_t spoken_unit(struct spoken_job *j, size_t at, bool one);
size_t spoken_per(struct spoken_job *j, size_t at);
/* A month's number by its name or a short form of it, 0: none. *@len with the
 * full stop of a short form. */
unsigned spoken_month(const struct spoken_job *j, size_t at, size_t *len);

#endif
