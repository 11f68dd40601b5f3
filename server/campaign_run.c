/*
 * From rows to calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/campaign.h"
#include "server/config.h"
#include "server/pause.h"
#include "server/promise.h"
#include "server/store/admit.h"
#include "server/store/campaign.h"
#include "server/store/store.h"

enum {
	EVERY_MS = 200,
	BATCH = 20,       /* rows of one look, so that others have their turn */
	LEASE_MS = 10000, /* [ms] a row whose server died waits so long */
};

struct campaigns {
	struct app *app;
	struct timer timer;
};

/* A row in hand, its texts our own. */
struct job {
	char campaign_id[STORE_CAMPAIGN_ID_MAX];
	unsigned line;
	char *to, *phone_number, *body, *events_url;
	int64_t expires_ms;
	int priority;
};

static void job_fini(struct job *j)
{
	mem_free(j->to);
	mem_free(j->phone_number);
	mem_free(j->body);
	mem_free(j->events_url);
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
	j->events_url = r->events_url ? mem_strdup(r->events_url) : NULL;
	j->expires_ms = r->expires_ms;
	j->priority = r->priority;
	return j->to && j->phone_number && (j->body || !r->body) &&
	                       (j->events_url || !r->events_url)
	               ? 0
	               : -ENOMEM;
}

/* In the ledger, and on its way. */
static int make(struct app *app, struct job *j, struct store_campaign *c,
                int64_t *later_ms, const char **why)
{
	char id[CRYPTO_ID_LEN], none[] = "";
	struct store_admission a = {.campaign = j->campaign_id,
	                            .line = j->line};
	struct store_call like = {.to = j->to,
	                          .phone_number = j->phone_number,
	                          .agent = c->agent[0] ? c->agent : NULL,
	                          .body = j->body,
	                          .base_url = c->base_url,
	                          .owner = c->owner,
	                          .hours = c->hours[0] ? c->hours : NULL,
	                          .expires_ms = j->expires_ms,
	                          .priority = j->priority};
	int err;

	/* "" is whatever is configured when it is told. */
	if (j->events_url)
		like.events_url = j->events_url;
	else if (c->events_url[0])
		like.events_url = c->events_url;
	else if (app->cfg->events_url)
		like.events_url = none;
	err = promise_make(app, &like, &a, id, later_ms, why);
	if (!err)
		log_line(LOG_INFO, "campaign", id,
		         "event=accepted campaign=%s line=%u", j->campaign_id,
		         j->line);
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

static void run(struct campaigns *cs, int64_t now_ms)
{
	struct app *app = cs->app;
	struct pause pause;
	int err;

	if (atomic_load(&app->stopping))
		return;
	err = store_campaign_expire(app->store, now_ms);
	if (!err)
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
