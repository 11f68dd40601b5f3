/*
 * hours.h - calling hours, by the clocks where the telephone rings
 *
 * Where it may ring in several zones, all of their clocks must allow it.
 */
#ifndef SERVER_HOURS_H
#define SERVER_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	HOURS_DAYS = 7,
	HOURS_WINDOWS = 4,    /* of one day */
	HOURS_ZONES = 64,     /* of one number; North America has 41 */
	HOURS_ZONE_MAX = 40,  /* [bytes] of a zone's name */
	HOURS_TEXT_MAX = 256, /* [bytes] of hours as they are written */
};

struct hours {
	struct hours_window {
		int from, to; /* [min] of the day; the last one is not in it */
	} windows[HOURS_DAYS][HOURS_WINDOWS]; /* from Sunday on */
	int n[HOURS_DAYS];
};

/* Read "09:00-20:00", or "Mon-Fri 09:00-20:00, Sat 10:00-14:00": days without
 * a window have none. A window ends on its day, at 24:00 at the latest.
 * -EINVAL. */
int hours_parse(struct hours *h, const char *text) MUST_CHECK;

/* Is there a minute of a week that is in both? */
bool hours_meet(const struct hours *a, const struct hours *b);

struct hours_now {
	bool open;
	/* Of the first zone that is closed: */
	char zone[HOURS_ZONE_MAX];
	int minute; /* [min] of the day there */
	/* The next minute in which all are open; 0: none in eight days. */
	int64_t next_sec;
};

/* May a telephone in one of @zones (NULL at the end) ring at the Unix time
 * @now_sec? @dir is zone_open()'s, and so are the errors; out->zone then says
 * which zone could not be read. */
int hours_look(const struct hours *h, const char *dir, const char *const *zones,
               int64_t now_sec, struct hours_now *out) MUST_CHECK;

#endif
