#include "server/hung.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/past.h"
#include "server/store/store.h"
#include "server/transfer.h"

enum {
	EVERY_MS = 25,     /* [ms] between two calls that are taken away: */
	WAITING_MAX = 2000 /* Plivo takes 300 requests in five seconds */
};

struct hung {
	struct app *app;
	struct timer timer; /* runs while calls wait */
	struct link calls;  /* struct held */
	unsigned n;
	const char *bot; /* whose calls are collected */
};

/* A call that a silent bot holds. */
struct held {
	struct link link;
	struct app *app;
	char *id, *bot;
};

static void held_free(struct held *c)
{
	list_remove(&c->link);
	mem_free(c->id);
	mem_free(c->bot);
	mem_free(c);
}

/* ---- one call --------------------------------------------------------------- */

static bool is_held(const struct store_call *call, const char *bot)
{
	return (call->state == STORE_ANSWERED ||
	        call->state == STORE_STREAMING) &&
	       call->call_uuid && !call->end_by && call->bot &&
	       !strcmp(call->bot, bot);
}

/* Nothing is said twice to Plivo that could end the next bot's stream. */
static bool still_held(void *arg)
{
	const struct held *c = arg;
	struct store_call call;
	bool held;

	if (store_call_get(c->app->store, STORE_ID, c->id, &call))
		return false;
	held = is_held(&call, c->bot);
	store_call_fini(&call);
	return held;
}

static void on_left(int err, void *arg)
{
	struct held *c = arg;

	log_line(err ? LOG_ERROR : LOG_INFO, "hung", c->id,
	         "event=taken_away err=%d", err);
	held_free(c);
}

/* Others that share the ledger have seen the same: one of us does it. */
static int claim(struct app *app, const char *id)
{
	char dedupe[PAST_DEDUPE_MAX], data[PAST_DATA_MAX];
	struct store_event ev;
	struct past past;
	int err = past_look(app, id, &past);

	if (err)
		return err;
	if (past.ended || !past_may_let_go(&past, app_now_ms()))
		return -EEXIST;
	past_hung_event(&ev, &past, dedupe, data);
	return store_call_change(app->store, id, NULL, &ev, NULL, NULL);
}

/* Takes @c over. */
static void take_away(struct held *c)
{
	struct app *app = c->app;
	struct carrier_end leave = {
		.still = still_held, .done = on_left, .arg = c};
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, c->id, &call);

	if (err) {
		app_store_fault(app, c->id, err);
		held_free(c);
		return;
	}
	if (is_held(&call, c->bot) && !transfer_is_on(app, c->id)) {
		err = claim(app, c->id);
		leave.uuid = call.call_uuid;
		if (!err)
			err = carrier_leave(app->carrier, &leave);
	} else {
		err = -EEXIST;
	}
	store_call_fini(&call);
	if (!err) {
		app_count(app, COUNT_HUNG);
		return;
	}
	if (err != -EEXIST)
		app_store_fault(app, c->id, err);
	held_free(c);
}

/* ---- all calls of a bot ----------------------------------------------------- */

static void on_timer(void *arg)
{
	struct hung *h = arg;
	struct held *c;

	if (list_empty(&h->calls))
		return;
	c = CONTAINER_OF(h->calls.next, struct held, link);
	list_remove(&c->link);
	h->n--;
	take_away(c);
	fetchd_timer(h->app->rest, &h->timer, EVERY_MS, on_timer, h);
}

static bool waits(const struct hung *h, const char *id)
{
	for (struct link *l = h->calls.next; l != &h->calls; l = l->next)
		if (!strcmp(CONTAINER_OF(l, struct held, link)->id, id))
			return true;
	return false;
}

static int collect(const struct store_call *call, void *arg)
{
	struct hung *h = arg;
	struct held *c;

	if (h->n == WAITING_MAX || !is_held(call, h->bot) || waits(h, call->id))
		return 0;
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	list_init(&c->link);
	c->app = h->app;
	c->id = mem_strdup(call->id);
	c->bot = mem_strdup(call->bot);
	if (!c->id || !c->bot) {
		held_free(c);
		return -ENOMEM;
	}
	list_append(&h->calls, &c->link);
	h->n++;
	return 0;
}

static void on_hung(const char *bot, void *arg)
{
	const struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct hung *h = arg;
	const bool idle = list_empty(&h->calls);
	int err;

	/* Without another one for them they stay: it may wake, or its
	 * supervisor starts it anew, and they come back to it. */
	if (bots_state(h->app->bots) != BOTS_READY)
		return;
	h->bot = bot;
	err = store_calls(h->app->store, &filter, collect, h);
	h->bot = NULL;
	if (err)
		app_store_fault(h->app, NULL, err);
	log_line(LOG_ERROR, "hung", NULL, "event=bot_hangs bot=%s waiting=%u",
	         LOG_TEXT(bot), h->n);
	if (idle)
		on_timer(h);
}

/* ---- its life --------------------------------------------------------------- */

int hung_open(struct hung **hp, struct app *app)
{
	struct hung *h;

	*hp = NULL;
	if (!app->bots)
		return 0;
	h = mem_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->app = app;
	list_init(&h->calls);
	*hp = h;
	bots_watch_hung(app->bots, app->cfg->bot_hung_after * 1000, on_hung, h);
	return 0;
}

static void end(void *arg)
{
	struct hung *h = arg;

	fetchd_timer_stop(h->app->rest, &h->timer);
	while (!list_empty(&h->calls))
		held_free(CONTAINER_OF(h->calls.next, struct held, link));
}

void hung_close(struct hung **hp)
{
	struct hung *h = *hp;

	if (!h)
		return;
	bots_watch_hung(h->app->bots, 0, NULL, NULL);
	fetchd_call(h->app->rest, end, h);
	mem_free(h);
	*hp = NULL;
}
