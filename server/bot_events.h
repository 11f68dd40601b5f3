/*
 * bot_events.h - POST /bot-events: what bots tell of their calls
 */
#ifndef SERVER_BOT_EVENTS_H
#define SERVER_BOT_EVENTS_H

#include <stdbool.h>

struct app;
struct http_req;
struct http_res;

enum { BOT_EVENTS_MAX = 1024 * 1024 /* [bytes] of one POST */ };

/* Each event is taken once; 200 says that all of them are stored. */
void bot_events_handle(const struct http_req *req, struct http_res *res,
                       void *arg);

/* Is it one of our bots that asks? False: @res is the refusal. */
bool bot_events_may_post(struct app *app, const struct http_req *req,
                         struct http_res *res);

#endif
