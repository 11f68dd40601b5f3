/*
 * start.h - POST /start
 */
#ifndef SERVER_START_H
#define SERVER_START_H

struct http_req;
struct http_res;

/* Place a call, and wait for Plivo's answer as long as START_WAIT allows. */
void start_handle(const struct http_req *req, struct http_res *res, void *arg);

#endif
