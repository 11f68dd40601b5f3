/*
 * The schedule is a pairing heap: starting is O(1), stopping and taking the
 * first are O(log n) amortised, and no node is ever allocated.
 */
#include "common/timer.h"

#include <errno.h>

#include "common/mem.h"

struct timers {
	uint64_t now_us;
	uint64_t order;
	struct timer *root;
};

int timers_new(struct timers **tsp, uint64_t now_us)
{
	struct timers *ts = mem_zalloc(sizeof(*ts));

	if (!ts)
		return -ENOMEM;
	ts->now_us = now_us;
	*tsp = ts;
	return 0;
}

void timers_free(struct timers **tsp)
{
	if (!*tsp)
		return;
	ASSERT(!(*tsp)->root);
	mem_free(*tsp);
	*tsp = NULL;
}

uint64_t timers_now(const struct timers *ts)
{
	return ts->now_us;
}

void timers_update(struct timers *ts, uint64_t now_us)
{
	if (now_us > ts->now_us)
		ts->now_us = now_us;
}

static bool before(const struct timer *a, const struct timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us
	                              : a->order < b->order;
}

/* Join two heaps; either may be NULL. The roots have no siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (before(b, a)) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	b->prev = a; /* of a first child, prev is the parent */
	a->child = b;
	return a;
}

/* Join a list of siblings in two passes. */
static struct timer *meld_all(struct timer *first)
{
	struct timer *done = NULL, *root = NULL;

	while (first) {
		struct timer *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		a = meld(a, b);
		a->next = done;
		done = a;
	}
	while (done) {
		struct timer *a = done;

		done = a->next;
		a->next = NULL;
		root = meld(root, a);
	}
	return root;
}

static void unlink_timer(struct timers *ts, struct timer *t)
{
	struct timer *rest;

	if (t != ts->root) {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			t->next->prev = t->prev;
	}
	rest = meld_all(t->child);
	ts->root = t == ts->root ? rest : meld(ts->root, rest);
	t->child = t->next = t->prev = NULL;
}

void timer_start_at(struct timers *ts, struct timer *t, uint64_t due_us,
                    timer_h *handler, void *arg)
{
	ASSERT(handler);
	timer_stop(ts, t);
	t->due_us = due_us;
	t->order = ts->order++;
	t->handler = handler;
	t->arg = arg;
	t->child = t->next = t->prev = NULL;
	ts->root = meld(ts->root, t);
}

void timer_start(struct timers *ts, struct timer *t, uint32_t delay_ms,
                 timer_h *handler, void *arg)
{
	timer_start_at(ts, t, ts->now_us + (uint64_t)delay_ms * 1000, handler,
	               arg);
}

void timer_stop(struct timers *ts, struct timer *t)
{
	if (!t->handler)
		return;
	unlink_timer(ts, t);
	t->handler = NULL;
}

bool timers_next(const struct timers *ts, uint64_t *due_us)
{
	if (!ts->root)
		return false;
	*due_us = ts->root->due_us;
	return true;
}

/* The first timer that is due and was started before @limit. */
static struct timer *first_due(struct timers *ts, uint64_t limit)
{
	struct timer *t = ts->root;

	return t && t->due_us <= ts->now_us && t->order < limit ? t : NULL;
}

void timers_run(struct timers *ts, uint64_t now_us)
{
	uint64_t limit = ts->order;
	struct timer *t;

	timers_update(ts, now_us);
	for (t = first_due(ts, limit); t; t = first_due(ts, limit)) {
		timer_h *handler = t->handler;

		timer_stop(ts, t);
		handler(t->arg);
	}
}
