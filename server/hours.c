#include "server/hours.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "server/zone.h"

enum {
	MINUTE_SEC = 60,
	DAY_MIN = 24 * 60,
	AHEAD_MIN = 8 * DAY_MIN, /* a week, and a day for those behind */
};

/* ---- reading ---- */

static int read_day(struct str text)
{
	static const char *const names[HOURS_DAYS] = {
		"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

	for (int i = 0; i < HOURS_DAYS; i++)
		if (str_eq_nocase(text, names[i]))
			return i;
	return -EINVAL;
}

/* "9:30", "20:00" */
static int read_minute(struct str text)
{
	struct str rest = text, hour = str_cut(&rest, ':');
	uint64_t h, m;

	if (!rest.v || rest.len != 2 || !hour.len || hour.len > 2 ||
	    str_u64(hour, 24, &h) || str_u64(rest, 59, &m) || (h == 24 && m))
		return -EINVAL;
	return (int)(h * 60 + m);
}

static int add_window(struct hours *h, int day, int from, int to)
{
	if (h->n[day] == HOURS_WINDOWS)
		return -EINVAL;
	h->windows[day][h->n[day]++] = (struct hours_window){from, to};
	return 0;
}

/* "[DAY[-DAY] ]FROM-TO" */
static int read_one(struct hours *h, struct str one)
{
	struct str times = one, days = str_cut(&times, ' '), second;
	int first = 0, last = HOURS_DAYS - 1, from, to, err = 0;

	if (times.v) {
		second = days;
		days = str_cut(&second, '-');
		first = read_day(days);
		last = second.v ? read_day(second) : first;
		times = str_trim(times);
	} else {
		times = one;
	}
	second = times;
	from = read_minute(str_cut(&second, '-'));
	to = second.v ? read_minute(second) : -EINVAL;
	if (first < 0 || last < 0 || from < 0 || to <= from)
		return -EINVAL;
	for (int day = first; !err; day = (day + 1) % HOURS_DAYS) {
		err = add_window(h, day, from, to);
		if (day == last)
			break;
	}
	return err;
}

int hours_parse(struct hours *h, const char *text)
{
	struct str rest = str_of(text);
	int err = 0;

	memset(h, 0, sizeof(*h));
	while (rest.v && !err)
		err = read_one(h, str_trim(str_cut(&rest, ',')));
	return err;
}

bool hours_meet(const struct hours *a, const struct hours *b)
{
	for (int day = 0; day < HOURS_DAYS; day++)
		for (int i = 0; i < a->n[day]; i++)
			for (int k = 0; k < b->n[day]; k++)
				if (a->windows[day][i].from <
				            b->windows[day][k].to &&
				    b->windows[day][k].from <
				            a->windows[day][i].to)
					return true;
	return false;
}

/* ---- looking ---- */

/* The minute of the day and the weekday on clocks of @z. */
static int local(const struct zone *z, int64_t sec, int *day)
{
	int64_t there = sec + zone_offset(z, sec);
	int64_t days = there / (DAY_MIN * MINUTE_SEC);

	/* 1970-01-01 was a Thursday. */
	*day = (int)((days + 4) % HOURS_DAYS);
	return (int)(there % (DAY_MIN * MINUTE_SEC) / MINUTE_SEC);
}

static bool is_open(const struct hours *h, const struct zone *z, int64_t sec)
{
	int day, minute = local(z, sec, &day);

	for (int i = 0; i < h->n[day]; i++)
		if (minute >= h->windows[day][i].from &&
		    minute < h->windows[day][i].to)
			return true;
	return false;
}

/* The first of them that is closed; -1: none. */
static int find_closed(const struct hours *h, struct zone *const *z, int n,
                       int64_t sec)
{
	for (int i = 0; i < n; i++)
		if (!is_open(h, z[i], sec))
			return i;
	return -1;
}

static void look(const struct hours *h, struct zone *const *z, int n,
                 const char *const *names, int64_t now_sec,
                 struct hours_now *out)
{
	int closed = find_closed(h, z, n, now_sec), day;
	int64_t sec = now_sec - now_sec % MINUTE_SEC;

	out->open = closed < 0;
	if (out->open)
		return;
	snprintf(out->zone, sizeof(out->zone), "%s", names[closed]);
	out->minute = local(z[closed], now_sec, &day);
	for (int i = 0; i < AHEAD_MIN && !out->next_sec; i++) {
		sec += MINUTE_SEC;
		if (find_closed(h, z, n, sec) < 0)
			out->next_sec = sec;
	}
}

int hours_look(const struct hours *h, const char *dir, const char *const *zones,
               int64_t now_sec, struct hours_now *out)
{
	struct zone *z[HOURS_ZONES];
	int n = 0, err = 0;

	memset(out, 0, sizeof(*out));
	while (!err && zones[n] && n < HOURS_ZONES) {
		err = zone_open(&z[n], dir, zones[n]);
		if (err)
			snprintf(out->zone, sizeof(out->zone), "%s", zones[n]);
		else
			n++;
	}
	if (!err && zones[n])
		err = -E2BIG;
	if (!err)
		look(h, z, n, zones, now_sec, out);
	while (n)
		zone_close(&z[--n]);
	return err;
}
