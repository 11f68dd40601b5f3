/*
 * store.h - the ledger of calls, behind one interface
 *
 * Whatever was promised to a client or to the carrier is here before it is
 * said: each function has stored durably when it returns 0. A call's state
 * has a rank that only grows, so late, doubled and shuffled news cannot take
 * it back. Events are append-only, and each is taken once.
 *
 * Safe to use from several threads; functions block for milliseconds. Texts
 * that are passed in are copied. Times are Unix milliseconds, 0 is unknown.
 * All functions return -EIO when the store fails, -ENOSPC when the disk is
 * full, -EBUSY when another process holds it for seconds, and -ENOMEM.
 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "server/store/call.h"

struct store;

enum store_by { STORE_ID, STORE_KEY, STORE_UUID, STORE_RESERVATION };

struct store_filter {
	bool has_state;
	enum store_state state;
	bool live;         /* only calls that have begun and not ended */
	const char *owner; /* only this API key's; NULL: all */
	int64_t since_ms;  /* created then or later */
	const char *after; /* behind this call's id; NULL: from the newest */
	unsigned limit;    /* at most; 0: 1000 */
};

/* A negative return ends the walk and is returned. What is passed is borrowed
 * until the handler returns; it must not call the store. */
typedef int store_call_h(const struct store_call *c, void *arg);
typedef int store_event_h(const struct store_event *ev, void *arg);
typedef int store_turn_h(const struct store_turn *t, void *arg);

/* "sqlite:PATH", or a "postgres://" address as libpq takes it. @why gets a
 * sentence. -EINVAL: no such scheme, or a ledger of a newer version; -EACCES,
 * -ENOENT and the like. */
int store_open(struct store **sp, const char *url, char *why,
               size_t why_cap) MUST_CHECK;
void store_close(struct store **sp);

/* -EEXIST: this owner has used this idempotency key (or an id is taken). */
int store_call_add(struct store *s, const struct store_call *c) MUST_CHECK;

/* -ENOENT. */
int store_call_get(struct store *s, enum store_by by, const char *value,
                   struct store_call *out) MUST_CHECK;
int store_call_idem(struct store *s, const char *owner, const char *idem_key,
                    struct store_call *out) MUST_CHECK;

/* One transaction: take the event, if there is one; apply the change, and
 * write the turn (over one with the same n and role), if there are any.
 * -EEXIST: the event was here before, and nothing was done. -ENOENT: no such
 * call. ERR_STALE, -ECANCELED: see @change->held. ERR_LIMIT: see
 * @change->rooms. @moved, if not NULL: has the state gone forward? The other
 * fields are written also if not. The outbox gets what it is to tell
 * (outbox.h). */
int store_call_change(struct store *s, const char *id,
                      const struct store_change *change,
                      const struct store_event *ev,
                      const struct store_turn *turn, bool *moved) MUST_CHECK;

/* Newest first. -ENOENT: @f->after is no call. */
int store_calls(struct store *s, const struct store_filter *f, store_call_h *h,
                void *arg) MUST_CHECK;

/* Calls that have begun and not ended. */
int store_count_live(struct store *s, unsigned *n) MUST_CHECK;
/* Calls that are scheduled. */
int store_count_scheduled(struct store *s, unsigned *n) MUST_CHECK;

int store_events(struct store *s, const char *id, store_event_h *h,
                 void *arg) MUST_CHECK;
int store_turns(struct store *s, const char *id, store_turn_h *h,
                void *arg) MUST_CHECK;

#endif
