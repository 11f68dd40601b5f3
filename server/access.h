/*
 * access.h - who may call, and under which address we are reached
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

struct config;
struct http_req;
struct http_res;

enum {
	ACCESS_BASE_MAX = 300, /* [bytes] of a base address */
};

enum access_scope { ACCESS_START, ACCESS_READ };

/* May this request do that? Otherwise @res is the refusal. @keyed (or NULL):
 * did it come with a key? */
bool access_check(const struct config *cfg, const struct http_req *req,
                  struct http_res *res, enum access_scope scope, bool *keyed);

/* The address under which we were reached: PUBLIC_URL, or what the request's
 * Host says, by the example's rule. False: @res is the refusal. */
bool access_base(const struct config *cfg, const struct http_req *req,
                 struct http_res *res, char base[ACCESS_BASE_MAX]);

/* The same for an address that Plivo must be able to reach. */
bool access_public_base(const struct config *cfg, const struct http_req *req,
                        struct http_res *res, char base[ACCESS_BASE_MAX]);

/* Does it come from this machine, with no tunnel or proxy between? */
bool access_local(const struct http_req *req);

/* Is the bearer of @req exactly @secret? */
bool access_bearer(const struct http_req *req, const char *secret);

#endif
