/*
 * answering.h - /answer: what Plivo is to do now that somebody answered
 */
#ifndef SERVER_ANSWERING_H
#define SERVER_ANSWERING_H

#include <stdint.h>

#include "common/attr.h"
#include "server/bots/bots.h"

struct app;
struct http_req;
struct http_res;
struct store_call;
struct store_event;

/* /answer/KEY: a call that we placed. */
void answering_call(const struct http_req *req, struct http_res *res,
                    void *arg);

/* /answer: the example's form, with body_data; inbound calls, too. */
void answering_any(const struct http_req *req, struct http_res *res, void *arg);

/* A place for a call that is up. */
struct answering_wish {
	const char *uuid;  /* the carrier's; "" where it is not known */
	const char *past;  /* for the bot; NULL: it is the call's first */
	const char *avoid; /* a bot to be asked last; NULL: none */
	const struct store_event *ev; /* for the ledger; NULL: nothing */
	uint32_t wait_ms;
};

/* Reserve it, write it down, have the bot prepare it. -EEXIST: @wish->ev was
 * there before, and there is no place. As bots_reserve(); ERR_LIMIT, too, when
 * it cannot be relayed. */
int answering_place(struct app *app, const struct store_call *call,
                    const struct answering_wish *wish,
                    struct bots_place *place) MUST_CHECK;

/* The document that streams to @place; @stream_url NULL or "": through us. */
void answering_stream(struct http_res *res, const struct store_call *call,
                      const char *place, const char *stream_url);

#endif
