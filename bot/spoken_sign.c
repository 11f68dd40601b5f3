#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

/* Is a number, a price or a share before @at? */
static bool number_before(const struct spoken_job *j, size_t at)
{
	size_t i = at;

	while (i && j->in.v[i - 1] == ' ')
		i--;
	return i && (isdigit((unsigned char)j->in.v[i - 1]) ||
	             j->in.v[i - 1] == '%');
}

/* "9 am - 5 pm" goes from one to the other as well. */
static bool half_before(const struct spoken_job *j, size_t at)
{
	size_t i = at;

	while (i && (j->in.v[i - 1] == ' ' || j->in.v[i - 1] == '.'))
		i--;
	return i >= 2 && (j->in.v[i - 1] == 'm' || j->in.v[i - 1] == 'M') &&
	       strchr("aApP.", j->in.v[i - 2]);
}

/* "1st-3rd" */
static bool ordinal_before(const struct spoken_job *j, size_t at)
{
	return at >= 3 && isdigit((unsigned char)j->in.v[at - 3]) &&
	       isalpha((unsigned char)j->in.v[at - 2]) &&
	       strchr("tdh", j->in.v[at - 1]);
}

/* A word, and the number that follows at @next under the same span. */
static size_t with_number(struct spoken_job *j, size_t at, size_t next,
                          const char *word)
{
	const size_t voice = j->sp->voice.len, spans = j->sp->n_spans;
	const size_t text = j->text_from, from = j->voice_from;
	size_t n;

	if (word)
		spoken_words(j, word);
	n = spoken_read(j, next);
	if (!n) {
		j->sp->voice.len = voice;
		j->sp->n_spans = spans;
		j->text_from = text;
		j->voice_from = from;
		return 0;
	}
	return next + n - at;
}

static bool amount_at(const struct spoken_job *j, size_t at)
{
	return spoken_digit(j, at) || spoken_starts(j, at, "$") ||
	       spoken_starts(j, at, "€") || spoken_starts(j, at, "£");
}

/* "3-5", "COVID-19", "-5" */
static size_t dash(struct spoken_job *j, size_t at)
{
	const size_t gap = spoken_spaces(j, at), len = spoken_dash(j, at + gap);
	const size_t behind = at + gap + len;
	const size_t next = behind + spoken_spaces(j, behind);
	const char before = at ? j->in.v[at - 1] : ' ';

	if (!len || !amount_at(j, next))
		return 0;
	if (gap == 0 && next == behind && isalpha((unsigned char)before) &&
	    !half_before(j, at) && !ordinal_before(j, at))
		return with_number(j, at, next, NULL);
	if ((number_before(j, at) || half_before(j, at) ||
	     ordinal_before(j, at)) &&
	    (next > behind) == (gap > 0))
		return with_number(j, at, next, "to");
	if (next == behind && !gap && strchr(" (\"", before) &&
	    !spoken_starts(j, at, "—"))
		return with_number(j, at, next, "minus");
	return 0;
}

/* Signs that are said before a number. */
static const struct {
	const char *sign, *word;
} signs[] = {
	{"#", "number"},    {"№", "number"},        {"No. ", "number"},
	{"no. ", "number"}, {"Nos. ", "numbers"},   {"~", "about"},
	{"≈", "about"},     {"±", "plus or minus"}, {"≥", "at least"},
	{"≤", "at most"},   {"+", "plus"},
};

static const struct {
	const char *sign, *words;
} parts[] = {
	{"½", "one half"},
	{"¼", "one quarter"},
	{"¾", "three quarters"},
};

/* "3:1" */
static size_t odds(struct spoken_job *j, size_t at)
{
	if (spoken_char(j, at) != ':' || !at ||
	    !isdigit((unsigned char)j->in.v[at - 1]) ||
	    !spoken_digit(j, at + 1))
		return 0;
	return with_number(j, at, at + 1, "to");
}

size_t spoken_read_sign(struct spoken_job *j, size_t at)
{
	const bool inside = at && isalnum((unsigned char)j->in.v[at - 1]);
	size_t n = dash(j, at);

	if (!n)
		n = odds(j, at);
	for (size_t i = 0; i < ARRAY_LEN(signs) && !n && !inside; i++) {
		const size_t next = at + strlen(signs[i].sign);

		if (spoken_starts(j, at, signs[i].sign) && amount_at(j, next))
			n = with_number(j, at, next, signs[i].word);
	}
	for (size_t i = 0; i < ARRAY_LEN(parts) && !n; i++)
		if (spoken_starts(j, at, parts[i].sign)) {
			spoken_words(j, parts[i].words);
			n = strlen(parts[i].sign);
		}
	return n;
}
