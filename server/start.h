/*
 * start.h - POST /start
 */
#ifndef SERVER_START_H
#define SERVER_START_H

#include "common/attr.h"
#include "common/str.h"
#include "server/request.h"

struct config;
struct http_req;
struct http_res;

/* Place a call, and wait for Plivo's answer as long as START_WAIT allows. */
void start_handle(const struct http_req *req, struct http_res *res, void *arg);

/* Custom data that a URL would have to carry, and cannot, is found out before
 * anybody's telephone rings: ERR_LIMIT. -ENOMEM. */
int start_inline_fits(const struct config *cfg, struct str body) MUST_CHECK;

/* May @url be told of a call that wants it to be? False: @why is a sentence. */
bool start_may_tell(const struct config *cfg, const char *url,
                    char why[REQUEST_WHY_MAX]);

#endif
