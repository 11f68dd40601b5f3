/*
 * throttle.h - who guesses keys is made to wait
 *
 * Each address has some wrong keys to spare, and so have all strangers
 * together; then no key of theirs is looked at until time has made room. An
 * address that has shown a good key before does not suffer from strangers.
 * The table has a fixed size: of many addresses the least recent is forgotten,
 * a stranger before one that is known.
 */
#ifndef SERVER_THROTTLE_H
#define SERVER_THROTTLE_H

#include <stdint.h>

#include "common/attr.h"

struct http_req;
struct throttle;

enum {
	THROTTLE_OWN = 20,           /* wrong keys of one address */
	THROTTLE_OWN_EVERY = 2000,   /* [ms] until it may try one more */
	THROTTLE_ALL = 200,          /* wrong keys of all strangers */
	THROTTLE_ALL_EVERY = 100,    /* [ms] */
	THROTTLE_ADDRESS_MAX = 48,   /* [bytes] */
	THROTTLE_KNOWN_MS = 86400000 /* [ms] a good key is remembered */
};

/* -ENOMEM. */
int throttle_new(struct throttle **tp) MUST_CHECK;
void throttle_free(struct throttle **tp);

/* Where a request comes from: its peer, or, when that is a proxy of ours (a
 * loopback or private address), what the proxy says last in X-Forwarded-For. */
const char *throttle_address(char dst[THROTTLE_ADDRESS_MAX],
                             const struct http_req *req);

/* May a key from @address be looked at? 0, or the seconds to wait. @now_ms is
 * of a clock that never jumps. NULL for @t: always. */
unsigned throttle_wait(struct throttle *t, const char *address, int64_t now_ms);

/* How it went. */
void throttle_wrong(struct throttle *t, const char *address, int64_t now_ms);
void throttle_right(struct throttle *t, const char *address, int64_t now_ms);

#endif
