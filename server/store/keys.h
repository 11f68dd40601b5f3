/*
 * keys.h - the API keys in the ledger
 *
 * A key is known by its digest alone; its text was shown once, when it was
 * made. Errors are store.h's.
 */
#ifndef SERVER_STORE_KEYS_H
#define SERVER_STORE_KEYS_H

#include <stdint.h>

#include "common/attr.h"

struct store;

struct store_key {
	const char *name;
	const char *hash;   /* SHA-256 as hexadecimal digits */
	const char *scopes; /* "start,read" */
	uint32_t rate;      /* calls a minute; 0: no limit */
	int64_t budget;     /* seconds of calls a day; 0: no limit */
	int64_t created_ms, revoked_ms;
	/* More of both: lists such as "100/hour,500/day"; NULL: none. */
	const char *rates, *budgets;
};

/* A negative return ends the walk and is returned. Borrowed. */
typedef int store_key_h(const struct store_key *k, void *arg);

/* -EEXIST: the name or the hash is taken. */
int store_key_add(struct store *s, const struct store_key *k) MUST_CHECK;

/* @h gets the one key that is not revoked. -ENOENT. */
int store_key_find(struct store *s, const char *hash, store_key_h *h,
                   void *arg) MUST_CHECK;

/* All, the oldest first. */
int store_keys(struct store *s, store_key_h *h, void *arg) MUST_CHECK;

/* -ENOENT: no such name, or revoked before. */
int store_key_revoke(struct store *s, const char *name,
                     int64_t at_ms) MUST_CHECK;

#endif
