/*
 * campaign_list.h - a list of people, as CSV or NDJSON, read into rows
 *
 * Each row stands for itself: one that cannot be read becomes a row that says
 * why, under its line's number, and one whose number was there before says
 * where.
 */
#ifndef SERVER_CAMPAIGN_LIST_H
#define SERVER_CAMPAIGN_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"
#include "server/request.h"
#include "server/store/campaign.h"

enum { CAMPAIGN_LIST_WHY_MAX = 256 /* [bytes] */ };

struct campaign_list_opts {
	bool ndjson; /* or CSV */
	int64_t now_ms;
	struct request_when when; /* of rows that do not say */
};

struct campaign_list {
	struct store_row *rows; /* owned, with their texts */
	size_t n, cap;
	size_t good; /* those that wait to be called */
};

/* Lines of CSV, the first with the columns' names, one of which is
 * phone_number; not_before, expires_at, priority and events_url are as in
 * /start, and the others become members of the call's custom data. Or NDJSON:
 * an object as /start takes it a line. Returns 0 or the HTTP status of the
 * refusal of all of it, with @why said. Needs campaign_list_fini() either way.
 * A row's due_ms is its not_before. */
int campaign_list_read(struct campaign_list *l, struct str text,
                       const struct campaign_list_opts *opts,
                       char why[CAMPAIGN_LIST_WHY_MAX]) MUST_CHECK;

/* A row that waits is not to be called because of @why. -ENOMEM. */
int campaign_list_spoil(struct campaign_list *l, struct store_row *r,
                        const char *state, const char *why) MUST_CHECK;

void campaign_list_fini(struct campaign_list *l);

#endif
