/*
 * past.h - a call's earlier bots: how many were lost, what was talked
 */
#ifndef SERVER_PAST_H
#define SERVER_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/js.h"

struct app;
struct buf;
struct store_event;

enum {
	PAST_JSON_MAX = 88 * 1024, /* [bytes] a bot takes some more */
	PAST_BOTS_MAX = 3,         /* a call goes on with another so often */
	PAST_DEDUPE_MAX = 48,      /* [bytes] */
	PAST_DATA_MAX = 32,        /* [bytes] */
};

struct past {
	unsigned lost; /* bots */
	bool ended;    /* the last one has said that the call is over */
	/* So often it was taken for hung and its stream ended, the last time
	 * then. */
	unsigned let_go;
	int64_t let_go_ms;
};

/* The store's errors. */
int past_look(struct app *app, const char *id, struct past *p) MUST_CHECK;

/* What a bot is told that is the one after @lost others, as a JSON object.
 * The oldest turns are left out where it is too much. The store's errors,
 * -ENOMEM. */
int past_write(struct app *app, const char *id, unsigned lost,
               struct buf *out) MUST_CHECK;

/* Is the end that the bot @again tells of in @ev the call's? One that is taken
 * for hung finds its streams ended when it wakes, and cannot know why. */
bool past_is_end(const struct past *p, const json_t *ev);

/* May the call be taken from its last bot, which hangs? Not twice within a
 * minute, lest the next bot's stream be ended. */
bool past_may_let_go(const struct past *p, int64_t now_ms);

/* It is: what the ledger takes, from one of several servers that have seen the
 * same. @ev refers to the other two. */
void past_hung_event(struct store_event *ev, const struct past *p,
                     char dedupe[PAST_DEDUPE_MAX], char data[PAST_DATA_MAX]);

/* Another bot has the call after @lost others: what the ledger takes, once.
 * @ev refers to the other two. */
void past_event(struct store_event *ev, unsigned lost,
                char dedupe[PAST_DEDUPE_MAX], char data[PAST_DATA_MAX]);

#endif
