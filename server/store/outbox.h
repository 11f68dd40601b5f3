/*
 * outbox.h - news of calls that are to be sent to the user's webhook
 *
 * store_call_change() writes letters in the transaction that makes them true:
 * one when a call's state moves, and one for each event that is to be told,
 * of calls that have an events_url. What the ledger says has happened is
 * therefore sent, whatever dies in between.
 *
 * Of one call only the first letter is ever due; the next one is when that is
 * settled, so that their order holds. One that nobody would take is dead: it
 * stays for people to look at, and the others go on. Errors are store.h's.
 */
#ifndef SERVER_STORE_OUTBOX_H
#define SERVER_STORE_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

struct store_letter {
	int64_t seq;
	const char *event_id; /* unique */
	const char *call_id;
	const char *url;  /* the call's; "": the configured one */
	const char *type; /* "state", or the event's */
	const char *data; /* JSON text: a state's name, or the event's data */
	int64_t at_ms, created_ms;
	int64_t next_ms; /* to be tried then; INT64_MAX: another goes first */
	unsigned tries;
	bool dead;
	const char *error; /* of the last try */
};

enum store_verdict { STORE_SENT, STORE_LATER, STORE_DEAD };

struct store_settle {
	enum store_verdict verdict;
	int64_t next_ms;   /* STORE_LATER */
	unsigned tries;    /* made so far */
	const char *error; /* or NULL */
};

/* A negative return ends the walk and is returned. Borrowed; the handler must
 * not call the store. */
typedef int store_letter_h(const struct store_letter *l, void *arg);

/* Give @h letters that are due at @now_ms, at most @limit, the longest due
 * first. They are due again after @lease_ms, unless they are settled. */
int store_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                       unsigned limit, store_letter_h *h, void *arg) MUST_CHECK;

/* What has become of a letter. One that is gone is fine. */
int store_outbox_settle(struct store *s, int64_t seq,
                        const struct store_settle *what) MUST_CHECK;

/* The first letter of each call is due at once; with @dead those that were
 * given up as well. */
int store_outbox_wake(struct store *s, bool dead) MUST_CHECK;

/* Leave the newest @keep letters; those that are dead go first. @dropped: how
 * many went. */
int store_outbox_trim(struct store *s, unsigned keep,
                      unsigned *dropped) MUST_CHECK;

/* All that wait, or all that are dead, the oldest first. */
int store_outbox_list(struct store *s, bool dead, store_letter_h *h,
                      void *arg) MUST_CHECK;

int store_outbox_count(struct store *s, unsigned *waiting,
                       unsigned *dead) MUST_CHECK;

#endif
