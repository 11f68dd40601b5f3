/*
 * receiver.h - the addresses that letters are in hand for
 *
 * One that fails gets one letter at a time until it takes one; the others wait
 * in the ledger, so that neither it nor we have to do with all of them at once,
 * and letters to others find room. For the outbox' thread alone.
 */
#ifndef SERVER_RECEIVER_H
#define SERVER_RECEIVER_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/list.h"

enum { RECEIVERS_MAX = 256 /* remembered, beyond those in use */ };

struct receiver {
	struct link link;
	char *url;
	unsigned n_out, n_held; /* letters under way; next ones */
	bool failing;           /* its last answer was none, or was bad */
};

/* The receiver at @url in @list, made if it is new. NULL: no memory. */
struct receiver *receiver_of(struct link *list, const char *url) MUST_CHECK;

/* Forget it if it is no more than a memory of good days. */
void receiver_drop(struct receiver *r);

/* Forget all. */
void receivers_free(struct link *list);

#endif
