/*
 * sweep.h - closing calls whose end nobody told
 *
 * Plivo gives up on a callback after a minute, so an outage of ours can lose
 * the news that a call has ended. Once a minute the ledger is looked through
 * for calls that must be over by their own limits.
 */
#ifndef SERVER_SWEEP_H
#define SERVER_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct app;
struct sweep;

/* Begin on the thread of the REST calls. -ENOMEM. */
int sweep_open(struct sweep **sp, struct app *app) MUST_CHECK;

/* The wall's clock against one that never jumps; zero at first. */
struct sweep_clock {
	int64_t base_ms;   /* the wall's time when the other stood at 0 */
	int64_t jumped_ms; /* of the other, when they began to differ; or 0 */
	bool set;
};

/* What time calls may be judged by: the earlier of what @wall_ms says and of
 * what it would say had nobody put it forward since. So a clock that jumps
 * makes no call look old. The jump is forgotten once every call that began
 * before it is over, after @longest_ms. */
int64_t sweep_clock_now(struct sweep_clock *c, int64_t wall_ms,
                        int64_t steady_ms, int64_t longest_ms);

/* One look through, as of @now_ms; for tests, and for the timer. */
void sweep_run(struct app *app, long long now_ms);

/* Before that thread ends. NULLs the caller's pointer; NULL is fine. */
void sweep_close(struct sweep **sp);

#endif
