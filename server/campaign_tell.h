/*
 * campaign_tell.h - how far a campaign is, and what came of it
 */
#ifndef SERVER_CAMPAIGN_TELL_H
#define SERVER_CAMPAIGN_TELL_H

#include <stdbool.h>

#include "common/attr.h"

struct app;
struct buf;
struct campaign_list;
struct store_campaign;

/* Append the campaign's object: its state, rows and calls by their states.
 * @list, unless NULL, adds which of its lines are no calls. -ENOMEM, ERR_LIMIT,
 * and the store's errors. */
int campaign_tell(struct buf *out, struct app *app,
                  const struct store_campaign *c,
                  const struct campaign_list *list) MUST_CHECK;

/* Append the rows and what came of them as CSV. @whole: numbers are shown
 * whole. */
int campaign_tell_results(struct buf *out, struct app *app,
                          const struct store_campaign *c,
                          bool whole) MUST_CHECK;

#endif
