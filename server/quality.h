/*
 * quality.h - calls that come to nothing cost extra, and slow the others down
 *
 * Plivo charges for short calls (answered, six seconds at most) and for
 * abandoned ones (of no second) when they are too large a share of a month's.
 * Their shares of the last day's calls, the last thousand at most, are read
 * from the ledger every ten seconds; below fifty calls they say nothing.
 * SHORT_CALLS_MAX and ABANDONED_CALLS_MAX are the shares at which it costs. Up
 * to three quarters of one the pace is CALLS_PER_SECOND; from there it falls in
 * a straight line to a tenth of that, which is where it stays when the share is
 * reached. The lower one of both paces counts. Servers of one ledger see the
 * same calls and come to the same pace.
 */
#ifndef SERVER_QUALITY_H
#define SERVER_QUALITY_H

#include <stdint.h>

#include "common/attr.h"

struct app;
struct buf;
struct quality;
struct store_quality;

enum {
	QUALITY_SPAN_MS = 86400000, /* [ms] calls older than that are over */
	QUALITY_CALLS = 1000,       /* of them, at most */
	QUALITY_CALLS_MIN = 50,     /* fewer say nothing */
	QUALITY_EVERY_MS = 10000,   /* [ms] */
	QUALITY_PACE_MIN = 10,      /* [%] of CALLS_PER_SECOND */
};

/* The pace [%] for @bad calls of @all where @max [%] of them cost; 0: there is
 * no such limit. */
unsigned quality_pace(unsigned bad, unsigned all, unsigned max);

/* NULL in @qp when neither limit is set. -ENOMEM. */
int quality_open(struct quality **qp, struct app *app) MUST_CHECK;
void quality_close(struct quality **qp);

/* On the thread of REST calls: look, if it is time to, and set the pace. */
void quality_run(struct quality *q, int64_t now_ms, int64_t steady_ms);

/* For /metrics; nothing when there is no limit. */
int quality_print(struct quality *q, struct buf *out) MUST_CHECK;

#endif
