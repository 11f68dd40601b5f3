/*
 * dnc.h - numbers in the ledger that do not want to be called
 *
 * Errors are store.h's.
 */
#ifndef SERVER_STORE_DNC_H
#define SERVER_STORE_DNC_H

#include <stdint.h>

#include "common/attr.h"

struct store;

/* @number is E.164; @call_id is where it was said. Again is fine. */
int store_dnc_add(struct store *s, const char *number, const char *call_id,
                  int64_t at_ms) MUST_CHECK;

/* 0: it is among them. -ENOENT: it may be called. */
int store_dnc_find(struct store *s, const char *number) MUST_CHECK;

/* -ENOENT: it is not among them. */
int store_dnc_remove(struct store *s, const char *number) MUST_CHECK;

#endif
