#define _POSIX_C_SOURCE 200809L
#include "server/dial.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/access.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/end.h"
#include "server/number.h"
#include "server/store/store.h"

enum {
	RETRY_SEC = 5,       /* what /start says when nobody knows better */
	PLACE_TTL_SEC = 120, /* a place outlives the ringing by that */
};

struct dials {
	struct app *app;
	pthread_mutex_t lock;
	pthread_cond_t over;
	struct link all;
	unsigned n;
};

struct dial {
	struct link link;
	struct dials *ds;
	unsigned refs; /* under the lock, as the rest of this paragraph */
	struct dial_view view;
	uint64_t ticket; /* 0: not queued */
	bool cancelled;

	/* of the chain of steps alone */
	char id[64], key[64];
	char to[NUMBER_MAX];
	char base[ACCESS_BASE_MAX];
	char place[BOTS_ID_MAX], bot[BOTS_NAME_MAX];
};

int dials_new(struct dials **dp, struct app *app)
{
	struct dials *ds = mem_zalloc(sizeof(*ds));
	pthread_condattr_t attr;

	*dp = ds;
	if (!ds)
		return -ENOMEM;
	ds->app = app;
	list_init(&ds->all);
	pthread_mutex_init(&ds->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ds->over, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void dials_free(struct dials **dp)
{
	struct dials *ds = *dp;

	if (!ds)
		return;
	ASSERT(list_empty(&ds->all));
	pthread_cond_destroy(&ds->over);
	pthread_mutex_destroy(&ds->lock);
	mem_free(ds);
	*dp = NULL;
}

unsigned dials_count(struct dials *ds)
{
	unsigned n;

	pthread_mutex_lock(&ds->lock);
	n = ds->n;
	pthread_mutex_unlock(&ds->lock);
	return n;
}

static void unref(struct dial *d)
{
	struct dials *ds = d->ds;
	bool last;

	pthread_mutex_lock(&ds->lock);
	last = --d->refs == 0;
	if (last) {
		list_remove(&d->link);
		ds->n--;
	}
	pthread_mutex_unlock(&ds->lock);
	if (last)
		mem_free(d);
}

static void set_phase(struct dial *d, enum dial_phase phase)
{
	pthread_mutex_lock(&d->ds->lock);
	d->view.phase = phase;
	pthread_mutex_unlock(&d->ds->lock);
}

/* The chain ends here, with what /start is to say. */
PRINTF_LIKE(5, 6)
static void over(struct dial *d, int status, unsigned retry_sec,
                 const char *uuid, const char *fmt, ...)
{
	struct dials *ds = d->ds;
	va_list ap;

	pthread_mutex_lock(&ds->lock);
	va_start(ap, fmt);
	vsnprintf(d->view.text, sizeof(d->view.text), fmt, ap);
	va_end(ap);
	snprintf(d->view.uuid, sizeof(d->view.uuid), "%s", uuid);
	d->view.status = status;
	d->view.retry_sec = retry_sec;
	d->view.phase = DIAL_OVER;
	pthread_cond_broadcast(&ds->over);
	pthread_mutex_unlock(&ds->lock);
	unref(d);
}

/* The call will not be placed: into the ledger, and its place is given back. */
static void not_placed(struct dial *d, enum store_state state,
                       const char *error)
{
	struct app *app = d->ds->app;
	struct store_change change = {.state = state,
	                              .has_state = true,
	                              .error = error,
	                              .ended_ms = app_now_ms()};
	int err;

	app_count(app, COUNT_FAILED);
	log_line(LOG_WARN, "call", d->id, "event=not_placed state=%s why=%s",
	         store_state_text(state), LOG_TEXT(error));
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		app_store_fault(app, d->id, err);
	end_release(app, d->id, d->bot, d->place);
}

static bool is_cancelled(struct dial *d)
{
	bool yes;

	pthread_mutex_lock(&d->ds->lock);
	yes = d->cancelled;
	pthread_mutex_unlock(&d->ds->lock);
	return yes;
}

static void on_placed(struct dial *d, const char *uuid)
{
	struct app *app = d->ds->app;
	struct store_change change = {
		.state = STORE_INITIATED, .has_state = true, .call_uuid = uuid};
	int err;

	app_count(app, COUNT_PLACED);
	log_line(LOG_INFO, "call", d->id, "event=placed call_uuid=%s", uuid);
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		app_store_fault(app, d->id, err);
	if (is_cancelled(d)) {
		end_hangup(app, d->id, uuid, 0);
		end_release(app, d->id, d->bot, d->place);
	} else if (d->place[0]) {
		err = bots_prepare(app->bots, d->bot, d->place, uuid, NULL,
		                   NULL);
		if (err)
			log_line(LOG_WARN, "call", d->id,
			         "event=prepare_failed text=%s",
			         LOG_TEXT(err_str(err)));
	}
	over(d, 200, 0, uuid, "%s", "");
}

static void on_unknown(struct dial *d, const char *text)
{
	struct app *app = d->ds->app;
	struct store_change change = {
		.state = STORE_UNKNOWN, .has_state = true, .error = text};
	int err;

	app_count(app, COUNT_UNKNOWN);
	log_line(LOG_WARN, "call", d->id, "event=unknown text=%s",
	         LOG_TEXT(text));
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		app_store_fault(app, d->id, err);
	over(d, 202, 0, "", "%s", text);
}

/* What a stopping server has not dialled waits for the next start. */
static bool is_stopping(struct dial *d)
{
	if (!atomic_load(&d->ds->app->stopping))
		return false;
	over(d, 503, RETRY_SEC, "", "The server is stopping");
	return true;
}

static void on_cancelled(struct dial *d)
{
	if (is_stopping(d))
		return;
	not_placed(d, STORE_CANCELLED, "cancelled before it was dialled");
	if (is_cancelled(d))
		over(d, 409, 0, "", "The call was cancelled");
	else
		over(d, 503, RETRY_SEC, "", "The ledger of calls failed");
}

static void on_dialed(const struct carrier_outcome *o, void *arg)
{
	struct dial *d = arg;
	unsigned retry = o->retry_after_sec > 0 && o->retry_after_sec < 3600
	                         ? (unsigned)o->retry_after_sec
	                         : RETRY_SEC;
	const char *text = o->text ? o->text : "";
	static const char auth[] = "Plivo refuses PLIVO_AUTH_ID/"
				   "PLIVO_AUTH_TOKEN";

	switch (o->result) {
	case CARRIER_PLACED:
		on_placed(d, o->uuid);
		break;
	case CARRIER_REFUSED:
		not_placed(d, STORE_FAILED, text);
		over(d, 502, 0, "", "Plivo refused the call (%d): %s",
		     o->status, text);
		break;
	case CARRIER_AUTH:
		not_placed(d, STORE_FAILED, auth);
		over(d, 502, 0, "", "%s", auth);
		break;
	case CARRIER_BUSY:
		not_placed(d, STORE_FAILED, "Plivo takes no more requests");
		over(d, 503, retry, "", "Plivo takes no more requests now");
		break;
	case CARRIER_UNREACHED:
		not_placed(d, STORE_FAILED, "Plivo cannot be reached");
		over(d, 503, retry, "", "Plivo cannot be reached: %s", text);
		break;
	case CARRIER_CANCELLED:
		on_cancelled(d);
		break;
	case CARRIER_UNKNOWN:
	default:
		on_unknown(d, text);
		break;
	}
}

static int on_sending(void *arg)
{
	struct dial *d = arg;
	struct app *app = d->ds->app;
	struct store_change change = {.state = STORE_DIALING,
	                              .has_state = true,
	                              .dialed_ms = app_now_ms()};
	bool moved = false;
	int err;

	if (is_cancelled(d))
		return -ECANCELED;
	err = store_call_change(app->store, d->id, &change, NULL, NULL, &moved);
	if (err)
		return app_store_fault(app, d->id, err);
	if (!moved)
		return -ECANCELED;
	set_phase(d, DIAL_SENDING);
	return 0;
}

static void enqueue(struct dial *d)
{
	struct app *app = d->ds->app;
	char answer[ACCESS_BASE_MAX + 128], events[ACCESS_BASE_MAX + 128];
	struct carrier_dial dial = {.from = app->cfg->from,
	                            .to = d->to,
	                            .answer_url = answer,
	                            .ring_url = events,
	                            .hangup_url = events,
	                            .answer_get = true,
	                            .ring_sec = app->cfg->ring_timeout,
	                            .time_limit_sec =
	                                    app->cfg->call_time_limit};
	uint64_t ticket = 0;
	int err;

	snprintf(answer, sizeof(answer), "%s/answer/%s", d->base, d->key);
	snprintf(events, sizeof(events), "%s/events/%s", d->base, d->key);
	set_phase(d, DIAL_QUEUED);
	/* The dispatcher may be done with it before this returns to us. */
	pthread_mutex_lock(&d->ds->lock);
	d->refs++;
	pthread_mutex_unlock(&d->ds->lock);
	err = carrier_dial(app->carrier, &dial, on_sending, on_dialed, d,
	                   &ticket);
	if (err) {
		not_placed(d, STORE_FAILED, "the queue is full");
		over(d, 503, RETRY_SEC, "",
		     "Too many calls wait for their turn: raise "
		     "CALLS_PER_SECOND if your account allows more");
	} else {
		pthread_mutex_lock(&d->ds->lock);
		d->ticket = ticket;
		pthread_mutex_unlock(&d->ds->lock);
	}
	unref(d);
}

/* How a failed reservation is told. */
static void no_place(struct dial *d, int err, const char *text)
{
	struct app *app = d->ds->app;
	const char *urls = bots_urls(app->bots);

	not_placed(d, STORE_FAILED, *text ? text : err_str(err));
	switch (err) {
	case -ENOENT:
		over(d, 422, 0, "", "No bot knows this agent: %s", text);
		break;
	case -EINVAL:
		over(d, 413, 0, "", "The call's data are too large for a bot");
		break;
	case ERR_LIMIT:
		over(d, 503, RETRY_SEC, "",
		     "The bots at %s are full or draining: try again, or "
		     "start more of them",
		     urls);
		break;
	case ERR_AUTH:
		over(d, 503, RETRY_SEC, "",
		     "The bots at %s refuse BOT_SECRET: it must be the same "
		     "there",
		     urls);
		break;
	case -EHOSTUNREACH:
		over(d, 503, RETRY_SEC, "", "no bot at %s: start dialout-bot",
		     urls);
		break;
	default:
		over(d, 503, RETRY_SEC, "", "no bot at %s has a place (%s)",
		     urls, err_str(err));
		break;
	}
}

struct relayed {
	unsigned n;
};

static int count_relayed(const struct store_call *c, void *arg)
{
	struct relayed *r = arg;

	if (c->reservation && !c->stream_url)
		r->n++;
	return 0;
}

/* May one more stream be relayed? */
static bool relay_room(struct app *app)
{
	struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct relayed r = {0};
	int err = store_calls(app->store, &filter, count_relayed, &r);

	if (err)
		app_store_fault(app, NULL, err);
	return !err && r.n < app->cfg->relay_max;
}

static void on_reserved(int err, const struct bots_place *place,
                        const char *text, void *arg)
{
	struct dial *d = arg;
	struct app *app = d->ds->app;
	struct store_change change = {.state = STORE_QUEUED, .has_state = true};

	if (is_stopping(d))
		return;
	if (err) {
		no_place(d, err, text ? text : "");
		return;
	}
	snprintf(d->place, sizeof(d->place), "%s", place->id);
	snprintf(d->bot, sizeof(d->bot), "%s", place->bot);
	if (is_cancelled(d)) {
		on_cancelled(d);
		return;
	}
	if (!place->stream_url[0] && !relay_room(app)) {
		not_placed(d, STORE_FAILED, "RELAY_MAX is reached");
		over(d, 503, RETRY_SEC, "",
		     "RELAY_MAX=%u streams are relayed already: raise it, or "
		     "give the bots BOT_PUBLIC_URL",
		     app->cfg->relay_max);
		return;
	}
	change.reservation = place->id;
	change.bot = place->bot;
	if (place->stream_url[0])
		change.stream_url = place->stream_url;
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err) {
		app_store_fault(app, d->id, err);
		not_placed(d, STORE_FAILED, "the ledger failed");
		over(d, 503, RETRY_SEC, "", "The ledger of calls failed");
	} else {
		enqueue(d);
	}
}

static int reserve(struct dial *d, const struct store_call *call)
{
	struct app *app = d->ds->app;
	char events[ACCESS_BASE_MAX + 32];
	struct bots_call want = {.call_id = call->id,
	                         .to = call->to,
	                         .from = call->from,
	                         .agent = call->agent,
	                         .body = call->body,
	                         .events_url = events,
	                         .ttl_sec = app->cfg->ring_timeout +
	                                    PLACE_TTL_SEC};

	app_events_url(app, events, sizeof(events));
	return bots_reserve(app->bots, &want, on_reserved, d);
}

int dial_begin(struct dials *ds, const struct store_call *call,
               struct dial **dp)
{
	struct dial *d = mem_zalloc(sizeof(*d));
	int err;

	*dp = d;
	if (!d)
		return -ENOMEM;
	d->ds = ds;
	d->refs = 2; /* the caller's, and the chain's */
	snprintf(d->id, sizeof(d->id), "%s", call->id);
	snprintf(d->key, sizeof(d->key), "%s", call->key);
	snprintf(d->to, sizeof(d->to), "%s", call->to);
	snprintf(d->base, sizeof(d->base), "%s", call->base_url);
	if (call->reservation)
		snprintf(d->place, sizeof(d->place), "%s", call->reservation);
	if (call->bot)
		snprintf(d->bot, sizeof(d->bot), "%s", call->bot);
	pthread_mutex_lock(&ds->lock);
	list_append(&ds->all, &d->link);
	ds->n++;
	pthread_mutex_unlock(&ds->lock);
	if (call->state != STORE_RESERVING) {
		enqueue(d);
		return 0;
	}
	err = reserve(d, call);
	if (err)
		no_place(d, err, "");
	return 0;
}

bool dial_wait(struct dial *d, uint32_t ms)
{
	struct dials *ds = d->ds;
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&ds->lock);
	while (d->view.phase != DIAL_OVER &&
	       !pthread_cond_timedwait(&ds->over, &ds->lock, &until))
		;
	done = d->view.phase == DIAL_OVER;
	pthread_mutex_unlock(&ds->lock);
	return done;
}

void dial_look(struct dial *d, struct dial_view *view)
{
	uint64_t ticket;

	pthread_mutex_lock(&d->ds->lock);
	*view = d->view;
	ticket = d->ticket;
	pthread_mutex_unlock(&d->ds->lock);
	if (view->phase == DIAL_QUEUED && ticket)
		view->position = carrier_position(d->ds->app->carrier, ticket);
}

void dial_drop(struct dial **dp)
{
	if (*dp)
		unref(*dp);
	*dp = NULL;
}

bool dial_cancel(struct dials *ds, const char *id)
{
	struct dial *found = NULL;
	uint64_t ticket = 0;

	pthread_mutex_lock(&ds->lock);
	for (struct link *l = ds->all.next; l != &ds->all; l = l->next) {
		struct dial *d = CONTAINER_OF(l, struct dial, link);

		if (!strcmp(d->id, id) && d->view.phase != DIAL_OVER) {
			found = d;
			d->cancelled = true;
			ticket = d->ticket;
		}
	}
	pthread_mutex_unlock(&ds->lock);
	/* Out of the queue at once; elsewhere the next step finds out. */
	if (ticket && carrier_withdraw(ds->app->carrier, ticket))
		log_line(LOG_DEBUG, "call", id, "event=cancel_late");
	return found != NULL;
}
