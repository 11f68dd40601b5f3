/*
 * retry.h - calls that are made again when nobody could be spoken to
 *
 * By the cause of a call's end: how often at most, and how long after it. A
 * try is a call of its own, under the same guards as any other: it waits for
 * calling hours, for room in the budgets, for the end of a pause.
 */
#ifndef SERVER_RETRY_H
#define SERVER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct app;
struct store_call;

enum retry_cause { RETRY_BUSY, RETRY_NO_ANSWER, RETRY_VOICEMAIL, RETRY_CAUSES };

struct retry_rule {
	unsigned times; /* at most; 0: never */
	int64_t apart_ms;
};

/* Read "2/10m": twice at most, ten minutes after the end; s, m, h or d.
 * -EINVAL. */
int retry_rule_parse(struct retry_rule *r, const char *text) MUST_CHECK;

/* The plans of a campaign as one text: for each cause a plan, "never", or ""
 * for the server's, with commas between. */
enum { RETRY_TEXT_MAX = 64 /* [bytes] */ };

/* @call is ending for @cause: plan the next try if there is one to be. Before
 * the end is in the ledger; again is fine. Errors are store.h's. */
int retry_plan(struct app *app, const struct store_call *call,
               enum retry_cause cause) MUST_CHECK;

/* The same by Plivo's code of a call that was not answered. */
int retry_plan_code(struct app *app, const struct store_call *call,
                    int code) MUST_CHECK;

/* Make the calls that are due. On the thread of the REST calls, now and then.
 * Errors are logged. */
void retry_run(struct app *app, int64_t now_ms);

#endif
