/*
 * Calls whose name at Plivo nobody knows. A look goes through Plivo's lists
 * one question at a time: names of live and queued calls, then each of those
 * that is no call of ours yet, then the finished calls to each number.
 */
#include "server/reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/config.h"
#include "server/end.h"
#include "server/number.h"
#include "server/reconcile_priv.h"
#include "server/store/store.h"

enum {
	CALLS_MAX = 64,    /* unknown ones in one look */
	NAMES_MAX = 256,   /* calls at Plivo asked for in one look */
	EARLY_MS = 120000, /* their clock may be before ours by that */
	LATE_MS = 3600000, /* a call may have waited in their queue */
	UUID_MAX = 65,     /* [bytes] */
	CAUSE_MAX = 64,    /* [bytes] */
};

/* A call at Plivo that may be one of ours. */
struct found {
	char uuid[UUID_MAX], cause[CAUSE_MAX], source[CAUSE_MAX];
	enum carrier_list list;
	int code;
	bool answered;
	unsigned fits; /* so many calls of ours */
};

struct lost {
	char id[64], to[NUMBER_MAX];
	int64_t dialed_ms;
	unsigned fits;       /* so many calls at Plivo */
	struct found *match; /* one of them */
};

struct look {
	struct app *app;
	int64_t now_ms;
	struct lost calls[CALLS_MAX];
	struct found found[NAMES_MAX];
	size_t n_calls, n_found, n_names; /* names: live and queued ones */
	size_t at;                        /* call or name that is asked for */
	enum carrier_list list;
	bool listed; /* the lists of names are there */
	bool whole;  /* nothing was left out: what is nowhere is not there */
};

/* Plivo writes numbers with and without the plus. */
static bool same_number(const char *a, const char *b)
{
	return strcmp(a + (*a == '+'), b + (*b == '+')) == 0;
}

static bool is_ours(struct look *k, const char *uuid)
{
	struct store_call call;
	int err = store_call_get(k->app->store, STORE_UUID, uuid, &call);

	if (!err) {
		store_call_fini(&call);
	} else if (err != -ENOENT) {
		app_store_fault(k->app, NULL, err);
		k->whole = false;
	}
	return err != -ENOENT;
}

static bool fits(const struct look *k, const struct lost *l,
                 const struct carrier_info *info)
{
	if (!same_number(info->to, l->to) ||
	    (*info->from && !same_number(info->from, k->app->cfg->from)))
		return false;
	return !info->began_ms || (info->began_ms > l->dialed_ms - EARLY_MS &&
	                           info->began_ms < l->dialed_ms + LATE_MS);
}

/* Which of our calls may @info be? */
static void match(struct look *k, struct found *f,
                  const struct carrier_info *info)
{
	for (size_t i = 0; i < k->n_calls; i++) {
		if (!fits(k, &k->calls[i], info))
			continue;
		k->calls[i].fits++;
		k->calls[i].match = f;
		f->fits++;
	}
}

static struct found *add_found(struct look *k, const char *uuid)
{
	struct found *f;

	for (size_t i = 0; i < k->n_found; i++)
		if (!strcmp(k->found[i].uuid, uuid))
			return NULL;
	if (strlen(uuid) >= UUID_MAX || is_ours(k, uuid))
		return NULL;
	if (k->n_found == NAMES_MAX) {
		k->whole = false;
		return NULL;
	}
	f = &k->found[k->n_found++];
	snprintf(f->uuid, sizeof(f->uuid), "%s", uuid);
	f->list = k->list;
	return f;
}

static void take(struct look *k, const struct carrier_info *info)
{
	struct found *f;

	if (!k->listed) {
		add_found(k, info->uuid);
		return;
	}
	if (k->list != CARRIER_FINISHED) {
		match(k, &k->found[k->at], info);
		return;
	}
	f = add_found(k, info->uuid);
	if (!f)
		return;
	snprintf(f->cause, sizeof(f->cause), "%s", info->cause);
	snprintf(f->source, sizeof(f->source), "%s", info->source);
	f->code = info->cause_code;
	f->answered = info->answered;
	match(k, f, info);
}

static void adopt(struct look *k, const struct lost *l)
{
	struct app *app = k->app;
	const char *uuid = l->match->uuid;
	struct store_change change = {
		.state = STORE_INITIATED, .has_state = true, .call_uuid = uuid};
	struct store_call call;
	int err =
		store_call_change(app->store, l->id, &change, NULL, NULL, NULL);

	if (!err)
		err = store_call_get(app->store, STORE_ID, l->id, &call);
	if (err) {
		app_store_fault(app, l->id, err);
		return;
	}
	log_line(LOG_WARN, "reconcile", l->id, "event=found call_uuid=%s",
	         uuid);
	if (call.end_by) {
		/* Somebody wanted its end before anybody knew its name. */
		end_hangup(app, l->id, uuid, 0);
		end_release(app, l->id, call.bot, call.reservation);
	} else if (app->bots && call.bot && call.reservation) {
		err = bots_prepare(app->bots, call.bot, call.reservation, uuid,
		                   NULL, NULL);
		if (err)
			log_line(LOG_WARN, "reconcile", l->id,
			         "event=prepare_failed text=%s",
			         LOG_TEXT(err_str(err)));
	}
	store_call_fini(&call);
}

static void give_up(struct look *k, const struct lost *l)
{
	struct store_change change = {.state = STORE_NOT_PLACED,
	                              .has_state = true,
	                              .error = "Plivo knows no such call",
	                              .ended_ms = app_now_ms()};
	struct store_call call;
	int err = store_call_change(k->app->store, l->id, &change, NULL, NULL,
	                            NULL);

	if (!err)
		err = store_call_get(k->app->store, STORE_ID, l->id, &call);
	if (err) {
		app_store_fault(k->app, l->id, err);
		return;
	}
	log_line(LOG_WARN, "reconcile", l->id, "event=not_placed");
	end_release(k->app, l->id, call.bot, call.reservation);
	store_call_fini(&call);
}

static void judge(struct look *k, const struct lost *l)
{
	const int64_t limit_ms =
		((int64_t)k->app->cfg->ring_timeout + RECONCILE_SEC) * 1000;
	const struct found *f = l->match;

	if (l->fits == 1 && f->fits == 1 && f->list == CARRIER_FINISHED) {
		const struct carrier_info info = {.uuid = f->uuid,
		                                  .cause = f->cause,
		                                  .source = f->source,
		                                  .cause_code = f->code,
		                                  .answered = f->answered};

		app_count(k->app, COUNT_FOUND);
		reconcile_close(k->app, l->id, &info);
	} else if (l->fits == 1 && f->fits == 1) {
		app_count(k->app, COUNT_FOUND);
		adopt(k, l);
	} else if (l->fits) {
		log_line(LOG_WARN, "reconcile", l->id,
		         "event=ambiguous fits=%u", l->fits);
	} else if (k->whole && k->now_ms - l->dialed_ms > limit_ms) {
		give_up(k, l);
	}
}

static void finish(struct look *k, bool done)
{
	for (size_t i = 0; done && i < k->n_calls; i++)
		judge(k, &k->calls[i]);
	atomic_store(&k->app->reconciling, false);
	mem_free(k);
}

static void on_info(const struct carrier_info *info, int err, void *arg);

static void ask(struct look *k, const char *uuid, const char *to)
{
	int err = carrier_ask(k->app->carrier, k->list, uuid, to, on_info, k);

	if (err)
		finish(k, false);
}

/* The next question, once the last one is answered. */
static void go_on(struct look *k)
{
	if (!k->listed && k->list == CARRIER_LIVE) {
		k->list = CARRIER_QUEUED;
		ask(k, NULL, NULL);
		return;
	}
	if (!k->listed) {
		k->listed = true;
		k->n_names = k->n_found;
		k->at = 0;
	} else {
		k->at++;
	}
	if (k->list != CARRIER_FINISHED && k->at < k->n_names) {
		k->list = k->found[k->at].list;
		ask(k, k->found[k->at].uuid, NULL);
		return;
	}
	if (k->list != CARRIER_FINISHED) {
		k->list = CARRIER_FINISHED;
		k->at = 0;
	}
	if (k->at < k->n_calls)
		ask(k, NULL, k->calls[k->at].to);
	else
		finish(k, true);
}

static void on_info(const struct carrier_info *info, int err, void *arg)
{
	struct look *k = arg;
	bool one = k->listed && k->list != CARRIER_FINISHED;

	if (info) {
		take(k, info);
	} else if (err == -ECANCELED) {
		finish(k, false);
	} else if (err && !(one && err == -ENOENT)) {
		log_line(LOG_WARN, "reconcile", NULL,
		         "event=not_answered text=%s", LOG_TEXT(err_str(err)));
		finish(k, false);
	} else {
		/* One that has gone meanwhile is among the finished soon. */
		if (err)
			k->whole = false;
		go_on(k);
	}
}

static int collect(const struct store_call *c, void *arg)
{
	struct look *k = arg;
	struct lost *l;

	if (c->call_uuid)
		return 0;
	if (k->n_calls == CALLS_MAX) {
		/* The oldest come last, and they are the most urgent. */
		memmove(k->calls, k->calls + 1,
		        (CALLS_MAX - 1) * sizeof(k->calls[0]));
		k->n_calls--;
	}
	l = &k->calls[k->n_calls++];
	memset(l, 0, sizeof(*l));
	snprintf(l->id, sizeof(l->id), "%s", c->id);
	snprintf(l->to, sizeof(l->to), "%s", c->to);
	l->dialed_ms = c->dialed_ms ? c->dialed_ms : c->created_ms;
	return 0;
}

void reconcile_unknown(struct app *app, int64_t now_ms)
{
	const struct store_filter filter = {
		.has_state = true, .state = STORE_UNKNOWN, .limit = UINT32_MAX};
	struct look *k;
	int err;

	if (atomic_exchange(&app->reconciling, true))
		return;
	k = mem_zalloc(sizeof(*k));
	if (!k) {
		atomic_store(&app->reconciling, false);
		return;
	}
	k->app = app;
	k->now_ms = now_ms;
	k->whole = true;
	k->list = CARRIER_LIVE;
	err = store_calls(app->store, &filter, collect, k);
	if (err)
		app_store_fault(app, NULL, err);
	if (err || !k->n_calls)
		finish(k, false);
	else
		ask(k, NULL, NULL);
}
