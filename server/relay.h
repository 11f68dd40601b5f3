/*
 * relay.h - Plivo's stream through the server to a bot, in local mode
 *
 * With one tunnel the server is all that Plivo can reach, so the stream of a
 * call whose bot has no public address comes here, at /ws/ID. Only ids that
 * this server was given for a live call are let in, signed as PLIVO_VERIFY
 * asks. Messages pass unchanged both ways; neither side is answered for the
 * other, so both see each other's pings and closes.
 */
#ifndef SERVER_RELAY_H
#define SERVER_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "server/http/http.h"

struct app;
struct relay;

/* Where the streams come in, for http_opts; its arg is the app. */
extern const struct http_ws_route relay_route;

/* May the stream of @call_id to @bot, which has no address of its own for it,
 * come through here? Calls of the ledger count, so that none is dialled which
 * would find no room. false: @why gets a sentence. */
bool relay_admits(struct app *app, const char *call_id, const char *bot,
                  char *why, size_t cap);

/* -ENOMEM; what the system says when there is no descriptor. */
int relay_new(struct relay **rp, struct app *app) MUST_CHECK;

/* Streams that run, or begin. */
unsigned relay_streams(struct relay *r);

/* Close every stream that still runs, 1001 for both its sides, and wait some
 * seconds at most until they have heard it. NULL is fine. */
void relay_stop(struct relay *r);

/* No stream runs any more. NULLs the caller's pointer. NULL is fine. */
void relay_free(struct relay **rp);

#endif
