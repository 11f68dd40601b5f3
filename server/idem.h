/*
 * idem.h - the same request again, by its Idempotency-Key
 *
 * A key with the same body gets the answer that was given before, unless that
 * said to try again later (503): then it is a new attempt under the same key.
 * Where the server ended before it could answer, the ledger does.
 */
#ifndef SERVER_IDEM_H
#define SERVER_IDEM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/crypto.h"

struct app;
struct http_req;
struct http_res;

enum {
	IDEM_KEY_MAX = 220,                        /* [bytes] as stored */
	IDEM_HASH_MAX = 2 * CRYPTO_SHA256_LEN + 1, /* [bytes] */
};

struct idem {
	char key[IDEM_KEY_MAX]; /* "" without a header */
	char hash[IDEM_HASH_MAX];
};

/* Read the header and look for what was. True: go on with @idem; false: @res
 * is the answer. */
bool idem_begin(struct idem *idem, struct app *app, const char *owner,
                const struct http_req *req, struct http_res *res);

/* Somebody was faster with the same key. */
void idem_conflict(struct http_res *res);

#endif
