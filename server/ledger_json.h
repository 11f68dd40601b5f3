/*
 * ledger_json.h - a call as JSON
 */
#ifndef SERVER_LEDGER_JSON_H
#define SERVER_LEDGER_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;
struct store;
struct store_call;

/* Append the call's object without the bracket that closes it. @whole: the
 * number is shown whole. -ENOMEM, ERR_LIMIT. */
int ledger_json_call(struct buf *out, const struct store_call *c,
                     bool whole) MUST_CHECK;

/* Append as "position" how many go before it, and itself; null if it does not
 * wait. Also the store's errors. */
int ledger_json_position(struct buf *out, struct store *store,
                         const struct store_call *c, int64_t now_ms) MUST_CHECK;

/* Append as "retry_of" and "attempt" what it is another try of, and as "retry"
 * what is planned after it. Also the store's errors. */
int ledger_json_tries(struct buf *out, struct store *store,
                      const char *id) MUST_CHECK;

/* Append its turns, events and costs as three more members; numbers as above.
 * Also the store's errors. */
int ledger_json_story(struct buf *out, struct store *store, const char *id,
                      bool whole) MUST_CHECK;

/* Read "2026-01-31T12:00:00Z" or Unix milliseconds. -EINVAL. */
int ledger_json_time(const char *text, int64_t *ms) MUST_CHECK;

#endif
