#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"
#include "bot/words.h"

/* After these a number is a name, and read digit by digit. */
static const char *const code_words[] = {
	"code",    "pin",    "passcode", "password", "extension",
	"ext",     "zip",    "zipcode",  "id",       "confirmation",
	"account", "ending", "digits",   "number",   "reference",
	"ref",     "ticket", "tracking", "member",   "policy",
};

/* ... and those that may stand between. */
static const char *const link_words[] = {"is", "in", "no", "with", "are"};

/* Numbers that are dialled. */
static const char *const short_codes[] = {"911", "112", "999", "211",
                                          "311", "411", "511", "611",
                                          "711", "811", "988"};
static const char *const dial_words[] = {"call", "dial", "text", "ring", "to"};

bool spoken_coded(const struct spoken_job *j, size_t at)
{
	struct str word = spoken_before(j, at);

	if (word.len && words_listed(word, link_words, ARRAY_LEN(link_words)))
		word = spoken_before(j, (size_t)(word.v - j->in.v));
	return words_listed(word, code_words, ARRAY_LEN(code_words));
}

static bool is_code(const struct spoken_job *j, size_t at,
                    const struct spoken_num *n)
{
	if (n->part.len || n->commas || n->len < 3)
		return false;
	if (words_listed(spoken_before(j, at), dial_words,
	                 ARRAY_LEN(dial_words)) &&
	    words_listed(n->whole, short_codes, ARRAY_LEN(short_codes)))
		return true;
	if (at && j->in.v[at - 1] == '#' && n->len > 3)
		return true;
	return spoken_coded(j, at);
}

/* "since 1776"; those of our time need no word before them. */
static bool is_year(const struct spoken_job *j, size_t at,
                    const struct spoken_num *n)
{
	static const char *const words[] = {"in", "since", "year"};

	if (n->len != 4 || n->part.len || n->value < 1100 || n->value >= 2100)
		return false;
	return n->value >= 1900 ||
	       words_listed(spoken_before(j, at), words, ARRAY_LEN(words));
}

/* Digits by themselves, with a breath after each three. */
static size_t code(struct spoken_job *j, const struct spoken_num *n)
{
	struct str left = n->whole;

	while (left.len) {
		const size_t len = left.len <= 4 ? left.len : 3;

		spoken_spell(j, str_n(left.v, len));
		left = str_n(left.v + len, left.len - len);
		if (left.len)
			spoken_comma(j);
	}
	return n->len;
}

static bool round_million(const struct spoken_num *n)
{
	return n->value && n->value % 1000 == 0;
}

/* "1st", "22nd" */
static size_t ordinal(struct spoken_job *j, size_t at,
                      const struct spoken_num *n)
{
	static const char *const ends[] = {"th", "st", "nd", "rd"};
	const struct str word = spoken_letters(j, at + n->len);

	if (n->part.len || n->value == UINT64_MAX ||
	    !spoken_edge(j, at + n->len + word.len) ||
	    !words_listed(word, ends, ARRAY_LEN(ends)))
		return 0;
	spoken_ordinal(j, n->value);
	return n->len + word.len;
}

/* "1990s", "80s" */
static size_t decade(struct spoken_job *j, size_t at,
                     const struct spoken_num *n)
{
	static const char *const names[] = {
		"hundreds", "tens",    "twenties",  "thirties", "forties",
		"fifties",  "sixties", "seventies", "eighties", "nineties",
	};
	const unsigned v = (unsigned)n->value;

	if (n->commas || n->part.len || v % 10 ||
	    (n->len != 4 && n->len != 2) ||
	    spoken_char(j, at + n->len) != 's' ||
	    !spoken_edge(j, at + n->len + 1))
		return 0;
	if (n->len == 4 && v % 1000 / 10 == 0) {
		spoken_cardinal(j, v / 1000);
		spoken_words(j, "thousands");
		return n->len + 1;
	}
	if (n->len == 4)
		spoken_cardinal(j, v / 100);
	spoken_words(j, names[v / 10 % 10]);
	return n->len + 1;
}

/* "1.2.3", "10.0.0.1": the bytes, 0: has no second point. */
static size_t version(struct spoken_job *j, size_t at)
{
	size_t end = at, parts = 0, n;

	for (n = spoken_digits(j, end); n; parts++) {
		end += n;
		n = spoken_char(j, end) == '.' ? spoken_digits(j, end + 1) : 0;
		end += n ? 1 : 0;
	}
	if (parts < 3 || !spoken_edge(j, end))
		return 0;
	for (size_t i = at; i < end; i += n) {
		n = spoken_digits(j, i);
		if (!n) {
			spoken_words(j, parts > 3 ? "dot" : "point");
			n = 1;
		} else if (n < 3) {
			spoken_cardinal(j, spoken_value(j, i, n));
		} else {
			spoken_spell(j, str_n(j->in.v + i, n));
		}
	}
	return end - at;
}

/* "B12", "4K": letters as they are, numbers between them. */
static size_t mixed(struct spoken_job *j, size_t at)
{
	size_t end = at, digits = 0, n;

	for (; isalnum((unsigned char)spoken_char(j, end)); end++)
		digits += spoken_digit(j, end);
	if (!digits || digits == end - at)
		return 0;
	for (size_t i = at; i < end; i += n) {
		const struct str word = spoken_letters(j, i);

		n = word.len ? word.len : spoken_digits(j, i);
		if (word.len)
			spoken_word(j, word);
		else if (n < 3 && (n == 1 || j->in.v[i] != '0'))
			spoken_cardinal(j, spoken_value(j, i, n));
		else
			spoken_spell(j, str_n(j->in.v + i, n));
	}
	return end - at;
}

/* " 1/2", "½": a half behind a whole number. */
static size_t and_part(struct spoken_job *j, size_t at)
{
	static const struct {
		const char *sign, *words;
	} parts[] = {
		{" 1/2", "and a half"},         {"½", "and a half"},
		{" 1/4", "and a quarter"},      {"¼", "and a quarter"},
		{" 3/4", "and three quarters"}, {"¾", "and three quarters"},
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const size_t len = strlen(parts[i].sign);

		if (!spoken_starts(j, at, parts[i].sign) ||
		    !spoken_edge(j, at + len) ||
		    spoken_char(j, at + len) == '/')
			continue;
		spoken_words(j, parts[i].words);
		return len;
	}
	return 0;
}

/* The number itself. */
static void say(struct spoken_job *j, size_t at, const struct spoken_num *n)
{
	const bool zero =
		n->len > 1 && n->whole.len > 1 && n->whole.v[0] == '0';

	if (is_code(j, at, n) || (zero && !n->part.len) ||
	    (n->len > 6 && !n->commas && !n->part.len && !round_million(n)))
		(void)code(j, n);
	else if (is_year(j, at, n))
		spoken_year(j, (unsigned)n->value);
	else
		spoken_number(j, n);
}

/* "802.11ac" */
static size_t with_letters(struct spoken_job *j, size_t at,
                           const struct spoken_num *n)
{
	const struct str word = spoken_letters(j, at + n->len);

	spoken_number(j, n);
	spoken_word(j, word);
	return n->len + word.len;
}

/* "221B" is a house, "1.5B" many. */
static bool is_name(const struct spoken_job *j, size_t end,
                    const struct spoken_num *n)
{
	return !n->part.len && !n->commas &&
	       (spoken_char(j, end) == 'B' || spoken_char(j, end) == 'T');
}

size_t spoken_read_number(struct spoken_job *j, size_t at)
{
	struct spoken_num n;
	const char *scale;
	size_t len, end;

	if (!spoken_digit(j, at) || !spoken_num(j, at, &n))
		return isalpha((unsigned char)spoken_char(j, at)) ? mixed(j, at)
		                                                  : 0;
	len = ordinal(j, at, &n);
	if (!len)
		len = decade(j, at, &n);
	if (!len)
		len = version(j, at);
	if (len)
		return len;
	end = at + n.len;
	len = is_name(j, end, &n) ? 0 : spoken_scale(j, end, &scale);
	if (len) {
		spoken_number(j, &n);
		spoken_words(j, scale);
		end += len;
		return end + spoken_unit(j, end, false) - at;
	}
	len = isalpha((unsigned char)spoken_char(j, end)) ? 1 : 0;
	if (len) {
		/* "5kg", but "4K" and "3D" */
		const size_t voice = j->sp->voice.len;

		say(j, at, &n);
		len = spoken_unit(j, end, n.value == 1 && !n.part.len);
		if (len)
			return n.len + len + spoken_per(j, end + len);
		j->sp->voice.len = voice;
		return n.part.len ? with_letters(j, at, &n) : mixed(j, at);
	}
	say(j, at, &n);
	end += and_part(j, end);
	len = spoken_unit(j, end, n.value == 1 && end == at + n.len);
	end += len;
	end += len ? spoken_per(j, end) : 0;
	if (spoken_char(j, end) == '+' &&
	    !isdigit((unsigned char)spoken_char(j, end + 1))) {
		spoken_words(j, "plus");
		end++;
	}
	return end - at;
}
