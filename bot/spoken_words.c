#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bot/spoken_impl.h"

enum { WORD_MAX = 48 /* [bytes] "seventy-seventh" and the like */ };

static const char *const small[] = {
	"zero",    "one",     "two",       "three",    "four",
	"five",    "six",     "seven",     "eight",    "nine",
	"ten",     "eleven",  "twelve",    "thirteen", "fourteen",
	"fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
};
static const char *const small_th[] = {
	"zeroth",    "first",     "second",      "third",      "fourth",
	"fifth",     "sixth",     "seventh",     "eighth",     "ninth",
	"tenth",     "eleventh",  "twelfth",     "thirteenth", "fourteenth",
	"fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
};
static const char *const tens[] = {
	"",      "",      "twenty",  "thirty", "forty",
	"fifty", "sixty", "seventy", "eighty", "ninety",
};
static const char *const tens_th[] = {
	"",         "",         "twentieth",  "thirtieth", "fortieth",
	"fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth",
};

static const struct {
	uint64_t value;
	const char *name;
} powers[] = {
	{1000000000000, "trillion"},
	{1000000000, "billion"},
	{1000000, "million"},
	{1000, "thousand"},
	{100, "hundred"},
};

void spoken_word(struct spoken_job *j, struct str word)
{
	struct buf *out = &j->sp->voice;
	const char last = out->len ? out->v[out->len - 1] : ' ';

	if (!j->err &&
	    (isalnum((unsigned char)last) || (last && strchr(".,-)", last))))
		j->err = buf_add(out, " ", 1);
	if (!j->err)
		j->err = buf_add(out, word.v, word.len);
}

void spoken_words(struct spoken_job *j, const char *words)
{
	spoken_word(j, str_of(words));
}

void spoken_comma(struct spoken_job *j)
{
	if (!j->err)
		j->err = buf_add(&j->sp->voice, ",", 1);
}

/* Below a hundred. */
static void pair(struct spoken_job *j, unsigned n, bool th)
{
	char word[WORD_MAX];

	if (n < ARRAY_LEN(small)) {
		spoken_words(j, th ? small_th[n] : small[n]);
	} else if (n % 10 == 0) {
		spoken_words(j, th ? tens_th[n / 10] : tens[n / 10]);
	} else {
		(void)snprintf(word, sizeof(word), "%s-%s", tens[n / 10 % 10],
		               th ? small_th[n % 10] : small[n % 10]);
		spoken_words(j, word);
	}
}

/* Below a thousand, not 0. */
static void triple(struct spoken_job *j, unsigned n)
{
	if (n >= 100) {
		pair(j, n / 100, false);
		spoken_words(j, "hundred");
	}
	if (n % 100)
		pair(j, n % 100, false);
}

static void name(struct spoken_job *j, uint64_t n, bool th)
{
	char word[WORD_MAX];

	for (size_t i = 0; i < ARRAY_LEN(powers); i++) {
		const uint64_t part = n / powers[i].value;

		if (!part)
			continue;
		n %= powers[i].value;
		triple(j, (unsigned)part);
		(void)snprintf(word, sizeof(word), "%s%s", powers[i].name,
		               th && !n ? "th" : "");
		spoken_words(j, word);
		if (!n)
			return;
	}
	pair(j, (unsigned)n, th);
}

void spoken_cardinal(struct spoken_job *j, uint64_t n)
{
	name(j, n, false);
}

void spoken_ordinal(struct spoken_job *j, uint64_t n)
{
	name(j, n, true);
}

void spoken_year(struct spoken_job *j, unsigned year)
{
	const unsigned century = year / 100, rest = year % 100;

	if (year < 1000 || year > 9999 || (century % 10 == 0 && rest < 10)) {
		spoken_cardinal(j, year);
		return;
	}
	pair(j, century, false);
	if (!rest) {
		spoken_words(j, "hundred");
		return;
	}
	if (rest < 10)
		spoken_words(j, "oh");
	pair(j, rest, false);
}

void spoken_spell(struct spoken_job *j, struct str digits)
{
	for (size_t i = 0; i < digits.len; i++)
		if (isdigit((unsigned char)digits.v[i]))
			spoken_words(j, small[digits.v[i] - '0']);
}

void spoken_number(struct spoken_job *j, const struct spoken_num *n)
{
	if (n->value == UINT64_MAX)
		spoken_spell(j, n->whole);
	else
		spoken_cardinal(j, n->value);
	if (n->part.len) {
		spoken_words(j, "point");
		spoken_spell(j, n->part);
	}
}
