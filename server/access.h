/*
 * access.h - who may call, and under which address we are reached
 *
 * Keys of API_KEY may do everything. Keys of the ledger ("key add") have
 * scopes, "start", "read" and "admin", and budgets that admission.h looks after.
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "server/budget.h"

struct app;
struct config;
struct http_req;
struct http_res;

enum {
	ACCESS_BASE_MAX = 300, /* [bytes] of a base address */
	ACCESS_NAME_MAX = 48,  /* [bytes] of a key's name */
};

enum access_scope { ACCESS_START, ACCESS_READ, ACCESS_ADMIN };

/* Who asks. */
struct access {
	bool keyed;                   /* came with a good key */
	char owner[ACCESS_NAME_MAX];  /* the key's name; "env", "open" */
	struct budget calls, seconds; /* that it may use */
};

/* May this request do that, by its bearer key (of API_KEY, or one of the
 * ledger's) or without one? Otherwise @res is the refusal. @a may be NULL. */
bool access_check(struct app *app, const struct http_req *req,
                  struct http_res *res, enum access_scope scope,
                  struct access *a);

/* Who @owner is: the name of a key, NULL, "env" or "open". -ENOENT: a key that
 * was revoked. Other errors are store.h's. */
int access_owner(struct app *app, const char *owner,
                 struct access *a) MUST_CHECK;

/* The address under which we were reached: PUBLIC_URL, or what the request's
 * Host says, by the example's rule. False: @res is the refusal. */
bool access_base(const struct config *cfg, const struct http_req *req,
                 struct http_res *res, char base[ACCESS_BASE_MAX]);

/* The same for an address that Plivo must be able to reach. */
bool access_public_base(const struct config *cfg, const struct http_req *req,
                        struct http_res *res, char base[ACCESS_BASE_MAX]);

/* Does it come from this machine, with no tunnel or proxy between? */
bool access_local(const struct http_req *req);

/* Is the bearer of @req exactly BOT_SECRET, which is set? False: @res is the
 * refusal. Who guesses is made to wait, as with keys and apart from them. */
bool access_secret(struct app *app, const struct http_req *req,
                   struct http_res *res);

#endif
