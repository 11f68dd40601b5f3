#define _POSIX_C_SOURCE 200809L
#include "server/dial.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/dial_priv.h"
#include "server/store/store.h"

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

bool dials_has(struct dials *ds, const char *id)
{
	bool found = false;
	struct link *l;

	pthread_mutex_lock(&ds->lock);
	for (l = ds->all.next; l != &ds->all && !found; l = l->next) {
		const struct dial *d = CONTAINER_OF(l, struct dial, link);

		found = !strcmp(d->id, id) && d->view.phase != DIAL_OVER;
	}
	pthread_mutex_unlock(&ds->lock);
	return found;
}

void dial_ref(struct dial *d)
{
	pthread_mutex_lock(&d->ds->lock);
	d->refs++;
	pthread_mutex_unlock(&d->ds->lock);
}

void dial_unref(struct dial *d)
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

bool dial_begin_sending(struct dial *d)
{
	bool ok;

	pthread_mutex_lock(&d->ds->lock);
	ok = !d->cancelled;
	if (ok)
		d->view.phase = DIAL_SENDING;
	pthread_mutex_unlock(&d->ds->lock);
	return ok;
}

void dial_phase(struct dial *d, enum dial_phase phase)
{
	pthread_mutex_lock(&d->ds->lock);
	d->view.phase = phase;
	pthread_mutex_unlock(&d->ds->lock);
}

void dial_ticket(struct dial *d, uint64_t ticket)
{
	pthread_mutex_lock(&d->ds->lock);
	d->ticket = ticket;
	pthread_mutex_unlock(&d->ds->lock);
}

void dial_mark_cancelled(struct dial *d)
{
	pthread_mutex_lock(&d->ds->lock);
	d->cancelled = true;
	pthread_mutex_unlock(&d->ds->lock);
}

bool dial_is_cancelled(struct dial *d)
{
	bool yes;

	pthread_mutex_lock(&d->ds->lock);
	yes = d->cancelled;
	pthread_mutex_unlock(&d->ds->lock);
	return yes;
}

bool dial_is_withdrawn(struct dial *d)
{
	bool yes;

	pthread_mutex_lock(&d->ds->lock);
	yes = d->withdrawn;
	pthread_mutex_unlock(&d->ds->lock);
	return yes;
}

bool dial_is_expired(struct dial *d)
{
	bool yes;

	pthread_mutex_lock(&d->ds->lock);
	if (d->expires_ms && d->expires_ms <= app_now_ms())
		d->expired = d->cancelled = true;
	yes = d->expired;
	pthread_mutex_unlock(&d->ds->lock);
	return yes;
}

void dial_over(struct dial *d, int status, unsigned retry_sec, const char *uuid,
               const char *fmt, ...)
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
	dial_unref(d);
}

int dial_begin(struct dials *ds, const struct store_call *call,
               struct dial **dp)
{
	struct dial *d = mem_zalloc(sizeof(*d));

	*dp = d;
	if (!d)
		return -ENOMEM;
	d->ds = ds;
	d->refs = 2; /* the caller's, and the chain's */
	snprintf(d->id, sizeof(d->id), "%s", call->id);
	snprintf(d->key, sizeof(d->key), "%s", call->key);
	snprintf(d->to, sizeof(d->to), "%s", call->to);
	snprintf(d->base, sizeof(d->base), "%s", call->base_url);
	d->talk_sec = call->reserved_sec ? (uint32_t)call->reserved_sec
	                                 : ds->app->cfg->call_time_limit;
	if (call->hours)
		snprintf(d->hours, sizeof(d->hours), "%s", call->hours);
	d->expires_ms = call->expires_ms;
	d->priority = call->priority;
	d->as_of_ms = call->not_before_ms > call->created_ms
	                      ? call->not_before_ms
	                      : call->created_ms;
	d->detect_machine = call->detect_machine;
	if (call->reservation)
		snprintf(d->place, sizeof(d->place), "%s", call->reservation);
	if (call->bot)
		snprintf(d->bot, sizeof(d->bot), "%s", call->bot);
	pthread_mutex_lock(&ds->lock);
	list_append(&ds->all, &d->link);
	ds->n++;
	pthread_mutex_unlock(&ds->lock);
	dial_steps_begin(d, call);
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
	pthread_mutex_lock(&d->ds->lock);
	*view = d->view;
	pthread_mutex_unlock(&d->ds->lock);
}

void dial_drop(struct dial **dp)
{
	if (*dp)
		dial_unref(*dp);
	*dp = NULL;
}

/* Stop calls of that name, those before @phase alone. */
static bool stop(struct dials *ds, const char *id, enum dial_phase phase)
{
	struct link *l;
	uint64_t ticket = 0;
	bool found = false;

	pthread_mutex_lock(&ds->lock);
	for (l = ds->all.next; l != &ds->all; l = l->next) {
		struct dial *d = CONTAINER_OF(l, struct dial, link);

		if (!strcmp(d->id, id) && d->view.phase < phase) {
			found = true;
			d->cancelled = true;
			d->withdrawn |= phase == DIAL_SENDING;
			ticket = d->ticket;
		}
	}
	pthread_mutex_unlock(&ds->lock);
	/* Out of the queue at once; elsewhere the next step finds out. */
	if (ticket && carrier_withdraw(ds->app->carrier, ticket))
		log_line(LOG_DEBUG, "call", id, "event=cancel_late");
	return found;
}

/* Under the lock: the ticket of one that has expired just now; 0: of none. */
static uint64_t find_expired(struct dials *ds, int64_t now_ms)
{
	for (struct link *l = ds->all.next; l != &ds->all; l = l->next) {
		struct dial *d = CONTAINER_OF(l, struct dial, link);

		if (!d->expires_ms || d->expires_ms > now_ms || d->expired ||
		    d->view.phase >= DIAL_SENDING)
			continue;
		d->expired = d->cancelled = true;
		/* Elsewhere the next step finds out. */
		if (d->ticket)
			return d->ticket;
	}
	return 0;
}

void dials_expire(struct dials *ds, int64_t now_ms)
{
	uint64_t ticket;

	do {
		pthread_mutex_lock(&ds->lock);
		ticket = find_expired(ds, now_ms);
		pthread_mutex_unlock(&ds->lock);
		if (ticket && carrier_withdraw(ds->app->carrier, ticket))
			log_line(LOG_DEBUG, "call", NULL, "event=expired_late");
	} while (ticket);
}

bool dial_cancel(struct dials *ds, const char *id)
{
	return stop(ds, id, DIAL_OVER);
}

bool dial_withdraw(struct dials *ds, const char *id)
{
	return stop(ds, id, DIAL_SENDING);
}
