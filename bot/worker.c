#include "bot/worker.h"

#include <errno.h>
#include <string.h>

#include "bot/stream/proto.h"
#include "bot/warm.h"
#include "bot/worker_impl.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	TICK_MS = 1000, /* of the admission [ms] */
	POLICY = 1008,
};

static void tick_handler(void *arg)
{
	struct worker *w = arg;
	struct timers *ts = net_timers(w->net);
	bool was = w->admit.shut;
	struct reservation *r;
	struct net_lag lag;

	if (w->draining)
		return;
	for (r = reserve_first(w->places); r; r = reserve_next(r))
		watch_add(w->watch, r->events_url, false);
	net_lag(w->net, &lag);
	admit_step(&w->admit, lag.p99_us, lag.count, timers_now(ts));
	if (was != w->admit.shut)
		log_line(LOG_WARN, "worker", NULL,
		         "event=%s lag_p99_us=%u calls=%u",
		         w->admit.shut ? "overloaded" : "recovered", lag.p99_us,
		         reserve_bound(w->places));
	timer_start(ts, &w->tick, TICK_MS, tick_handler, w);
}

static void expired_handler(struct reservation *r, void *arg)
{
	struct worker *w = arg;
	struct events_feed *feed = NULL;
	uint64_t now_us = timers_now(net_timers(w->net));

	w->metrics.expired++;
	log_line(LOG_WARN, "worker", r->call_id[0] ? r->call_id : r->id,
	         "event=expired");
	/* The server hangs up what still rings, or is silent. */
	if (r->call_id[0] &&
	    !events_open(&feed, w->events, r->events_url, r->call_id)) {
		events_again(feed, r->again);
		events_add(feed, "ended", now_us,
		           "\"by\":\"bot\",\"cause\":\"no_stream\"", true);
		events_close(&feed);
	}
}

/* What waited for a server that was away need not wait any longer. */
static void server_back(const char *url, void *arg)
{
	struct worker *w = arg;

	events_hurry(w->events, url);
}

static void call_ended(void *arg)
{
	struct worker *w = arg;

	w->metrics.ended++;
	worker_drain_check(w);
}

/* --- streams --- */

static void accepted(struct ws *ws, void *tag, void *arg)
{
	struct worker *w = arg;
	struct arrival *a = tag;
	struct reservation *r;

	if (ws) {
		door_wait(&w->door, ws, a);
		return;
	}
	r = a->inline_form ? reserve_find(w->places, a->id) : NULL;
	reserve_end(&r);
	worker_arrival_free(a);
}

static void guest_left(void *tag, void *arg)
{
	/* A place that was made for it goes; a reserved one waits on. */
	accepted(NULL, tag, arg);
	worker_drain_check(arg);
}

/* The inline form has no id by which a call could come again; its uuid is
 * one. NULL: it is new. */
static struct reservation *same_call(struct worker *w, const char *uuid)
{
	struct reservation *r = reserve_first(w->places);

	for (; r; r = reserve_next(r))
		if (r->owner && !r->call_id[0] && !strcmp(r->uuid, uuid))
			return r;
	return NULL;
}

/* Who is it, and may it come in? NULL: the socket is to be closed. */
static struct reservation *identify(struct worker *w, const struct arrival *a,
                                    const struct stream_msg *start)
{
	struct reservation *r = reserve_find(w->places, a->id), *old;
	int err;

	if (!r)
		return NULL;
	old = a->inline_form ? same_call(w, start->call_id) : NULL;
	if (old) {
		reserve_end(&r);
		r = old;
	}
	/* Not for the relay: its nonce is one of its own upgrade's. */
	if (a->nonce && w->sign && w->cfg->verify != VERIFY_OFF &&
	    signed_nonce_call(w->sign, a->nonce, start->call_id) &&
	    (w->cfg->verify == VERIFY_ENFORCE ||
	     w->cfg->accept == ACCEPT_SIGNED)) {
		log_line(LOG_WARN, "worker", r->call_id,
		         "event=nonce_of_another_call");
		return NULL;
	}
	err = reserve_bind(r, start->call_id);
	if (!err)
		return r;
	log_line(LOG_WARN, "worker", r->call_id, "event=not_bound why=%s",
	         LOG_TEXT(err_str(err)));
	return NULL;
}

static void guest_started(struct ws *ws, const struct stream_msg *start,
                          void *tag, void *arg)
{
	struct worker *w = arg;
	struct arrival *a = tag;
	struct reservation *r = identify(w, a, start);

	if (!r) {
		w->metrics.refused_streams++;
		ws_close(&ws, POLICY, "not this call");
		guest_left(a, w);
		return;
	}
	worker_arrival_free(a);
	if (r->owner) {
		w->metrics.replaced++;
		call_reattach(r->owner, ws, start);
		return;
	}
	w->metrics.started++;
	if (call_open(&w->call_env, r, ws, start))
		log_line(LOG_ERROR, "worker", NULL, "event=call_not_opened");
}

/* --- begin and end --- */

static int open_sign(struct worker *w)
{
	const struct bot_config *c = w->cfg;

	if (!c->public_url || !c->plivo_token)
		return 0;
	return signed_new(&w->sign, net_timers(w->net), c->public_url,
	                  c->plivo_token);
}

static void fill_call_env(struct worker *w, const struct worker_params *prm)
{
	const struct bot_config *c = w->cfg;

	w->account = (struct hangup_account){c->plivo_url, c->plivo_id,
	                                     c->plivo_token};
	w->call_env = (struct call_env){
		.net = w->net,
		.session = prm->session,
		.events = w->events,
		.afters = w->afters,
		.account = c->plivo_id && c->plivo_token ? &w->account : NULL,
		.agents_dir = c->agents_dir,
		.default_agent = c->agent,
		.ended = call_ended,
		.arg = w,
	};
}

static int open_parts(struct worker *w)
{
	static const struct door_handlers door = {guest_started, guest_left};
	static const struct ws_handlers http = {worker_request, worker_upgrade,
	                                        accepted, WORKER_REQUEST_MAX};
	struct timers *ts = net_timers(w->net);
	int err = reserve_table_new(&w->places, ts, expired_handler, w);

	if (!err)
		err = door_init(&w->door, ts, &door, w);
	if (!err)
		err = events_new(&w->events, w->net, w->cfg->secret,
		                 w->cfg->state_dir);
	if (!err)
		err = afters_new(&w->afters, w->session);
	if (!err)
		err = watch_new(&w->watch, w->net, w->cfg->secret, server_back,
		                w);
	if (!err)
		err = open_sign(w);
	if (!err && w->cfg->prepare != PREPARE_OFF)
		err = stock_open(&w->stock, w->session, w->cfg->agents_dir);
	if (!err)
		err = ws_listen(&w->server, w->net, w->cfg->addr, &http, w);
	return err;
}

int worker_open(struct worker **wp, const struct worker_params *prm)
{
	struct worker *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->net = prm->net;
	w->cfg = prm->cfg;
	w->capacity = prm->capacity;
	w->session = prm->session;
	err = open_parts(w);
	if (err) {
		worker_close(&w);
		return err;
	}
	fill_call_env(w, prm);
	timer_start(net_timers(w->net), &w->tick, TICK_MS, tick_handler, w);
	*wp = w;
	return 0;
}

uint16_t worker_port(const struct worker *w)
{
	return ws_server_port(w->server);
}

static void close_calls(struct worker *w)
{
	struct reservation *r = w->places ? reserve_first(w->places) : NULL;

	while (r) {
		struct reservation *next = reserve_next(r);

		if (r->owner)
			call_abort(r->owner);
		r = next;
	}
}

void worker_close(struct worker **wp)
{
	struct worker *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	w->draining = false; /* nobody is told any more */
	ws_server_close(&w->server);
	close_calls(w);
	door_fini(&w->door);
	timer_stop(net_timers(w->net), &w->tick);
	timer_stop(net_timers(w->net), &w->drain_timer);
	stock_close(&w->stock);
	watch_free(&w->watch);
	afters_free(&w->afters);
	events_free(&w->events);
	reserve_table_free(&w->places);
	signed_free(&w->sign);
	mem_free(w);
}
