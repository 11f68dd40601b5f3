/*
 * letter.h - what the user's webhook is told, and how it knows who tells it
 *
 * A letter is one POST of a JSON object: event_id (unique, the same when it
 * comes again), call_id, seq (grows within a call), type, at_ms and data. The
 * header Dialout-Signature is "t=SECONDS,v1=HEX", HEX being the HMAC-SHA256 of
 * "SECONDS.BODY" under EVENTS_SECRET. Pure functions, but for the clock and
 * the random number that they are given.
 */
#ifndef SERVER_LETTER_H
#define SERVER_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;
struct store_call;
struct store_letter;

enum {
	LETTER_URL_MAX = 1024,     /* [bytes] with terminator */
	LETTER_BODY_MAX = 1 << 20, /* [bytes] */
	LETTER_SIGNED_MAX = 128,   /* [bytes] of the header line */
	LETTER_DAY_MS = 86400000,  /* [ms] after which one is given up */
};

/* Append the body. @call is the letter's, as it is now; what is told of a
 * state has all of it. -ENOMEM, ERR_LIMIT. */
int letter_body(struct buf *out, const struct store_letter *l,
                const struct store_call *call) MUST_CHECK;

/* The header's line. -ENOMEM, ERR_LIMIT. */
int letter_sign(char line[LETTER_SIGNED_MAX], const char *secret,
                int64_t now_sec, const struct buf *body) MUST_CHECK;

/* How long to wait after @tries of them have failed [ms]: twice as long each
 * time, an hour at most, less a part that chance decides. @asked_sec: what the
 * peer asked for, -1 without. */
uint32_t letter_wait_ms(unsigned tries, long asked_sec, uint32_t chance);

/* Is it an address that may be told? NULL, or why not, for people. @anywhere:
 * also without TLS, and on this machine or a private network. Names are
 * looked at when they are resolved. */
const char *letter_check_url(const char *url, bool anywhere);

#endif
