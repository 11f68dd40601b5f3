/*
 * campaign.h - lists of people to be called, a row each
 *
 * A row becomes one call at most: store_call_admit() takes both in one
 * transaction, and asks there whether its campaign runs, is due by its pace
 * and has room among its calls. A row that is looked at is leased, so that
 * servers which share the ledger look at different ones. Another try of a
 * row's call takes its place in the row. A call that could not be placed for a
 * reason that may pass gives its row back (store_change's row_due_ms). Errors
 * are store.h's.
 */
#ifndef SERVER_STORE_CAMPAIGN_H
#define SERVER_STORE_CAMPAIGN_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct store;

enum {
	STORE_CAMPAIGN_ROWS = 10000, /* of one list */
	STORE_CAMPAIGN_ID_MAX = 64,  /* [bytes] */
};

struct store_campaign {
	char id[STORE_CAMPAIGN_ID_MAX];
	char owner[64], agent[80]; /* agent "": the default one */
	char base_url[320];
	char hash[80];         /* of the request, for the same one again */
	char state[16];        /* "running", "paused", "cancelled" */
	char retries[64];      /* its plans, as retry.h writes them; "": none */
	char hours[256];       /* its calling hours; "": none of its own */
	char events_url[1024]; /* of rows without one; "": none */
	int64_t created_ms;
	int64_t gap_ms;   /* from one call to the next, at least */
	int64_t next_ms;  /* no call before that */
	unsigned at_once; /* calls that have not ended, at most */
};

struct store_row {
	const char *campaign_id;
	unsigned line;
	char *to;           /* NULL: it is no number */
	char *phone_number; /* JSON text, as it was sent */
	char *body;         /* JSON text, or NULL */
	char *state;        /* "waiting", "called", "refused", "bad",
	                     * "repeated", "expired" */
	char *why;          /* not called; or not yet */
	char *events_url;   /* told of it; NULL: the campaign's */
	int64_t due_ms;
	int64_t expires_ms; /* it waits no longer; 0: for ever */
	int priority;       /* the higher is called first */
	/* Of its call, when there is one. */
	const char *call_id, *call_state, *end_by, *end_cause, *error;
	int64_t answered_ms, ended_ms;
};

/* All or nothing. -EEXIST: the id is taken. */
int store_campaign_add(struct store *s, const struct store_campaign *c,
                       const struct store_row *rows, size_t n) MUST_CHECK;

/* -ENOENT. */
int store_campaign_get(struct store *s, const char *id,
                       struct store_campaign *out) MUST_CHECK;

/* The one whose row the call is of. -ENOENT: of none. */
int store_campaign_of(struct store *s, const char *call_id,
                      struct store_campaign *out) MUST_CHECK;

/* One that was cancelled stays so: -ENOENT, as of one that never was. */
int store_campaign_set(struct store *s, const char *id,
                       const char *state) MUST_CHECK;

/* How many rows are in @row_state and their calls in @call_state: NULL without
 * a call, "retry_planned" where another try of it is to be. A negative return
 * ends the walk and is returned. */
typedef int store_count_h(const char *row_state, const char *call_state,
                          unsigned n, void *arg);

int store_campaign_count(struct store *s, const char *id, store_count_h *h,
                         void *arg) MUST_CHECK;

/* What is passed is borrowed; the handler must not call the store. */
typedef int store_row_h(const struct store_row *r, void *arg);

/* At most @limit campaigns in @state (NULL: in any), newest first, behind the
 * one named @after (NULL: from the first). A negative return ends the walk and
 * is returned; the handler must not call the store. */
typedef int store_campaign_h(const struct store_campaign *c, void *arg);

int store_campaigns(struct store *s, const char *state, const char *after,
                    unsigned limit, store_campaign_h *h, void *arg) MUST_CHECK;

/* All rows, by their lines. */
int store_campaign_rows(struct store *s, const char *id, store_row_h *h,
                        void *arg) MUST_CHECK;

/* Look at the next row that may become a call at @now_ms, which nobody else
 * then does before @lease_ms. -ENOENT: there is none. */
int store_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                         store_row_h *h, void *arg) MUST_CHECK;

/* The row does not become a call because of @why: not before @due_ms, or
 * never, INT64_MAX. Nothing if it has become one. */
int store_campaign_put_off(struct store *s, const char *id, unsigned line,
                           int64_t due_ms, const char *why) MUST_CHECK;

/* Rows whose expires_ms has come at @now_ms wait no longer, but for those of
 * campaigns that were cancelled. */
int store_campaign_expire(struct store *s, int64_t now_ms) MUST_CHECK;

#endif
