/*
 * backoff.h - how long to wait before trying again
 *
 * Doubling delays up to a cap, each taken at random from its upper half, so
 * that many callers of one broken peer do not come back in step. Pure: the
 * caller brings the random number.
 */
#ifndef BOT_NET_BACKOFF_H
#define BOT_NET_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t first_ms, cap_ms; /* [ms] of the first and the longest wait */
	unsigned tries;            /* counted since backoff_reset() */
};

/* The wait before the next try [ms]. */
uint32_t backoff_next(struct backoff *b, uint32_t random);

/* It worked. */
void backoff_reset(struct backoff *b);

#endif
