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

#include "common/attr.h"
#include "server/http/http.h"

struct app;
struct relay;

/* Where the streams come in, for http_opts; its arg is the app. */
extern const struct http_ws_route relay_route;

/* -ENOMEM; what the system says when there is no descriptor. */
int relay_new(struct relay **rp, struct app *app) MUST_CHECK;

/* Close every stream that still runs with 1001, and refuse new ones. */
void relay_stop(struct relay *r);

/* No stream runs any more. NULLs the caller's pointer. NULL is fine. */
void relay_free(struct relay **rp);

#endif
