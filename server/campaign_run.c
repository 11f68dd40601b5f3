/*
 * From rows to calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/admission.h"
#include "server/app.h"
#include "server/campaign.h"
#include "server/config.h"
#include "server/dial.h"
#include "server/pause.h"
#include "server/store/campaign.h"
#include "server/store/store.h"

enum {
	EVERY_MS = 200,
	BATCH = 20, /* rows of one look, so that others have their turn */
	ON_WAY_MAX = 1000, /* calls; of more it is not known why they failed */
	AGAIN_MS = 30000,  /* [ms] after there was no bot, or Plivo was away */
	LEASE_MS = 10000,  /* [ms] a row whose server died waits so long */
};

/* A row that became a call, which is on its way to the carrier. */
struct on_way {
	struct dial *dial;
	char campaign_id[STORE_CAMPAIGN_ID_MAX];
	unsigned line;
};

struct campaigns {
	struct app *app;
	struct timer timer;
	struct on_way on_way[ON_WAY_MAX];
	size_t n_on_way;
};

/* A row in hand, its texts our own. */
struct job {
	char campaign_id[STORE_CAMPAIGN_ID_MAX];
	unsigned line;
	char *to, *phone_number, *body;
};

static void job_fini(struct job *j)
{
	mem_free(j->to);
	mem_free(j->phone_number);
	mem_free(j->body);
}

/* The store must not be called from its own walk. */
static int note(const struct store_row *r, void *arg)
{
	struct job *j = arg;

	snprintf(j->campaign_id, sizeof(j->campaign_id), "%s", r->campaign_id);
	j->line = r->line;
	j->to = mem_strdup(r->to);
	j->phone_number = mem_strdup(r->phone_number);
	j->body = r->body ? mem_strdup(r->body) : NULL;
	return j->to && j->phone_number && (j->body || !r->body) ? 0 : -ENOMEM;
}

/* See how it gets to the carrier; takes @d, which may be NULL. */
static void watch(struct campaigns *cs, const struct job *j, struct dial *d)
{
	struct on_way *w;

	if (!d || cs->n_on_way == ON_WAY_MAX) {
		dial_drop(&d);
		return;
	}
	w = &cs->on_way[cs->n_on_way++];
	w->dial = d;
	w->line = j->line;
	snprintf(w->campaign_id, sizeof(w->campaign_id), "%s", j->campaign_id);
}

/* In the ledger, and on its way. */
static int make(struct app *app, struct job *j, struct store_campaign *c,
                int64_t *later_ms, const char **why)
{
	char id[CRYPTO_ID_LEN], key[CRYPTO_ID_LEN], none[] = "";
	char from[sizeof(app->cfg->from)];
	const struct store_change failed = {
		.state = STORE_FAILED, .has_state = true, .error = "no memory"};
	struct store_call call = {.id = id,
	                          .key = key,
	                          .to = j->to,
	                          .from = from,
	                          .phone_number = j->phone_number,
	                          .agent = c->agent[0] ? c->agent : NULL,
	                          .body = j->body,
	                          .base_url = c->base_url,
	                          .owner = c->owner,
	                          .answer_status = 202, /* it is promised */
	                          .state = app->bots ? STORE_RESERVING
	                                             : STORE_QUEUED,
	                          .created_ms = app_now_ms()};
	struct dial *d = NULL;
	int err;

	crypto_id(id);
	crypto_id(key);
	snprintf(from, sizeof(from), "%s", app->cfg->from);
	if (app->cfg->events_url)
		call.events_url = none;
	err = admission_row(app, &call, j->campaign_id, j->line, later_ms, why);
	if (err)
		return err;
	app_count(app, COUNT_STARTED);
	log_line(LOG_INFO, "campaign", id, "event=accepted campaign=%s line=%u",
	         j->campaign_id, j->line);
	err = dial_begin(app->dials, &call, &d);
	watch(app->campaigns, j, d);
	if (err && store_call_change(app->store, id, &failed, NULL, NULL, NULL))
		app_count(app, COUNT_STORE_FAULTS);
	return err;
}

/* -ENOENT: there is nothing to do. */
static int try_one(struct app *app, int64_t now_ms)
{
	struct store_campaign c;
	struct job j = {.line = 0};
	int64_t later_ms = INT64_MAX;
	const char *why = "";
	int err = store_campaign_claim(app->store, now_ms, LEASE_MS, note, &j);

	if (err == -ENOENT)
		return err;
	if (!err)
		err = store_campaign_get(app->store, j.campaign_id, &c);
	if (!err)
		err = make(app, &j, &c, &later_ms, &why);
	/* Somebody was faster, or has paused it. */
	if (err == -EALREADY)
		err = 0;
	if (err == ERR_LIMIT) {
		log_line(LOG_INFO, "campaign", NULL,
		         "event=%s campaign=%s line=%u text=%s",
		         later_ms == INT64_MAX ? "refused" : "put_off",
		         j.campaign_id, j.line, LOG_TEXT(why));
		err = store_campaign_put_off(app->store, j.campaign_id, j.line,
		                             later_ms, why);
	}
	job_fini(&j);
	return err;
}

/* What could not be placed for a reason that may pass waits again. */
static void look_after(struct campaigns *cs, int64_t now_ms)
{
	struct dial_view view;

	for (size_t i = cs->n_on_way; i-- > 0;) {
		struct on_way *w = &cs->on_way[i];
		int err = 0;

		dial_look(w->dial, &view);
		if (view.phase != DIAL_OVER)
			continue;
		if (view.status >= 400 && view.retry_sec)
			err = store_campaign_return(
				cs->app->store, w->campaign_id, w->line,
				now_ms + AGAIN_MS, view.text);
		if (err)
			app_store_fault(cs->app, NULL, err);
		dial_drop(&w->dial);
		*w = cs->on_way[--cs->n_on_way];
	}
}

static void run(struct campaigns *cs, int64_t now_ms)
{
	struct app *app = cs->app;
	struct pause pause;
	int err;

	if (atomic_load(&app->stopping))
		return;
	look_after(cs, now_ms);
	err = pause_look(app->store, &pause);
	if (!err && pause.on)
		return;
	for (unsigned i = 0; i < BATCH && !err; i++)
		err = try_one(app, now_ms);
	if (err && err != -ENOENT)
		app_store_fault(app, NULL, err);
}

/* ---- the timer ---- */

static void on_timer(void *arg)
{
	struct campaigns *cs = arg;

	run(cs, app_now_ms());
	fetchd_timer(cs->app->rest, &cs->timer, EVERY_MS, on_timer, cs);
}

static void begin(void *arg)
{
	struct campaigns *cs = arg;

	fetchd_timer(cs->app->rest, &cs->timer, EVERY_MS, on_timer, cs);
}

static void end(void *arg)
{
	struct campaigns *cs = arg;

	fetchd_timer_stop(cs->app->rest, &cs->timer);
	while (cs->n_on_way)
		dial_drop(&cs->on_way[--cs->n_on_way].dial);
}

int campaigns_open(struct campaigns **cp, struct app *app)
{
	struct campaigns *cs = mem_zalloc(sizeof(*cs));

	*cp = cs;
	if (!cs)
		return -ENOMEM;
	cs->app = app;
	fetchd_call(app->rest, begin, cs);
	return 0;
}

void campaigns_close(struct campaigns **cp)
{
	struct campaigns *cs = *cp;

	if (!cs)
		return;
	fetchd_call(cs->app->rest, end, cs);
	mem_free(cs);
	*cp = NULL;
}
