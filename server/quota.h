/*
 * quota.h - the limits of an API key: calls a minute, seconds of calls a day
 *
 * What was used is read from the ledger, so that a restart forgives nothing.
 */
#ifndef SERVER_QUOTA_H
#define SERVER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

struct access;
struct app;
struct http_res;

/* Has @who room for one more call? False: @res is 429 with Retry-After. A
 * call counts for the minute and the day (24 hours back) in which it was
 * asked for; one that is up counts with the time it has taken so far. Held by
 * app->admit, or two requests would take the same room. */
bool quota_check(struct app *app, const struct access *who, int64_t now_ms,
                 struct http_res *res);

#endif
