/*
 * admit.h - a call taken into the ledger only if nothing stands against it
 *
 * Looking and writing are one transaction, so that of many who race for the
 * last unit, on several servers too, one has it. Errors are store.h's.
 */
#ifndef SERVER_STORE_ADMIT_H
#define SERVER_STORE_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct store;
struct store_call;

enum { STORE_WAIT_MAX = 100000 /* calls that are scheduled */ };

enum store_measure { STORE_CALLS, STORE_SECONDS };

/* What calls of a span of time up to now may come to. A call counts from its
 * created_ms on; with its reserved_sec until it has ended, and then with the
 * seconds from its answer to its end, begun ones whole, at most those. One
 * that ended without being dialled counts no more. Calls that reserve nothing
 * (those that came in) are not counted. */
struct store_limit {
	enum store_measure measure;
	const char *owner; /* of this API key's; NULL: of all */
	int64_t span_ms;
	int64_t max;
};

enum store_ruling {
	STORE_ADMITTED,
	STORE_UNWANTED, /* the number is on the do-not-call list */
	STORE_TWICE,    /* a call to this number has not ended */
	STORE_SPENT,    /* a limit is reached */
	STORE_FULL,     /* too many calls have not ended */
	STORE_MADE,     /* its plan or row has been made a call before, or its
	                 * campaign has no room for it now; or it is no longer
	                 * scheduled */
};

struct store_admission {
	bool one_per_number;
	const char *retry_of; /* whose plan it is, see retry.h; NULL: none */
	const char *campaign; /* whose row it is, see campaign.h; NULL: none */
	unsigned line;        /* that row's */
	bool release;         /* it is there, and scheduled: it begins now */
	unsigned live_max;    /* calls that have not ended; 0: any number */
	const struct store_limit *limits;
	size_t n_limits;
	/* Filled in. */
	enum store_ruling verdict;
	size_t limit;    /* SPENT: which of them */
	int64_t free_ms; /* SPENT: from when on it has room if nothing else
	                  * is started; 0: never */
};

/* Add @c as store_call_add() does, or say why not, which is no error. One that
 * is added as scheduled is looked up on the do-not-call list alone, and counts
 * for nothing before it begins; STORE_FULL is then STORE_WAIT_MAX. To begin one
 * (release), its state, created_ms and reserved_sec are what it is to have from
 * now on. */
int store_call_admit(struct store *s, const struct store_call *c,
                     struct store_admission *a) MUST_CHECK;

#endif
