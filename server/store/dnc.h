/*
 * dnc.h - numbers in the ledger that do not want to be called
 *
 * Errors are store.h's.
 */
#ifndef SERVER_STORE_DNC_H
#define SERVER_STORE_DNC_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

/* @number is E.164; @call_id is where it was said. Again is fine. */
int store_dnc_add(struct store *s, const char *number, const char *call_id,
                  int64_t at_ms) MUST_CHECK;

enum { STORE_DNC_BATCH = 500 /* numbers of one transaction */ };

/* The same for at most STORE_DNC_BATCH numbers at once. @fresh: how many were
 * not among them before (or fewer, if the store had to try again). */
int store_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                      int64_t at_ms, unsigned *fresh) MUST_CHECK;

struct store_dnc {
	const char *number, *call_id; /* NULL: not in a call */
	int64_t at_ms;
};

/* A negative return ends the walk and is returned. Borrowed. */
typedef int store_dnc_h(const struct store_dnc *d, void *arg);

/* The next STORE_DNC_BATCH of them behind @after, by the order of their
 * digits; "" is before all. */
int store_dnc_list(struct store *s, const char *after, store_dnc_h *h,
                   void *arg) MUST_CHECK;

/* 0: it is among them. -ENOENT: it may be called. */
int store_dnc_find(struct store *s, const char *number) MUST_CHECK;

/* -ENOENT: it is not among them. */
int store_dnc_remove(struct store *s, const char *number) MUST_CHECK;

#endif
