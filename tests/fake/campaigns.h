/*
 * campaigns.h - a campaign at the server of a world, by its HTTP interface
 *
 * Each fails the test where the answer is not what is said here.
 */
#ifndef TESTS_FAKE_CAMPAIGNS_H
#define TESTS_FAKE_CAMPAIGNS_H

#include "tests/fake/world.h"

enum { CAMPAIGN_ID_LEN = 64 /* [bytes] */ };

/* POST @list, CSV, with @query ("?..." or ""): 202, and its @id. */
void campaign_add(struct world *w, char id[CAMPAIGN_ID_LEN], const char *query,
                  const char *list);

/* @method on "/campaigns/ID" and @what; the answer is in the world's. */
void campaign_ask(struct world *w, const char *id, const char *method,
                  const char *what);

/* A member of its progress; valid until the next request. */
const char *campaign_look(struct world *w, const char *id, const char *member);

/* Wait until that member is @value, test_ms(10 s) at most. */
void campaign_await(struct world *w, const char *id, const char *member,
                    const char *value);

/* Its results have @text. */
void campaign_results_say(struct world *w, const char *id, const char *text);

/* Wait until they have it, test_ms(10 s) at most. */
void campaign_await_results(struct world *w, const char *id, const char *text);

#endif
