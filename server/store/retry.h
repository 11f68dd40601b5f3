/*
 * retry.h - calls that are to be made again, because nobody could be spoken to
 *
 * A row for each call of which another try is planned. The try itself is a
 * call of its own; store_call_admit() takes both in one transaction, so that a
 * plan becomes one call at most, whoever looks for what is due. Errors are
 * store.h's.
 */
#ifndef SERVER_STORE_RETRY_H
#define SERVER_STORE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

enum {
	STORE_RETRY_ID_MAX = 64, /* [bytes] */
	STORE_RETRY_BATCH = 100, /* plans of one look */
};

#define STORE_RETRY_NEVER INT64_MAX

struct store_retry {
	char call_id[STORE_RETRY_ID_MAX]; /* the call before */
	char next_id[STORE_RETRY_ID_MAX]; /* the one that was made; "" yet */
	char cause[16];                   /* why it is made again */
	unsigned attempt;                 /* of the one to be made: 1, 2, ... */
	int64_t due_ms;
};

/* Plan it, unless it was planned before: then nothing is done. */
int store_retry_add(struct store *s, const struct store_retry *r) MUST_CHECK;

/* Of the call @id: the plan that it led to, or, with @made, the one that it
 * was made by. -ENOENT. */
int store_retry_get(struct store *s, const char *id, bool made,
                    struct store_retry *r) MUST_CHECK;

/* A negative return ends the walk and is returned. */
typedef int store_retry_h(const struct store_retry *r, void *arg);

/* At most STORE_RETRY_BATCH of those due at @now_ms and not made yet, the
 * first due first. */
int store_retry_due(struct store *s, int64_t now_ms, store_retry_h *h,
                    void *arg) MUST_CHECK;

/* Not before @due_ms; STORE_RETRY_NEVER gives it up. Nothing if it is made. */
int store_retry_put_off(struct store *s, const char *call_id,
                        int64_t due_ms) MUST_CHECK;

#endif
