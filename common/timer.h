/*
 * timer.h - one-shot timers on one monotonic clock
 *
 * A timer lives inside its owner and costs no allocation. Stopping is
 * synchronous and idempotent: once timer_stop() returns the handler will not
 * run, so an owner stops its timers and may then free itself at once.
 *
 * Time is microseconds of an arbitrary epoch, sampled once per loop turn.
 * Delays are milliseconds. Timers with equal due times run in start order.
 * A struct timer is zeroed before its first use.
 */
#ifndef COMMON_TIMER_H
#define COMMON_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

typedef void timer_h(void *arg);

struct timers; /* the schedule; driven by the loop, or by a test */

struct timer {
	uint64_t due_us;
	uint64_t order;                    /* tie-break: start sequence */
	struct timer *child, *next, *prev; /* intrusive heap; no allocation */
	timer_h *handler;                  /* NULL when stopped */
	void *arg;
};

/* A schedule whose clock stands at @now_us. -ENOMEM. */
int timers_new(struct timers **tsp, uint64_t now_us) MUST_CHECK;

/* No timer may be running. NULLs the caller's pointer. */
void timers_free(struct timers **tsp);

/* Current time of the schedule [us]. */
uint64_t timers_now(const struct timers *ts);

/* Set the clock without running anything; it never goes backwards. */
void timers_update(struct timers *ts, uint64_t now_us);

/* Set the clock and run what is due. A timer that a handler starts runs in a
 * later call at the earliest, so handlers cannot starve the loop. */
void timers_run(struct timers *ts, uint64_t now_us);

/* Is there a timer, and when is the first one due? */
bool timers_next(const struct timers *ts, uint64_t *due_us);

/* Start @t, or restart it if running. Needs no memory, so cannot fail. */
void timer_start(struct timers *ts, struct timer *t, uint32_t delay_ms,
                 timer_h *handler, void *arg);

/* The same with an absolute time of the schedule's clock; the past means at
 * once. For work that must not drift, such as pacing. */
void timer_start_at(struct timers *ts, struct timer *t, uint64_t due_us,
                    timer_h *handler, void *arg);

/* Stop @t. Allowed at any time, also from inside its own handler. */
void timer_stop(struct timers *ts, struct timer *t);

static inline bool timer_running(const struct timer *t)
{
	return t->handler != NULL;
}

#endif
