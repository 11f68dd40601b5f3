#include "server/when.h"

#include <errno.h>
#include <stdbool.h>

enum {
	DAY_SEC = 86400,
	YEAR_MIN = 1970,
	YEAR_MAX = 9999,
	MS_DIGITS = 3, /* of a second's fraction that count */
};

/* @n digits, which are cut off; -1: there are other things. */
static int digits(struct str *s, size_t n)
{
	int v = 0;

	if (s->len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s->v[i] < '0' || s->v[i] > '9')
			return -1;
		v = 10 * v + (s->v[i] - '0');
	}
	*s = str_n(s->v + n, s->len - n);
	return v;
}

/* One of @chars, which is cut off; 0: another. */
static char sign(struct str *s, const char *chars)
{
	for (; s->len && *chars; chars++)
		if (s->v[0] == *chars) {
			*s = str_n(s->v + 1, s->len - 1);
			return *chars;
		}
	return 0;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
	                           31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 on. */
static int64_t days_until(int year, int month, int day)
{
	int64_t y = year - 1;
	int64_t days = 365 * (y - 1969) + (y / 4 - y / 100 + y / 400) -
	               (1969 / 4 - 1969 / 100 + 1969 / 400);

	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1;
}

static int read_date(struct str *s, int64_t *days)
{
	int year = digits(s, 4), month, day;

	if (!sign(s, "-"))
		return -EINVAL;
	month = digits(s, 2);
	if (!sign(s, "-"))
		return -EINVAL;
	day = digits(s, 2);
	if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 ||
	    day < 1 || day > days_in(year, month))
		return -EINVAL;
	*days = days_until(year, month, day);
	return 0;
}

/* A second of 60 is the next minute's first, as elsewhere. */
static int read_clock(struct str *s, int64_t *ms)
{
	int hour = digits(s, 2), minute, second, n = 0, unit = 100;

	if (!sign(s, ":"))
		return -EINVAL;
	minute = digits(s, 2);
	if (!sign(s, ":"))
		return -EINVAL;
	second = digits(s, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60)
		return -EINVAL;
	*ms = 1000 * (3600 * (int64_t)hour + 60 * minute + second);
	if (!sign(s, "."))
		return 0;
	for (int d = digits(s, 1); d >= 0; d = digits(s, 1), n++) {
		if (n < MS_DIGITS)
			*ms += (int64_t)d * unit;
		unit /= 10;
	}
	return n ? 0 : -EINVAL;
}

static int read_zone(struct str *s, int64_t *ms)
{
	char which = sign(s, "Zz+-");
	int hour, minute;

	*ms = 0;
	if (which == 'Z' || which == 'z')
		return 0;
	hour = digits(s, 2);
	if (!which || !sign(s, ":"))
		return -EINVAL;
	minute = digits(s, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return -EINVAL;
	*ms = (which == '-' ? -60000 : 60000) * (60 * (int64_t)hour + minute);
	return 0;
}

static int read_time(struct str s, int64_t *ms)
{
	int64_t days = 0, clock = 0, ahead = 0;
	int err = read_date(&s, &days);

	if (!err && !sign(&s, "Tt "))
		err = -EINVAL;
	if (!err)
		err = read_clock(&s, &clock);
	if (!err)
		err = read_zone(&s, &ahead);
	if (err || s.len)
		return -EINVAL;
	*ms = 1000 * DAY_SEC * days + clock - ahead;
	return 0;
}

static bool is_whole(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.v[i] < '0' || s.v[i] > '9')
			return false;
	return s.len > 0;
}

int when_parse(struct str text, int64_t now_ms, int64_t *ms)
{
	struct str s = str_trim(text);
	uint64_t sec;

	if (is_whole(s)) {
		if (str_u64(s, WHEN_AHEAD_SEC, &sec))
			return -ERANGE;
		*ms = now_ms + 1000 * (int64_t)sec;
		return 0;
	}
	if (read_time(s, ms))
		return -EINVAL;
	return *ms - now_ms > 1000 * (int64_t)WHEN_AHEAD_SEC ? -ERANGE : 0;
}

int when_priority(struct str text, int *priority)
{
	struct str s = str_trim(text);
	bool below = s.len > 1 && s.v[0] == '-';
	uint64_t n;

	if (below)
		s = str_n(s.v + 1, s.len - 1);
	if (!is_whole(s) || str_u64(s, WHEN_PRIORITY_MAX, &n))
		return -EINVAL;
	*priority = below ? -(int)n : (int)n;
	return 0;
}
