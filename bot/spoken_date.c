#include <ctype.h>
#include <string.h>

#include "bot/spoken_impl.h"

static const char *const months[] = {
	"January", "February", "March",     "April",   "May",      "June",
	"July",    "August",   "September", "October", "November", "December",
};

struct date {
	unsigned day, month, year; /* 0: not said */
	unsigned last_day;         /* of some days; 0: one */
	bool the;                  /* "the fifth of May" */
};

static bool valid(unsigned day, unsigned month)
{
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30,
	                                     31, 31, 30, 31, 30, 31};

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

unsigned spoken_month(const struct spoken_job *j, size_t at, size_t *len)
{
	const struct str word = spoken_letters(j, at);

	*len = word.len;
	if (word.len < 3 || !isupper((unsigned char)word.v[0]))
		return 0;
	for (unsigned m = 0; m < ARRAY_LEN(months); m++) {
		if (str_eq_nocase(word, months[m]))
			return m + 1;
		if (memcmp(word.v, months[m], 3) != 0 ||
		    (word.len > 3 && !str_eq(word, "Sept")))
			continue;
		*len += spoken_char(j, at + word.len) == '.';
		return m + 1;
	}
	return 0;
}

static void say(struct spoken_job *j, const struct date *d)
{
	if (d->the) {
		if (!str_eq_nocase(spoken_before(j, j->text_from), "the"))
			spoken_words(j, "the");
		spoken_ordinal(j, d->day);
		spoken_words(j, "of");
		spoken_words(j, months[d->month - 1]);
	} else {
		spoken_words(j, months[d->month - 1]);
		if (d->day)
			spoken_ordinal(j, d->day);
	}
	if (d->last_day) {
		spoken_words(j, "to");
		spoken_ordinal(j, d->last_day);
	}
	if (d->year) {
		if (d->day)
			spoken_comma(j);
		spoken_year(j, d->year);
	}
}

/* "2026-11-25" */
static size_t iso(struct spoken_job *j, size_t at)
{
	struct date d = {0};

	if (spoken_digits(j, at) != 4 || spoken_char(j, at + 4) != '-' ||
	    spoken_digits(j, at + 5) != 2 || spoken_char(j, at + 7) != '-' ||
	    spoken_digits(j, at + 8) != 2 || !spoken_edge(j, at + 10))
		return 0;
	d.year = spoken_value(j, at, 4);
	d.month = spoken_value(j, at + 5, 2);
	d.day = spoken_value(j, at + 8, 2);
	if (!valid(d.day, d.month))
		return 0;
	say(j, &d);
	return 10;
}

/* "1/2" and its like are parts of a whole, as "24/7" is a word. */
static size_t fraction(struct spoken_job *j, size_t at, unsigned n, unsigned of,
                       size_t len)
{
	static const struct {
		unsigned n, of;
		const char *words;
	} known[] = {
		{1, 2, "one half"},           {1, 3, "one third"},
		{2, 3, "two thirds"},         {1, 4, "one quarter"},
		{3, 4, "three quarters"},     {1, 5, "one fifth"},
		{1, 8, "one eighth"},         {3, 8, "three eighths"},
		{5, 8, "five eighths"},       {7, 8, "seven eighths"},
		{24, 7, "twenty-four seven"}, {50, 50, "fifty-fifty"},
		{9, 11, "nine eleven"},
	};

	if (spoken_char(j, at) == '0')
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].n == n && known[i].of == of) {
			spoken_words(j, known[i].words);
			return len;
		}
	return 0;
}

/* "11/25" is a day if it can only be one, else something out of ten. */
static size_t two_parts(struct spoken_job *j, size_t at, size_t a, size_t b)
{
	const unsigned first = spoken_value(j, at, a);
	const unsigned second = spoken_value(j, at + a + 1, b);
	const size_t len = a + 1 + b;
	const size_t n = fraction(j, at, first, second, len);
	const bool zero =
		spoken_char(j, at) == '0' || spoken_char(j, at + a + 1) == '0';
	const struct date d = {.day = second, .month = first};

	if (n || !spoken_edge(j, at + len) || !second)
		return n;
	if (valid(second, first) && (zero || second > 12)) {
		say(j, &d);
		return len;
	}
	spoken_cardinal(j, first);
	spoken_words(j, "out of");
	spoken_cardinal(j, second);
	return len;
}

/* "11/25/2026", "25.11.2026": with a slash the month is first if it can be. */
static size_t numbers(struct spoken_job *j, size_t at)
{
	const size_t a = spoken_digits(j, at);
	const char sep = spoken_char(j, at + a);
	const size_t b = spoken_digits(j, at + a + 1);
	const size_t third = at + a + 1 + b + 1;
	const size_t c = spoken_digits(j, third);
	struct date d;

	if (a < 1 || a > 2 || b < 1 || b > 2 || !sep || !strchr("/.-", sep))
		return 0;
	if (spoken_char(j, third - 1) != sep || !c)
		return sep == '/' ? two_parts(j, at, a, b) : 0;
	if ((c != 4 && (c != 2 || sep != '/')) || !spoken_edge(j, third + c))
		return 0;
	d = (struct date){.month = spoken_value(j, at, a),
	                  .day = spoken_value(j, at + a + 1, b),
	                  .year = spoken_value(j, third, c)};
	if (sep == '.' || !valid(d.day, d.month)) {
		const unsigned day = d.month;

		d.month = d.day;
		d.day = day;
	}
	if (!valid(d.day, d.month))
		return 0;
	if (c == 2)
		d.year += d.year < 50 ? 2000 : 1900;
	say(j, &d);
	return third + c - at;
}

/* One or two digits of a day, "5", "5th"; *@end is behind. 0: none. */
static unsigned day_at(const struct spoken_job *j, size_t at, size_t *end)
{
	static const char *const suffixes[] = {"st", "nd", "rd", "th"};
	const size_t n = spoken_digits(j, at);
	const unsigned day = spoken_value(j, at, n);
	const struct str word = spoken_letters(j, at + n);

	*end = at + n;
	if (n < 1 || n > 2 || day < 1 || day > 31)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_eq_nocase(word, suffixes[i]))
			*end += word.len;
	if (!spoken_edge(j, *end))
		return 0;
	/* "5.5", "5,000", "5:30", "5%" are no days. */
	if (strchr(".,:", spoken_char(j, *end)) && spoken_digit(j, *end + 1))
		return 0;
	return spoken_char(j, *end) == '%' ? 0 : day;
}

/* ", 2026": the bytes; 0: no year follows. */
static size_t year_at(const struct spoken_job *j, size_t at, unsigned *year)
{
	size_t i = at + (spoken_char(j, at) == ',');
	const size_t gap = spoken_spaces(j, i);

	i += gap;
	if (!gap || spoken_digits(j, i) != 4 || !spoken_edge(j, i + 4) ||
	    (spoken_char(j, i + 4) == ':'))
		return 0;
	*year = spoken_value(j, i, 4);
	if (*year >= 1500 && *year < 2500)
		return i + 4 - at;
	*year = 0;
	return 0;
}

/* "Nov 25", "Nov. 25-27, 2026", "November 2026" */
static size_t month_first(struct spoken_job *j, size_t at)
{
	struct date d = {0};
	size_t len, i, end, dash;

	d.month = spoken_month(j, at, &len);
	if (!d.month)
		return 0;
	i = at + len;
	if (!spoken_spaces(j, i))
		return 0;
	len = year_at(j, i, &d.year);
	if (len) {
		say(j, &d);
		return i + len - at;
	}
	i += spoken_spaces(j, i);
	d.day = day_at(j, i, &end);
	if (!d.day)
		return 0;
	dash = spoken_dash(j, end);
	if (dash) {
		d.last_day = day_at(j, end + dash, &i);
		if (d.last_day > d.day)
			end = i;
		else
			d.last_day = 0;
	}
	end += year_at(j, end, &d.year);
	say(j, &d);
	return end - at;
}

/* "25 Nov 2026", "5th November" */
static size_t day_first(struct spoken_job *j, size_t at)
{
	struct date d = {.the = true};
	size_t end, len, gap;

	d.day = day_at(j, at, &end);
	gap = spoken_spaces(j, end);
	if (!d.day || !gap)
		return 0;
	d.month = spoken_month(j, end + gap, &len);
	if (!d.month)
		return 0;
	end += gap + len;
	/* The full stop of "25 Nov." may be the sentence's. */
	if (j->in.v[end - 1] == '.' && end == j->in.len)
		end--;
	end += year_at(j, end, &d.year);
	say(j, &d);
	return end - at;
}

/* A short name of a day, its number from 1; 0: none. */
static unsigned weekday_at(const struct spoken_job *j, size_t at, size_t *len)
{
	static const struct {
		const char *name;
		unsigned day;
	} names[] = {
		{"Mon", 1},   {"Tue", 2}, {"Tues", 2}, {"Wed", 3}, {"Thu", 4},
		{"Thurs", 4}, {"Fri", 5}, {"Sat", 6},  {"Sun", 7},
	};
	const struct str word = spoken_letters(j, at);

	*len = word.len;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(word, names[i].name) &&
		    spoken_edge(j, at + word.len))
			return names[i].day;
	return 0;
}

/* "Tue", "Mon-Fri"; "Sat" and "Sun" are words unless a number, or the other
 * end of a range, follows. */
static size_t weekday(struct spoken_job *j, size_t at)
{
	static const char *const days[] = {
		"Monday", "Tuesday",  "Wednesday", "Thursday",
		"Friday", "Saturday", "Sunday",
	};
	size_t len, to_len;
	const unsigned day = weekday_at(j, at, &len);
	const size_t dash = spoken_dash(j, at + len);
	const size_t mark = spoken_char(j, at + len) == ',' ||
	                    spoken_char(j, at + len) == '.';
	const size_t next = at + len + mark;
	const size_t gap = spoken_spaces(j, next);
	unsigned to;

	if (!day)
		return 0;
	to = dash ? weekday_at(j, at + len + dash, &to_len) : 0;
	if (to) {
		spoken_words(j, days[day - 1]);
		spoken_words(j, "to");
		spoken_words(j, days[to - 1]);
		return len + dash + to_len;
	}
	if (day > 5 && !spoken_digit(j, next + gap) &&
	    !spoken_month(j, next + gap, &to_len))
		return 0;
	spoken_words(j, days[day - 1]);
	/* The full stop of a short name, unless it is the sentence's. */
	if (spoken_char(j, at + len) == '.' && spoken_digit(j, next + gap))
		len++;
	return len;
}

size_t spoken_read_date(struct spoken_job *j, size_t at)
{
	size_t n = 0;

	if (!spoken_digit(j, at))
		n = month_first(j, at);
	if (!spoken_digit(j, at))
		return n ? n : weekday(j, at);
	n = iso(j, at);
	if (!n)
		n = numbers(j, at);
	return n ? n : day_first(j, at);
}
