/*
 * costs.h - what a call has cost, by what was told of it
 *
 * Plivo's hangup callback has its price, the bot's last event what was used
 * of the providers. Prices are passed on as the decimal texts that they came
 * as. Pure functions.
 */
#ifndef SERVER_COSTS_H
#define SERVER_COSTS_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/buf.h"

struct store_event;

enum { COSTS_PRICE_MAX = 24 /* [bytes] with terminator */ };

struct costs {
	bool carrier;                                       /* has told */
	char total[COSTS_PRICE_MAX], rate[COSTS_PRICE_MAX]; /* "" not told */
	long long billed_sec;                               /* -1: not told */
	struct buf usage;  /* an object; empty without */
	struct buf report; /* likewise: of the report on the call */
};

void costs_init(struct costs *c);
void costs_fini(struct costs *c);

/* Note what an event of the call tells; most tell nothing. -ENOMEM,
 * ERR_LIMIT. */
int costs_take(struct costs *c, const struct store_event *ev) MUST_CHECK;

/* Append the object, or null if nothing was told. -ENOMEM, ERR_LIMIT. */
int costs_json(struct buf *out, const struct costs *c) MUST_CHECK;

#endif
