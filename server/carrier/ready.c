/*
 * Which of the calls that wait is next. One that is not ready holds back
 * those of its kind at most, and for a moment.
 */
#include <errno.h>
#include <string.h>

#include "server/carrier/priv.h"

enum { HOLD_MS = 500 /* [ms] until it is asked for again */ };

static struct dialing *dialing_of(struct link *l)
{
	return CONTAINER_OF(l, struct dialing, link);
}

static bool is_alike(const struct dialing *a, const struct dialing *b)
{
	return a == b || (a->dial.kind && *a->dial.kind && b->dial.kind &&
	                  !strcmp(a->dial.kind, b->dial.kind));
}

static void hold(struct carrier *c, struct dialing *dg)
{
	pthread_mutex_lock(&c->lock);
	dg->due_us = carrier_clock_us() + HOLD_MS * 1000;
	pthread_mutex_unlock(&c->lock);
}

void carrier_hold_kind(struct carrier *c, const struct dialing *dg)
{
	const uint64_t until = carrier_clock_us() + HOLD_MS * 1000;

	pthread_mutex_lock(&c->lock);
	for (struct link *l = c->queue.next; l != &c->queue; l = l->next)
		if (is_alike(dialing_of(l), dg))
			dialing_of(l)->due_us = until;
	pthread_mutex_unlock(&c->lock);
}

/* The first that is not held; NULL: there is none, and the pump runs when one
 * is. What other threads withdraw is ours to free, too. */
static struct dialing *first_due(struct carrier *c)
{
	const uint64_t now = carrier_clock_us();
	uint64_t due = UINT64_MAX;
	struct dialing *dg = NULL;

	pthread_mutex_lock(&c->lock);
	for (struct link *l = c->queue.next; l != &c->queue && !dg; l = l->next)
		if (dialing_of(l)->due_us <= now)
			dg = dialing_of(l);
		else if (dialing_of(l)->due_us < due)
			due = dialing_of(l)->due_us;
	pthread_mutex_unlock(&c->lock);
	if (!dg && due < UINT64_MAX)
		fetchd_timer(c->d, &c->pace,
		             (uint32_t)((due - now + 999) / 1000), carrier_pump,
		             c);
	return dg;
}

struct dialing *carrier_next_ready(struct carrier *c)
{
	struct dialing *dg;

	while ((dg = first_due(c)) && dg->dial.ready) {
		int err = dg->dial.ready(dg->arg);

		if (!err)
			break;
		if (err == -EBUSY)
			carrier_hold_kind(c, dg);
		else
			hold(c, dg);
	}
	return dg;
}

bool carrier_take_out(struct carrier *c, struct dialing *dg)
{
	bool waits;

	pthread_mutex_lock(&c->lock);
	waits = dg->waits;
	if (waits) {
		list_remove(&dg->link);
		c->queued--;
		dg->waits = false;
	}
	pthread_mutex_unlock(&c->lock);
	return waits;
}
