/*
 * Ending in order. Calls go on while there is patience; then they are said
 * goodbye to, then cut off. What is waited for only ever becomes less.
 */
#include "bot/worker_impl.h"
#include "common/log.h"

enum {
	NO_PATIENCE,      /* nothing more: done */
	FOR_EVENTS,       /* until the server has the last events */
	FOR_GOODBYES,     /* until the bots have said theirs */
	FOR_CALLS,        /* until the calls end by themselves */
	GOODBYE_SEC = 15, /* [s] */
	EVENTS_SEC = 5,   /* [s] */
	REPORTS_SEC = 30, /* [s] the same, where a call is reported on */
};

static void step(struct worker *w);

static void out_of_patience(void *arg)
{
	struct worker *w = arg;

	w->patience--;
	step(w);
}

static void wait_sec(struct worker *w, uint32_t sec)
{
	timer_start(net_timers(w->net), &w->drain_timer, sec * 1000,
	            out_of_patience, w);
}

/* Only what has a call: a place that waits is given up with the process. */
static void each_call(struct worker *w, void (*what)(struct call *c))
{
	struct reservation *r = reserve_first(w->places);

	while (r) {
		struct reservation *next = reserve_next(r);

		if (r->owner)
			what(r->owner);
		r = next;
	}
}

static void say_goodbye(struct call *c)
{
	call_finish(c, CALL_DRAIN);
}

static bool delivered(const struct worker *w)
{
	struct events_stats st;

	events_stats(w->events, &st);
	return st.waiting == 0 && !afters_running(w->afters);
}

static void wait_for_events(struct worker *w)
{
	wait_sec(w, afters_running(w->afters) ? REPORTS_SEC : EVENTS_SEC);
}

static void look_again(void *arg)
{
	struct worker *w = arg;

	if (w->patience == FOR_EVENTS && delivered(w)) {
		w->patience = NO_PATIENCE;
		step(w);
		return;
	}
	timer_start(net_timers(w->net), &w->tick, 50, look_again, w);
}

static void step(struct worker *w)
{
	log_line(LOG_INFO, "worker", NULL,
	         "event=draining calls=%u places=%u patience=%u",
	         reserve_bound(w->places), reserve_count(w->places),
	         w->patience);
	switch (w->patience) {
	case FOR_GOODBYES:
		wait_sec(w, GOODBYE_SEC);
		each_call(w, say_goodbye);
		worker_drain_check(w); /* there may be none */
		break;
	case FOR_EVENTS:
		each_call(w, call_abort);
		wait_for_events(w);
		look_again(w);
		break;
	case NO_PATIENCE:
		timer_stop(net_timers(w->net), &w->drain_timer);
		timer_stop(net_timers(w->net), &w->tick);
		w->drained(w->drained_arg);
		break;
	default:
		break;
	}
}

void worker_drain_check(struct worker *w)
{
	bool empty = w->patience == FOR_CALLS ? !reserve_count(w->places)
	                                      : !reserve_bound(w->places);

	if (!w->draining || w->patience <= FOR_EVENTS || !empty ||
	    w->door.n_guests)
		return;
	w->patience = FOR_EVENTS;
	/* Not from within the last call's end. */
	timer_start(net_timers(w->net), &w->tick, 0, look_again, w);
	wait_for_events(w);
}

void worker_drain(struct worker *w, uint32_t sec, worker_drained_h *handler,
                  void *arg)
{
	if (w->draining) {
		if (w->patience > FOR_EVENTS) {
			w->patience--;
			step(w);
		}
		return;
	}
	w->draining = true;
	w->drained = handler;
	w->drained_arg = arg;
	w->patience = FOR_CALLS;
	log_line(LOG_INFO, "worker", NULL, "event=drain calls=%u places=%u",
	         reserve_bound(w->places), reserve_count(w->places));
	wait_sec(w, sec);
	worker_drain_check(w);
}
