/*
 * lag.h - how late the timers of a loop run, over the last ten seconds
 *
 * A histogram per second, so that a bad moment is forgotten after ten. Pure:
 * the caller says what time it is.
 */
#ifndef BOT_NET_LAG_H
#define BOT_NET_LAG_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LAG_SLOTS = 10,  /* [s] that are looked back on */
	LAG_BUCKETS = 80 /* four to the octave: up to one second and beyond */
};

struct lag_slot {
	uint64_t second; /* of the clock; tells a stale slot */
	uint32_t count[LAG_BUCKETS];
	uint32_t total;
	uint32_t max_us;
};

struct lag {
	struct lag_slot slot[LAG_SLOTS];
};

/* A timer that was due ran @late_us late, at @now_us. */
void lag_add(struct lag *lag, uint64_t now_us, uint64_t late_us);

/* Lateness that @permille of the last ten seconds' timers did not exceed, to
 * the next bucket's bound (at most a quarter too much), never above the
 * largest. 0 when there were none. */
uint32_t lag_at(const struct lag *lag, uint64_t now_us, unsigned permille);

/* Timers that ran in the last ten seconds. */
uint64_t lag_count(const struct lag *lag, uint64_t now_us);

uint32_t lag_max(const struct lag *lag, uint64_t now_us);

#endif
