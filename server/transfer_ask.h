/*
 * transfer_ask.h - Plivo is asked to hand a call over
 *
 * A request waits here until Plivo has agreed and fetched the document that
 * dials. Guards itself.
 */
#ifndef SERVER_TRANSFER_ASK_H
#define SERVER_TRANSFER_ASK_H

#include "common/attr.h"

struct carrier;
struct store_call;
struct transfers;

int transfers_new(struct transfers **tp) MUST_CHECK; /* -ENOMEM */

/* Nobody waits any more, and @carrier has been freed. NULLs the caller's
 * pointer; NULL is fine. */
void transfers_free(struct transfers **tp);

/* Ask for @call, which has a uuid, and wait, 8 s at most. 0: its stream may be
 * left. As carrier_transfer(); -ETIMEDOUT. */
int transfers_ask(struct transfers *t, struct carrier *carrier,
                  const struct store_call *call) MUST_CHECK;

/* The document of the call @id was given away. */
void transfers_fetched(struct transfers *t, const char *id);

#endif
