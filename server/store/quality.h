/*
 * quality.h - how many of the calls that were made came to nothing
 */
#ifndef SERVER_STORE_QUALITY_H
#define SERVER_STORE_QUALITY_H

#include <stdint.h>

#include "common/attr.h"

struct store;

enum { STORE_SHORT_MS = 7000 /* [ms] six seconds are short, seven are not */ };

/* Of calls that the carrier took and that have ended. Those to India are left
 * out, as the carrier does. */
struct store_quality {
	unsigned calls;
	unsigned brief;     /* answered, and over before STORE_SHORT_MS */
	unsigned abandoned; /* not answered: no second of them was talked */
};

/* Of the last @most that were dialled after @since_ms. Errors are store.h's. */
int store_quality_look(struct store *s, int64_t since_ms, unsigned most,
                       struct store_quality *q) MUST_CHECK;

#endif
