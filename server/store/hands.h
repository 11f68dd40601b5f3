/*
 * hands.h - in whose hands a call is until it was dialled, and whose turn it is
 *
 * Several servers may share a ledger. Whoever adds a call has it in hand; so
 * it stays as long as that server says within its lease that it lives. Then
 * any other may claim it. The lease is measured by the ledger's clock alone.
 * A change that is marked as held is made only by who has the call in hand,
 * which is what keeps two from dialling it. A ledger that cannot be shared
 * (SQLite) has one server, and what it finds at its start was its
 * predecessor's. Errors are store.h's.
 */
#ifndef SERVER_STORE_HANDS_H
#define SERVER_STORE_HANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

enum {
	STORE_LEASE_MS = 10000, /* [ms] */
	/* [ms] A call that was in hand for so long may have been forgotten. */
	STORE_FORGOTTEN_MS = 60000,
};

/* A negative return ends the walk and is returned. @ours: it was ours before,
 * and seems forgotten. Borrowed. */
typedef int store_claim_h(const char *id, bool ours, void *arg);

/* May other servers use this ledger now? */
bool store_shared(const struct store *s);

/* This server lives, for STORE_LEASE_MS more. */
int store_beat(struct store *s) MUST_CHECK;

/* Take calls in hand that are not dialled, or whose POST was out, and that no
 * living server has; and tell of our own that are not beyond that long after
 * they ought to be. @now_ms is what they were dated by. */
int store_claim(struct store *s, int64_t now_ms, store_claim_h *h,
                void *arg) MUST_CHECK;

/* Of a shared ledger: take the next turn to dial a call of @priority,
 * @interval_us after the last one of any server; it is in @wait_us. One that is
 * not used is lost. -EAGAIN: none is taken, as a call of a higher priority is in
 * line in another living server's hands; or each was over when the ledger, which
 * is slow, had told of it. */
int store_turn(struct store *s, int priority, uint64_t interval_us,
               uint64_t *wait_us) MUST_CHECK;

/* Of a shared ledger: nobody has a turn for @ms from now on. */
int store_turn_hold(struct store *s, uint32_t ms) MUST_CHECK;

#endif
