/*
 * metrics.h - figures of the worker as Prometheus reads them
 */
#ifndef BOT_METRICS_H
#define BOT_METRICS_H

#include <stdint.h>

#include "common/attr.h"

struct buf;
struct events_stats;
struct net_lag;

struct metrics {
	uint64_t reserved, expired, started, replaced, ended;
	uint64_t refused_full, refused_auth, refused_streams;
};

/* What is asked for at the moment of writing. */
struct metrics_now {
	unsigned capacity, places, calls;
	int draining, shut, dumb;
	const struct net_lag *lag;
	const struct events_stats *events;
};

/* Append it all. -ENOMEM, ERR_LIMIT. */
int metrics_write(struct buf *out, const struct metrics *m,
                  const struct metrics_now *now) MUST_CHECK;

#endif
