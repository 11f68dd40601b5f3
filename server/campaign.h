/*
 * campaign.h - a list of people to be called, from its upload to its results
 *
 * The rows are in the ledger when the upload is answered. From there on a
 * timer makes calls of them, at the campaign's pace, so many at once, under the
 * guards of any other call: a row that may not be called now waits, one that
 * never may says why in the results. All servers of a ledger work at it.
 */
#ifndef SERVER_CAMPAIGN_H
#define SERVER_CAMPAIGN_H

#include "common/attr.h"

struct app;
struct campaigns;
struct http_req;
struct http_res;

enum { CAMPAIGN_BODY_MAX = 4 * 1024 * 1024 /* [bytes] of a list */ };

/* POST /campaigns. */
void campaign_add_handle(const struct http_req *req, struct http_res *res,
                         void *arg);

/* GET /campaigns. */
void campaign_list_handle(const struct http_req *req, struct http_res *res,
                          void *arg);

/* GET /campaigns/ID and /campaigns/ID/results; POST of /campaigns/ID/pause,
 * resume and cancel. */
void campaign_one_handle(const struct http_req *req, struct http_res *res,
                         void *arg);

/* Begin on the thread of the REST calls. -ENOMEM. */
int campaigns_open(struct campaigns **cp, struct app *app) MUST_CHECK;

/* Before that thread ends. NULLs the caller's pointer; NULL is fine. */
void campaigns_close(struct campaigns **cp);

#endif
