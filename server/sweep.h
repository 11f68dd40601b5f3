/*
 * sweep.h - closing calls whose end nobody told
 *
 * Plivo gives up on a callback after a minute, so an outage of ours can lose
 * the news that a call has ended. Once a minute the ledger is looked through
 * for calls that must be over by their own limits.
 */
#ifndef SERVER_SWEEP_H
#define SERVER_SWEEP_H

#include "common/attr.h"

struct app;
struct sweep;

/* Begin on the thread of the REST calls. -ENOMEM. */
int sweep_open(struct sweep **sp, struct app *app) MUST_CHECK;

/* One look through, as of @now_ms; for tests, and for the timer. */
void sweep_run(struct app *app, long long now_ms);

/* Before that thread ends. NULLs the caller's pointer; NULL is fine. */
void sweep_close(struct sweep **sp);

#endif
