/*
 * answering.h - /answer: what Plivo is to do now that somebody answered
 */
#ifndef SERVER_ANSWERING_H
#define SERVER_ANSWERING_H

struct http_req;
struct http_res;

/* /answer/KEY: a call that we placed. */
void answering_call(const struct http_req *req, struct http_res *res,
                    void *arg);

/* /answer: the example's form, with body_data; inbound calls, too. */
void answering_any(const struct http_req *req, struct http_res *res, void *arg);

#endif
