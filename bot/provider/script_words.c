#include "bot/provider/script_words.h"

#include <stdio.h>
#include <string.h>

#include "common/attr.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* @c as a letter of a word, or 0 if it is none. */
static char letter(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || is_digit(c) || c == '*' ||
	    (unsigned char)c >= 0x80)
		return c;
	return 0;
}

/* Marks inside a word: the apostrophe of "don't", the points of "p.m.", the
 * colon of "3:30" (kept). */
static bool joins(struct str s, size_t i, bool *keep)
{
	char c = s.v[i];
	char before = i ? s.v[i - 1] : ' ';
	char after = i + 1 < s.len ? s.v[i + 1] : ' ';

	*keep = c == ':' && is_digit(before) && is_digit(after);
	if (c == '\'' || *keep)
		return true;
	return c == '.' && strchr("apAP", before) && strchr("mM", after);
}

void words_split(struct words *w, struct str text)
{
	size_t len = 0;

	w->n = 0;
	for (size_t i = 0; i <= text.len && w->n < WORDS_MAX; i++) {
		char c = i < text.len ? letter(text.v[i]) : 0;
		bool keep = false;

		if (!c && i < text.len && joins(text, i, &keep) && !keep)
			continue;
		if (keep)
			c = ':';
		/* U+2019, the apostrophe of better typewriters. */
		if (i + 2 < text.len &&
		    !memcmp(text.v + i, "\xe2\x80\x99", 3)) {
			i += 2;
			continue;
		}
		if (c) {
			if (len + 1 < WORD_LEN_MAX)
				w->v[w->n][len++] = c;
		} else if (len) {
			w->v[w->n++][len] = '\0';
			len = 0;
		}
	}
}

/* Is there at most one letter added, dropped or changed between them? */
static bool nearly(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i = 0, tail = 0;

	if (la < 6 || lb < 6 || la > lb + 1 || lb > la + 1)
		return false;
	while (a[i] && a[i] == b[i])
		i++;
	while (tail < la - i && tail < lb - i &&
	       a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	return la <= i + tail + 1 && lb <= i + tail + 1;
}

static bool same_word(const char *said, const char *want)
{
	size_t n = strlen(want);

	if (n && want[n - 1] == '*')
		return strncmp(said, want, n - 1) == 0;
	return !strcmp(said, want) || nearly(said, want);
}

static bool matches_at(const struct words *w, size_t at,
                       const struct words *phrase)
{
	if (!same_word(w->v[at], phrase->v[0]))
		return false;
	for (size_t i = 1; i < phrase->n; i++) {
		at++;
		if (at < w->n && same_word(w->v[at], phrase->v[i]))
			continue;
		at++; /* one word may stand between */
		if (at >= w->n || !same_word(w->v[at], phrase->v[i]))
			return false;
	}
	return true;
}

unsigned words_match(const struct words *w, const struct words *phrase)
{
	for (size_t at = 0; phrase->n && at < w->n; at++)
		if (matches_at(w, at, phrase))
			return (unsigned)(phrase->n * phrase->n);
	return 0;
}

bool words_day(const struct words *w, char out[SLOT_VALUE_MAX])
{
	static const char *const days[] = {
		"monday",   "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday",  "today",     "tomorrow",
	};

	for (size_t i = 0; i < w->n; i++)
		for (size_t d = 0; d < ARRAY_LEN(days); d++)
			if (same_word(w->v[i], days[d])) {
				snprintf(out, SLOT_VALUE_MAX, "%s", days[d]);
				if (strstr(out, "day") &&
				    strcmp(out, "today") != 0)
					out[0] += 'A' - 'a'; /* a name */
				return true;
			}
	return false;
}

static int word_number(const char *word)
{
	static const char *const numbers[] = {
		"zero",  "one",   "two",  "three", "four",   "five",   "six",
		"seven", "eight", "nine", "ten",   "eleven", "twelve",
	};
	static const struct {
		const char *word;
		int n;
	} others[] = {
		{"fifteen", 15}, {"twenty", 20}, {"thirty", 30},
		{"forty", 40},   {"fifty", 50},
	};

	for (int i = 0; i < (int)ARRAY_LEN(numbers); i++)
		if (!strcmp(word, numbers[i]))
			return i;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!strcmp(word, others[i].word))
			return others[i].n;
	if (is_digit(word[0]) && !word[1])
		return word[0] - '0';
	if (is_digit(word[0]) && is_digit(word[1]) && !word[2])
		return (word[0] - '0') * 10 + word[1] - '0';
	return -1;
}

struct clock {
	int hour, minute;
	int half;  /* -1: am, 1: pm, 0: not said */
	bool sure; /* more than a bare number */
};

static const char *word_at(const struct words *w, size_t i)
{
	return i < w->n ? w->v[i] : "";
}

/* "3:30", "3:30pm", "3pm", "15:00" */
static bool digital(const char *word, struct clock *c)
{
	const char *p = word;
	int hour = 0, minute = 0, digits = 0;

	for (; is_digit(*p) && digits < 2; p++, digits++)
		hour = hour * 10 + (*p - '0');
	if (!digits)
		return false;
	if (p[0] == ':' && is_digit(p[1]) && is_digit(p[2])) {
		minute = (p[1] - '0') * 10 + (p[2] - '0');
		c->sure = true;
		p += 3;
	}
	if (!strcmp(p, "am") || !strcmp(p, "pm")) {
		c->half = p[0] == 'a' ? -1 : 1;
		c->sure = true;
		p += 2;
	}
	c->hour = hour;
	c->minute = minute;
	return !*p && hour < 24 && minute < 60;
}

/* "half past two", "quarter to five", "noon"; the index behind it, or 0. */
static size_t idiom(const struct words *w, size_t i, struct clock *c)
{
	const char *a = word_at(w, i), *b = word_at(w, i + 1);
	bool half = !strcmp(a, "half"), quarter = !strcmp(a, "quarter");
	bool past = !strcmp(b, "past") || !strcmp(b, "after");
	int hour = word_number(word_at(w, i + 2));

	c->sure = true;
	if (!strcmp(a, "noon") || !strcmp(a, "midday")) {
		*c = (struct clock){12, 0, 1, true};
		return i + 1;
	}
	if (hour < 1 || hour > 12 || !(half || quarter))
		return 0;
	if (past) {
		c->hour = hour;
		c->minute = half ? 30 : 15;
		return i + 3;
	}
	if (quarter && !strcmp(b, "to")) {
		c->hour = hour == 1 ? 12 : hour - 1;
		c->minute = 45;
		return i + 3;
	}
	return 0;
}

/* "three", "three thirty", "three oclock", "three forty five" */
static size_t spoken(const struct words *w, size_t i, struct clock *c)
{
	int hour = word_number(word_at(w, i));
	int minute = word_number(word_at(w, i + 1));
	int unit = word_number(word_at(w, i + 2));

	c->sure = false;
	if (digital(word_at(w, i), c)) {
		hour = c->hour;
		if (c->sure)
			return i + 1;
	}
	if (hour < 1 || hour > 12)
		return 0;
	c->hour = hour;
	c->minute = 0;
	if (!strcmp(word_at(w, i + 1), "oclock")) {
		c->sure = true;
		return i + 2;
	}
	if (minute < 10 || minute > 59)
		return i + 1;
	c->sure = true;
	c->minute = minute;
	if (minute % 10 == 0 && unit > 0 && unit < 10) {
		c->minute += unit;
		return i + 3;
	}
	return i + 2;
}

/* What is said around the number: "at three", "three pm", "in the morning". */
static void half_of_day(const struct words *w, size_t from, size_t to,
                        struct clock *c)
{
	static const char *const before[] = {"at", "around", "about",
	                                     "by", "say",    "past"};

	for (size_t i = 0; from && i < ARRAY_LEN(before); i++)
		if (!strcmp(word_at(w, from - 1), before[i]))
			c->sure = true;
	if (!strcmp(word_at(w, to), "am") || !strcmp(word_at(w, to), "pm")) {
		c->half = word_at(w, to)[0] == 'a' ? -1 : 1;
		c->sure = true;
	}
	for (size_t i = 0; i < w->n && !c->half; i++) {
		if (!strcmp(w->v[i], "morning"))
			c->half = -1;
		if (!strcmp(w->v[i], "afternoon") ||
		    !strcmp(w->v[i], "evening") || !strcmp(w->v[i], "tonight"))
			c->half = 1;
		if (c->half)
			c->sure = true;
	}
}

static void print_clock(const struct clock *c, char out[SLOT_VALUE_MAX])
{
	bool pm = c->half > 0;

	if (!c->half)
		pm = c->hour < 8 || c->hour >= 12;
	snprintf(out, SLOT_VALUE_MAX, "%d:%02d %s",
	         c->hour % 12 ? c->hour % 12 : 12, c->minute, pm ? "pm" : "am");
}

bool words_time(const struct words *w, bool loose, char out[SLOT_VALUE_MAX])
{
	for (size_t i = 0; i < w->n; i++) {
		struct clock c = {0};
		size_t to = idiom(w, i, &c);

		if (!to)
			to = spoken(w, i, &c);
		if (!to)
			continue;
		half_of_day(w, i, to, &c);
		if (!c.sure && !loose)
			continue;
		print_clock(&c, out);
		return true;
	}
	return false;
}

bool words_text(const struct words *w, char out[SLOT_VALUE_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < w->n && len + WORD_LEN_MAX < SLOT_VALUE_MAX; i++)
		len += (size_t)snprintf(out + len, SLOT_VALUE_MAX - len, "%s%s",
		                        i ? " " : "", w->v[i]);
	return w->n > 0;
}
