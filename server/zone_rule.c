#include "server/zone_rule.h"

#include <errno.h>
#include <string.h>

enum {
	DAY_SEC = 86400,
	HOUR_MAX = 167, /* hours of a rule's time, RFC 8536 */
};

/* ---- reading ---- */

static bool eat(struct str *s, char c)
{
	if (!s->len || s->v[0] != c)
		return false;
	s->v++;
	s->len--;
	return true;
}

static int eat_number(struct str *s, int max, int *n)
{
	size_t digits = 0;

	for (*n = 0; s->len && s->v[0] >= '0' && s->v[0] <= '9'; digits++) {
		*n = *n * 10 + (s->v[0] - '0');
		if (*n > max)
			return -EINVAL;
		s->v++;
		s->len--;
	}
	return digits ? 0 : -EINVAL;
}

/* "EST", or "<-03>". */
static int eat_name(struct str *s)
{
	size_t n = 0;
	bool quoted = eat(s, '<');

	while (n < s->len &&
	       (quoted ? s->v[n] != '>' : !strchr("+-0123456789,", s->v[n])))
		n++;
	if (!n)
		return -EINVAL;
	s->v += n;
	s->len -= n;
	return quoted && !eat(s, '>') ? -EINVAL : 0;
}

/* "[+-]h[:mm[:ss]]" */
static int eat_time(struct str *s, int32_t *sec)
{
	bool minus = eat(s, '-');
	int h, m = 0, x = 0, err;

	if (!minus)
		eat(s, '+');
	err = eat_number(s, HOUR_MAX, &h);
	if (!err && eat(s, ':'))
		err = eat_number(s, 59, &m);
	if (!err && eat(s, ':'))
		err = eat_number(s, 59, &x);
	*sec = (h * 60 + m) * 60 + x;
	if (minus)
		*sec = -*sec;
	return err;
}

static int eat_weekday(struct str *s, struct zone_day *d)
{
	int err = eat_number(s, 12, &d->month);

	d->kind = ZONE_WEEKDAY;
	if (err || !d->month || !eat(s, '.'))
		return -EINVAL;
	err = eat_number(s, 5, &d->week);
	if (err || !d->week || !eat(s, '.'))
		return -EINVAL;
	return eat_number(s, 6, &d->day);
}

static int eat_day(struct str *s, struct zone_day *d)
{
	int err;

	d->sec = 2 * 3600;
	if (!eat(s, ','))
		return -EINVAL;
	if (eat(s, 'M')) {
		err = eat_weekday(s, d);
	} else if (eat(s, 'J')) {
		d->kind = ZONE_JULIAN;
		err = eat_number(s, 365, &d->day);
		if (!err && !d->day)
			err = -EINVAL;
	} else {
		d->kind = ZONE_ORDINAL;
		err = eat_number(s, 365, &d->day);
	}
	if (!err && eat(s, '/'))
		err = eat_time(s, &d->sec);
	return err;
}

int zone_rule_parse(struct zone_rule *r, struct str text)
{
	struct str s = text;
	int err;

	memset(r, 0, sizeof(*r));
	err = eat_name(&s);
	if (!err)
		err = eat_time(&s, &r->std);
	/* POSIX counts westwards. */
	r->std = -r->std;
	if (err || !s.len)
		return err;
	r->has_dst = true;
	r->dst = r->std + 3600;
	err = eat_name(&s);
	if (!err && s.len && s.v[0] != ',') {
		err = eat_time(&s, &r->dst);
		r->dst = -r->dst;
	}
	if (!err)
		err = eat_day(&s, &r->start);
	if (!err)
		err = eat_day(&s, &r->end);
	return err || s.len ? -EINVAL : 0;
}

/* ---- reckoning ---- */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first day of that month. */
static int64_t days_before(int64_t year, int month)
{
	static const int before[] = {0,   31,  59,  90,  120, 151,
	                             181, 212, 243, 273, 304, 334};
	int64_t y = year - 1;

	return (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) - 477 +
	       before[month - 1] + (month > 2 && is_leap(year));
}

static int64_t year_of(int64_t sec)
{
	int64_t days = sec / DAY_SEC - (sec % DAY_SEC < 0);
	int64_t year = 1970 + days / 366;

	while (days >= days_before(year + 1, 1))
		year++;
	while (days < days_before(year, 1))
		year--;
	return year;
}

static int64_t find_weekday(int64_t year, const struct zone_day *d)
{
	int64_t first = days_before(year, d->month);
	int64_t next = d->month == 12 ? days_before(year + 1, 1)
	                              : days_before(year, d->month + 1);
	/* 1970-01-01 was a Thursday. */
	int64_t weekday = ((first + 4) % 7 + 7) % 7;
	int64_t day = first + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;

	return day < next ? day : day - 7;
}

/* When that moment of the year is, by clocks that show UTC plus @offset. */
static int64_t moment(int64_t year, const struct zone_day *d, int32_t offset)
{
	int64_t day = days_before(year, 1) + d->day;

	if (d->kind == ZONE_WEEKDAY)
		day = find_weekday(year, d);
	else if (d->kind == ZONE_JULIAN)
		day += is_leap(year) && d->day >= 60 ? 0 : -1;
	return day * DAY_SEC + d->sec - offset;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t sec)
{
	int64_t year, start, end;
	bool dst;

	if (!r->has_dst)
		return r->std;
	year = year_of(sec + r->std);
	start = moment(year, &r->start, r->std);
	end = moment(year, &r->end, r->dst);
	if (start < end)
		dst = sec >= start && sec < end;
	else
		dst = !(sec >= end && sec < start);
	return dst ? r->dst : r->std;
}
