/*
 * reconcile.h - what became of calls that nobody told us about
 *
 * A POST without a clear answer leaves a call "unknown", and an outage of ours
 * loses callbacks for good. Plivo is asked then: its live, queued and finished
 * calls. One that fits is adopted; one that has ended is closed; one that is
 * nowhere, long after it must have rung, was not placed. Nothing is ever
 * dialled from here.
 *
 * Answers come on the thread of the REST calls, later; errors are logged, and
 * the next look tries again.
 */
#ifndef SERVER_RECONCILE_H
#define SERVER_RECONCILE_H

#include <stdint.h>

struct app;
struct store_call;

enum {
	RECONCILE_SEC = 180, /* after the ringing: to be found, or called back
	                      */
};

/* Look for all unknown calls, as of @now_ms; nothing if a look is under way.
 * A call is adopted when exactly one call at Plivo fits it (numbers, time, no
 * other call's) and it alone fits that one. */
void reconcile_unknown(struct app *app, int64_t now_ms);

/* Is this call, whose call_uuid is known, still up? One that has finished is
 * closed as Plivo's records say; one that Plivo does not know is left. */
void reconcile_known(struct app *app, const struct store_call *call);

#endif
