/*
 * when.h - a moment that a client names, and how urgent it is
 *
 * A moment is a time with its zone, as RFC 3339 writes it, or a whole number
 * of seconds from now. Pure functions.
 */
#ifndef SERVER_WHEN_H
#define SERVER_WHEN_H

#include <stdint.h>

#include "common/attr.h"
#include "common/str.h"

enum {
	WHEN_AHEAD_SEC = 366 * 86400, /* [s] nobody asks for more */
	WHEN_PRIORITY_MAX = 9,        /* and the least is -9 */
};

/* Read "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00" or "600" into
 * @ms, Unix time, which may be in the past. -EINVAL: it is none of them.
 * -ERANGE: it is too far ahead, as a Unix time taken for seconds is. */
int when_parse(struct str text, int64_t now_ms, int64_t *ms) MUST_CHECK;

/* Read a priority. -EINVAL. */
int when_priority(struct str text, int *priority) MUST_CHECK;

#endif
