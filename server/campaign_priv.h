/*
 * campaign_priv.h - what requests about campaigns share
 */
#ifndef SERVER_CAMPAIGN_PRIV_H
#define SERVER_CAMPAIGN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct http_req;
struct http_res;

/* Answer with what the store says. */
void campaign_failed(struct app *app, int err, struct http_res *res);

/* A number of the query from 1 to @max; @n stays without. False: @res is the
 * refusal. */
bool campaign_read_number(const struct http_req *req, struct http_res *res,
                          const char *name, uint64_t max, uint64_t *n);

#endif
