#include "bot/sentence.h"

#include <ctype.h>
#include <string.h>

#include "bot/words.h"
#include "common/utf8.h"

/* What stands at a place of the text. */
enum mark {
	MARK_NONE,
	MARK_SPACE,
	MARK_NEWLINE,
	MARK_STOP,   /* ends a sentence if white space follows */
	MARK_FULL,   /* ends one by itself, as in Chinese */
	MARK_CLOSER, /* belongs to the mark before it */
	MARK_CLAUSE, /* a breath, if white space follows */
};

struct sign {
	const char *text;
	enum mark mark;
};

static const struct sign signs[] = {
	{"…", MARK_STOP},    {"।", MARK_STOP},    {"؟", MARK_STOP},
	{"۔", MARK_STOP},    {"።", MARK_STOP},    {"։", MARK_STOP},
	{"。", MARK_FULL},   {"！", MARK_FULL},   {"？", MARK_FULL},
	{"；", MARK_FULL},   {"｡", MARK_FULL},    {"”", MARK_CLOSER},
	{"’", MARK_CLOSER},  {"»", MARK_CLOSER},  {"」", MARK_CLOSER},
	{"』", MARK_CLOSER}, {"）", MARK_CLOSER}, {"—", MARK_CLAUSE},
	{"–", MARK_CLAUSE},  {"，", MARK_CLAUSE}, {"、", MARK_CLAUSE},
};

/* Never at the end of a sentence: a name or a number follows. */
static const char *const titles[] = {
	"approx", "capt", "col", "dr",  "e.g", "fig", "gen", "gov",
	"hon",    "i.e",  "lt",  "mr",  "mrs", "ms",  "mt",  "mx",
	"no",     "prof", "rep", "rev", "sen", "sgt", "st",  "vs",
};

/* At the end of a sentence only if the next word has a capital. */
static const char *const shorts[] = {
	"a.m",  "apr", "aug", "ave", "blvd", "co",  "corp", "dec",
	"dept", "est", "etc", "ext", "feb",  "fri", "ft",   "hr",
	"hrs",  "inc", "jan", "jr",  "jul",  "jun", "ltd",  "min",
	"mon",  "nov", "oct", "p.m", "ph.d", "rd",  "sat",  "sec",
	"sept", "sr",  "sun", "thu", "tue",  "wed",
};

static enum mark mark_at(struct str s, size_t i, size_t *len)
{
	const char c = s.v[i];
	const size_t n = utf8_len(s.v + i, s.len - i);

	*len = n ? n : 1;
	if (c == '\n')
		return MARK_NEWLINE;
	if (c == ' ' || c == '\t' || c == '\r')
		return MARK_SPACE;
	if (c == '.' || c == '!' || c == '?')
		return MARK_STOP;
	if (c && strchr("\"')]}*_`", c))
		return MARK_CLOSER;
	if (c == ',' || c == ';' || c == ':' || c == '-')
		return MARK_CLAUSE;
	for (size_t k = 0; n > 1 && k < ARRAY_LEN(signs); k++)
		if (strlen(signs[k].text) == n &&
		    memcmp(signs[k].text, s.v + i, n) == 0)
			return signs[k].mark;
	return MARK_NONE;
}

/* The token that ends before @end: all up to white space or a bracket. */
static struct str token_before(struct str s, size_t end)
{
	size_t from = end;

	while (from && s.v[from - 1] && !strchr(" \t\r\n(\"[*_", s.v[from - 1]))
		from--;
	return str_n(s.v + from, end - from);
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.v[i]))
			return false;
	return s.len > 0;
}

static bool is_lower(struct str s, size_t i)
{
	return islower((unsigned char)s.v[i]) != 0;
}

static bool is_digit(struct str s, size_t i)
{
	return i < s.len && isdigit((unsigned char)s.v[i]);
}

static size_t skip_spaces(struct str s, size_t i)
{
	while (i < s.len && s.v[i] == ' ')
		i++;
	return i;
}

/* Does the mark of a clause, from @at to @end, or may it, stand within a
 * number: "May 5, 2026", "9 - 5"? */
static bool in_number(struct str s, size_t at, size_t end)
{
	const size_t next = skip_spaces(s, end);

	while (at && s.v[at - 1] == ' ')
		at--;
	return at && is_digit(s, at - 1) &&
	       (next == s.len || is_digit(s, next));
}

/* Begins the word behind the space at @at with a digit, or has the one before
 * it any? They may be one thing: "Nov 25", "5 million", "555 0123". */
static bool by_number(struct str s, size_t at)
{
	const size_t next = skip_spaces(s, at);

	if (next == s.len || is_digit(s, next))
		return true; /* or may be */
	for (size_t i = at; i && s.v[i - 1] != ' '; i--)
		if (is_digit(s, i - 1))
			return true;
	return false;
}

/* May the single full stop at @at, with the next word at @next, be an end? */
static bool stop_ends(struct sentence *sn, struct str s, size_t at, size_t next)
{
	const struct str token = token_before(s, at);
	const bool first = token.v == str_trim(s).v;

	if (words_listed(token, titles, ARRAY_LEN(titles)))
		return false;
	if (token.len == 1 && isupper((unsigned char)token.v[0]) &&
	    token.v[0] != 'I')
		return false;
	if (all_digits(token) && token.len <= 2 && (first || sn->listing)) {
		sn->listing = true;
		return false;
	}
	/* "Nov. 25", "ext. 12" */
	if (words_listed(token, shorts, ARRAY_LEN(shorts)))
		return next < s.len && !is_lower(s, next) && !is_digit(s, next);
	/* "U.S." goes on more often than not, and waiting is no harm. */
	if (token.len >= 3 && token.v[token.len - 2] == '.' &&
	    isupper((unsigned char)token.v[token.len - 1]))
		return false;
	return true;
}

/* From the mark at @at to behind its run: "...", "?!", ".\"". */
static size_t run_end(struct str s, size_t at, bool *closed, unsigned *marks)
{
	size_t i = at, len;

	*closed = false;
	*marks = 0;
	while (i < s.len) {
		const enum mark m = mark_at(s, i, &len);

		if (m == MARK_STOP || m == MARK_FULL)
			*marks += len == 3 ? 2 : 1; /* "…" is three dots */
		else if (m == MARK_CLOSER)
			*closed = true;
		else
			break;
		i += len;
	}
	return i;
}

/* Where a piece ends that has its mark at @at. 0: not here, *@next is where
 * to look on. SIZE_MAX: what follows is not known yet. */
static size_t end_at(struct sentence *sn, struct str s, size_t at,
                     enum mark mark, enum sentence_when when, size_t *next)
{
	bool closed;
	unsigned marks;
	size_t len, end = run_end(s, at, &closed, &marks), i = end;

	*next = end;
	if (mark == MARK_FULL)
		return end < s.len || when != SENTENCE_MORE ? end : SIZE_MAX;

	while (i < s.len && mark_at(s, i, &len) == MARK_SPACE)
		i += len;
	if (i == s.len) {
		if (when == SENTENCE_MORE)
			return SIZE_MAX;
	} else if (mark_at(s, i, &len) == MARK_NEWLINE) {
		return end;
	} else if (i == end) {
		return 0;
	}

	if (s.v[at] == '.' && marks == 1 && !stop_ends(sn, s, at, i))
		return 0;
	/* "Wait... what?" and '"Stop!" he said' go on. */
	if (i < s.len && is_lower(s, i) && (marks > 1 || closed) &&
	    s.v[at] != '?')
		return 0;
	return end;
}

/* The place of the cut in a piece that has become too long. */
static size_t hard_cut(struct str s, size_t clause, size_t space)
{
	if (clause > SENTENCE_HARD / 3)
		return clause;
	return space ? space : s.len;
}

/* In a hurry: the last clause that is more than a word or two, else the last
 * space, since the word behind it may not be whole. */
static size_t hurried_cut(size_t chars, size_t clause, size_t space)
{
	if (clause >= SENTENCE_FIRST / 2)
		return clause;
	return chars >= SENTENCE_FIRST ? space : 0;
}

/* Length of the next piece of @s [bytes]; 0: none yet. */
static size_t piece_len(struct sentence *sn, struct str s,
                        enum sentence_when when)
{
	size_t i = 0, len, chars = 0, clause = 0, space = 0, any = 0;

	sn->listing = false;
	while (i < s.len) {
		const enum mark m = mark_at(s, i, &len);
		size_t next = i + len;

		chars++;
		if (m == MARK_NEWLINE)
			return next;
		if (m == MARK_SPACE) {
			any = i;
			space = by_number(s, i) ? space : i;
		} else if (m == MARK_STOP || m == MARK_FULL) {
			const size_t end = end_at(sn, s, i, m, when, &next);

			if (end == SIZE_MAX)
				return 0;
			if (end)
				return end;
		} else if (m == MARK_CLAUSE && next < s.len) {
			const char after = s.v[next];

			if ((len > 1 || after == ' ') && !in_number(s, i, next))
				clause = next;
			if (clause == next && !sn->started &&
			    chars >= SENTENCE_FIRST)
				return clause;
		}
		if (chars >= SENTENCE_HARD && (any || next < s.len) &&
		    (when != SENTENCE_MORE || skip_spaces(s, next) < s.len))
			return hard_cut(str_n(s.v, next), clause,
			                space ? space : any);
		i = next;
	}
	if (when == SENTENCE_END)
		return s.len;
	if (when == SENTENCE_HURRY && !sn->started)
		return hurried_cut(chars, clause, space);
	return 0;
}

static bool speakable(struct str s)
{
	for (size_t i = 0, len; i < s.len; i += len) {
		const enum mark m = mark_at(s, i, &len);

		if (isalnum((unsigned char)s.v[i]) ||
		    (len > 1 && len < 4 && m == MARK_NONE &&
		     /* arrows, dingbats and other signs of U+2000-2BFF */
		     (s.v[i] != '\xe2')))
			return true;
	}
	return false;
}

void sentence_init(struct sentence *s, size_t limit)
{
	*s = (struct sentence){0};
	buf_init(&s->text, limit);
}

int sentence_push(struct sentence *s, const char *text, size_t len)
{
	return buf_add(&s->text, text, len);
}

/* Bytes at the end of @s that are the beginning of a character. */
static size_t half_character(struct str s)
{
	for (size_t n = 1; n < 4 && n <= s.len; n++) {
		const unsigned char c = (unsigned char)s.v[s.len - n];

		if (c >= 0xc0)
			return n < (c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2) ? n : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

static struct str rest(const struct sentence *s, enum sentence_when when)
{
	struct str left = str_n("", 0);

	if (s->text.len > s->used)
		left = str_n(s->text.v + s->used, s->text.len - s->used);
	if (when != SENTENCE_END)
		left.len -= half_character(left);
	return left;
}

bool sentence_next(struct sentence *s, enum sentence_when when,
                   struct str *piece)
{
	for (;;) {
		const struct str left = rest(s, when);
		const size_t n = piece_len(s, left, when);

		if (!n)
			return false;
		s->used += n;
		*piece = str_trim(str_n(left.v, n));
		if (speakable(*piece)) {
			s->started = true;
			return true;
		}
	}
}

bool sentence_waits(const struct sentence *s)
{
	struct sentence copy = *s;

	return !s->started &&
	       piece_len(&copy, rest(s, SENTENCE_HURRY), SENTENCE_HURRY) > 0;
}

void sentence_cut(struct sentence *s)
{
	s->text.len = s->used;
	s->listing = false;
	if (s->text.v)
		s->text.v[s->text.len] = '\0';
}

void sentence_fini(struct sentence *s)
{
	buf_fini(&s->text);
}
