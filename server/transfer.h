/*
 * transfer.h - a call is handed over to somebody else
 *
 * A bot asks for it by POST /transfer. Plivo is told to fetch /transfer/KEY,
 * whose document dials, and runs it once the bot has left its stream. How the
 * dial ended is told to /transfer-end/KEY: after a talk the call is over, else
 * one sentence is said first. The bot is not called back: its conversation has
 * ended. What was asked for stands in the ledger as an event, so that it is
 * known after a restart, too.
 */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include <stdbool.h>

struct app;
struct http_req;
struct http_res;
struct store_call;

enum {
	TRANSFER_TO_MAX = 128,     /* [bytes] with terminator: number or SIP */
	TRANSFER_LABEL_MAX = 64,   /* [bytes] with terminator */
	TRANSFER_RING_SEC = 30,    /* unless the bot says otherwise */
	TRANSFER_RING_MIN_SEC = 5, /* Plivo's least */
	TRANSFER_RING_MAX_SEC = 120,
};

/* POST /transfer {"call_id", "to", "label", "timeout_sec"}, with BOT_SECRET.
 * 200: Plivo has agreed; the stream may be left. */
void transfer_handle(const struct http_req *req, struct http_res *res,
                     void *arg);

/* GET and POST /transfer/KEY: the document that dials. */
void transfer_document(const struct http_req *req, struct http_res *res,
                       void *arg);

/* GET and POST /transfer-end/KEY: the dial is over. */
void transfer_end(const struct http_req *req, struct http_res *res, void *arg);

/* The same document for a call that has come to its end otherwise. False: it is
 * not to be handed over, and @res is as it was. */
bool transfer_answer(struct app *app, const struct store_call *call,
                     struct http_res *res);

/* Is the call of that id with somebody else, or on its way there? Then nobody
 * but its two parties ends it. */
bool transfer_is_on(struct app *app, const char *call_id);

#endif
