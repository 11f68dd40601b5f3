/*
 * setting.h - what all servers of a ledger share besides its calls
 *
 * A few words by name, such as the kill switch. Errors are store.h's.
 */
#ifndef SERVER_STORE_SETTING_H
#define SERVER_STORE_SETTING_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

enum { STORE_SETTING_MAX = 256 /* [bytes] of a value, with terminator */ };

/* Write @value over what was there; NULL: there is none any more. */
int store_setting_put(struct store *s, const char *name, const char *value,
                      int64_t at_ms) MUST_CHECK;

/* @value, cut to @cap, and when it was written. -ENOENT. */
int store_setting_get(struct store *s, const char *name, char *value,
                      size_t cap, int64_t *at_ms) MUST_CHECK;

#endif
