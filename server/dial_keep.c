/*
 * A call that waits keeps its place. Places live for minutes, and a queue, a
 * pause or a provider without room may take longer: each place is asked for
 * before its time is over, which starts that time again. Where it is gone, with
 * its bot perhaps, another is reserved, and until there is one the call is not
 * dialled. All of it is on the thread of bots' handlers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "server/app.h"
#include "server/config.h"
#include "server/dial_priv.h"
#include "server/end.h"
#include "server/relay.h"
#include "server/store/room.h"
#include "server/store/store.h"

enum {
	KEEP_MS = 30000, /* [ms] a place has 125 s at least */
	AGAIN_MS = 5000, /* [ms] until bots are asked for another again */
	BATCH = 50,      /* places of one look */
	WHY_MAX = 320,   /* [bytes] of what stands against a stream */
};

static bool is_due(const struct dial *d, int64_t now_ms)
{
	return d->view.phase == DIAL_QUEUED && !d->cancelled && d->place[0] &&
	       !d->asking &&
	       now_ms - d->kept_ms >= (d->homeless ? AGAIN_MS : KEEP_MS);
}

/* Under the lock. NULL: none. */
static struct dial *find_due(struct dials *ds, int64_t now_ms)
{
	for (struct link *l = ds->all.next; l != &ds->all; l = l->next) {
		struct dial *d = CONTAINER_OF(l, struct dial, link);

		if (is_due(d, now_ms))
			return d;
	}
	return NULL;
}

/* One that is due, with a reference; NULL: none. */
static struct dial *next_due(struct dials *ds, int64_t now_ms)
{
	struct dial *d;

	pthread_mutex_lock(&ds->lock);
	d = find_due(ds, now_ms);
	if (d) {
		d->refs++;
		d->asking = true;
	}
	pthread_mutex_unlock(&ds->lock);
	return d;
}

static void done(struct dial *d)
{
	d->asking = false;
	d->kept_ms = app_steady_ms();
	dial_unref(d);
}

static bool still_waits(struct dial *d)
{
	bool yes;

	if (atomic_load(&d->ds->app->stopping))
		return false;
	pthread_mutex_lock(&d->ds->lock);
	yes = d->view.phase == DIAL_QUEUED && !d->cancelled;
	pthread_mutex_unlock(&d->ds->lock);
	return yes;
}

/* 0: the call is at @place from now on. */
static int move(struct dial *d, const struct bots_place *place)
{
	struct app *app = d->ds->app;
	struct store_change change = {
		.held = true, .reservation = place->id, .bot = place->bot};
	char why[WHY_MAX];
	int err;

	if (!place->stream_url[0] &&
	    !relay_admits(app, d->id, place->bot, why, sizeof(why)))
		return ERR_LIMIT;
	if (place->uses[0])
		change.uses = place->uses;
	if (place->stream_url[0])
		change.stream_url = place->stream_url;
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		return err;
	/* Should the first bot only have been slow, its place is free again. */
	if (strcmp(d->bot, place->bot) != 0 || strcmp(d->place, place->id) != 0)
		end_release(app, d->id, d->bot, d->place);
	snprintf(d->place, sizeof(d->place), "%s", place->id);
	snprintf(d->bot, sizeof(d->bot), "%s", place->bot);
	return 0;
}

static void on_another(int err, const struct bots_place *place,
                       const char *text, void *arg)
{
	struct dial *d = arg;
	struct app *app = d->ds->app;
	bool moved = false;

	if (!err && still_waits(d)) {
		err = move(d, place);
		moved = !err;
	}
	if (!err && !moved)
		err = -ECANCELED;
	if (err)
		log_line(LOG_WARN, "call", d->id,
		         "event=no_other_place text=%s",
		         LOG_TEXT(text && *text ? text : err_str(err)));
	else
		log_line(LOG_INFO, "call", d->id, "event=another_place bot=%s",
		         LOG_TEXT(d->bot));
	/* It may be the old one after all, which is given back with the call. */
	if (place && !moved && strcmp(d->place, place->id) != 0)
		end_release(app, d->id, place->bot, place->id);
	d->homeless = d->homeless && !moved;
	done(d);
}

static void find_another(struct dial *d)
{
	struct app *app = d->ds->app;
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, d->id, &call);

	if (err) {
		app_store_fault(app, d->id, err);
		done(d);
		return;
	}
	err = dial_reserve(d, &call, on_another);
	store_call_fini(&call);
	if (err) {
		log_line(LOG_WARN, "call", d->id,
		         "event=no_other_place text=%s",
		         LOG_TEXT(err_str(err)));
		done(d);
	}
}

static void on_checked(int err, void *arg)
{
	struct dial *d = arg;

	if (!err || !still_waits(d)) {
		done(d);
		return;
	}
	log_line(LOG_WARN, "call", d->id, "event=place_lost text=%s",
	         LOG_TEXT(err_str(err)));
	d->homeless = true;
	find_another(d);
}

void dials_keep_places(struct dials *ds, int64_t now_ms)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct dial *d = next_due(ds, now_ms);
		int err;

		if (!d)
			break;
		if (d->homeless) {
			find_another(d);
			continue;
		}
		err = bots_check(ds->app->bots, d->bot, d->place, on_checked,
		                 d);
		if (err)
			on_checked(err, d);
	}
}

int dial_is_ready(void *arg)
{
	struct dial *d = arg;
	const struct rooms *r = &d->ds->app->cfg->rooms;

	if (d->homeless)
		return -EAGAIN;
	for (size_t i = 0; i < r->n; i++) {
		unsigned used;

		/* What the ledger cannot tell now is found out then. */
		if (store_room_used(d->ds->app->store, d->id, &r->v[i],
		                    &used) ||
		    used < r->v[i].max)
			continue;
		if (!d->told)
			log_line(LOG_INFO, "call", d->id,
			         "event=no_room of=%s max=%u", r->v[i].what,
			         r->v[i].max);
		d->told = true;
		return -EBUSY;
	}
	return 0;
}

const char *dial_kind(const struct dial *d)
{
	if (d->uses[0])
		return d->uses;
	/* Nobody knows; of one that was taken over, the ledger may. */
	return d->kept_ms || !d->ds->app->bots ? "any" : NULL;
}
