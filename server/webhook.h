/*
 * webhook.h - Plivo's callbacks: is it Plivo, which call, what happened
 */
#ifndef SERVER_WEBHOOK_H
#define SERVER_WEBHOOK_H

#include <stdbool.h>

struct app;
struct http_req;
struct http_res;
struct store_call;

enum { WEBHOOK_UUID_MAX = 64 /* [bytes] */ };

/* Is @req signed by Plivo for the address @base? As PLIVO_VERIFY says, a bad
 * signature is refused (false, @res is it), logged or not looked at. */
bool webhook_verify(struct app *app, const struct http_req *req,
                    struct http_res *res, const char *base);

/* The call whose key is in @req's path, verified. False: @res is the refusal.
 * @call is store_call_fini()'s to release. */
bool webhook_call(struct app *app, const struct http_req *req,
                  struct http_res *res, struct store_call *call);

/* Take what @req says happened to @call into the ledger, and act on it. False:
 * the ledger failed, @res is a 503 and Plivo will try again. */
bool webhook_take(struct app *app, const struct http_req *req,
                  struct http_res *res, const struct store_call *call);

/* Does @req say that the call is over? */
bool webhook_is_hangup(const struct http_req *req);

/* GET and POST /events/KEY. */
void webhook_events(const struct http_req *req, struct http_res *res,
                    void *arg);

#endif
