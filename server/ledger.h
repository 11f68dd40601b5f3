/*
 * ledger.h - GET /calls, GET and DELETE /calls/ID
 */
#ifndef SERVER_LEDGER_H
#define SERVER_LEDGER_H

struct http_req;
struct http_res;

void ledger_list(const struct http_req *req, struct http_res *res, void *arg);
void ledger_one(const struct http_req *req, struct http_res *res, void *arg);

#endif
