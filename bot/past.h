/*
 * past.h - what a call has talked with another bot, which is gone
 *
 * The server tells it with the reservation, from the turns that bot reported:
 * {"n": how many bots were lost, "from": the number of the last turn, "turns":
 * [{"role","text","interrupted"}], "kept": what the agent's code has kept}, the
 * oldest first. Among the turns are calls of tools, {"role":"tool","name",
 * "args","result"}, without a result where none was reported.
 */
#ifndef BOT_PAST_H
#define BOT_PAST_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/js.h"

struct after_talk;
struct chat;

enum { PAST_MAX = 96 * 1024 /* [bytes] of its JSON text */ };

struct past {
	unsigned lost;    /* bots */
	unsigned from;    /* turns are counted on from here */
	json_t *turns;    /* NULL: none */
	const char *kept; /* NULL: nothing */
	json_t *all;      /* owns the above */
};

/* Read @json; NULL: there is no past. -EINVAL: it is none. */
int past_read(struct past *p, const char *json) MUST_CHECK;
void past_fini(struct past *p);

/* Has anything been said? */
bool past_any(const struct past *p);

/* Put it into the history, into what is reported on. -ENOMEM. */
int past_recall(const struct past *p, struct chat *chat) MUST_CHECK;
void past_report(const struct past *p, struct after_talk *talk);

#endif
