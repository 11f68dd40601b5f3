/*
 * ws.h - the WebSocket routes on civetweb's frame callbacks
 *
 * Private to this folder. A WebSocket holds its thread as long as it lives.
 */
#ifndef SERVER_HTTP_WS_H
#define SERVER_HTTP_WS_H

#include "server/http/http.h"

struct mg_connection;
struct mg_context;
struct ws_bind;

/* Once a process. */
void ws_init_library(void);

/* An upgrade that was let through goes on with @route and @user. -ENOMEM. */
int ws_expect(struct mg_connection *conn, const struct http_ws_route *route,
              void *user) MUST_CHECK;

/* The request is over; if it did not become a WebSocket, tell its owner. */
void ws_forget(const struct mg_connection *conn);

/* Register @opts->ws_routes with the running server. -ENOMEM. */
int ws_bind(struct ws_bind **bp, struct mg_context *ctx,
            const struct http_opts *opts) MUST_CHECK;

/* After the server has stopped. NULL is fine. */
void ws_unbind(struct ws_bind **bp);

/* Is it an upgrade, and such as the library would not refuse after we have let
 * it through? */
bool ws_is_asked(const struct http_req *req, const char *method);

#endif
