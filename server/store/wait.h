/*
 * wait.h - calls that wait: for the time they were asked for, and in line
 *
 * A call whose not_before_ms is to come is scheduled: in nobody's hands, until
 * a server finds it due and begins it by store_call_admit(). One that has begun
 * and is not dialled is in line. Those that may go now go by their priority,
 * then by when they might have gone (not_before_ms, or else created_ms), then
 * as they came; the others follow by their time. Errors are store.h's.
 */
#ifndef SERVER_STORE_WAIT_H
#define SERVER_STORE_WAIT_H

#include <stdint.h>

#include "common/attr.h"

struct store;
struct store_call;

enum { STORE_WAIT_ID_MAX = 64 /* [bytes] */ };

/* How many calls, of all servers, go before @c at @now_ms: by its id, priority
 * and times. One that is not in the ledger comes behind its equals. */
int store_before(struct store *s, const struct store_call *c, int64_t now_ms,
                 unsigned *n) MUST_CHECK;

/* The next scheduled call that is due at @now_ms, which nobody else is then
 * told of before @lease_ms are over: first those whose end was asked for or
 * whose expires_ms has come, then in their order. -ENOENT: there is none. */
int store_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
              char id[STORE_WAIT_ID_MAX]) MUST_CHECK;

/* It is due at @due_ms. Nothing if it has begun, or its end was asked for. */
int store_due_put(struct store *s, const char *id, int64_t due_ms) MUST_CHECK;

#endif
