#define _POSIX_C_SOURCE 200809L
#include "server/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/config.h"
#include "server/end.h"
#include "server/reconcile.h"
#include "server/store/store.h"

enum {
	EVERY_MS = 60000,
	BATCH = 256,     /* calls of one look; the rest have time */
	SILENT_SEC = 60, /* after the ringing, for the callback of its end */
	GRACE_SEC = 300, /* after the longest a call can last */
	JUMP_MS = 1000,  /* less than that is a clock kept right */
};

struct sweep {
	struct app *app;
	struct timer timer;
	struct sweep_clock clock;
};

struct overdue {
	struct app *app;
	int64_t now_ms;
	char *ids[BATCH];
	size_t n;
};

static int64_t longest_sec(const struct config *cfg)
{
	return (int64_t)cfg->ring_timeout + cfg->call_time_limit + GRACE_SEC;
}

static bool is_overdue(const struct overdue *o, const struct store_call *c)
{
	int64_t began = c->dialed_ms ? c->dialed_ms : c->created_ms;
	int64_t age_sec = (o->now_ms - began) / 1000;

	/* What is in hand ends by itself. */
	if (c->state <= STORE_DIALING)
		return false;
	return age_sec > longest_sec(o->app->cfg);
}

/* It ought to have been answered or given up, and nobody has told. */
static bool is_silent(const struct overdue *o, const struct store_call *c)
{
	int64_t began = c->dialed_ms ? c->dialed_ms : c->created_ms;

	return (c->state == STORE_INITIATED || c->state == STORE_RINGING) &&
	       c->call_uuid &&
	       (o->now_ms - began) / 1000 >
	               (int64_t)o->app->cfg->ring_timeout + SILENT_SEC;
}

static int collect(const struct store_call *c, void *arg)
{
	struct overdue *o = arg;

	if (o->n == BATCH)
		return 0;
	if (!is_overdue(o, c)) {
		if (is_silent(o, c))
			reconcile_known(o->app, c);
		return 0;
	}
	o->ids[o->n] = mem_strdup(c->id);
	if (!o->ids[o->n])
		return -ENOMEM;
	o->n++;
	return 0;
}

/* A call with a name is hung up, which says whether it was still there. One
 * without never rang, as far as anybody has told us. */
static int close_one(struct app *app, const char *id)
{
	struct store_change change = {
		.state = STORE_FAILED,
		.has_state = true,
		.error = "Plivo never called back, and could "
			 "not be asked",
		.ended_ms = app_now_ms()};
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	log_line(LOG_WARN, "sweep", id, "event=overdue state=%s",
	         store_state_text(call.state));
	if (call.call_uuid) {
		end_hangup(app, id, call.call_uuid, 0);
	} else {
		if (call.answered_ms)
			change.state = STORE_ENDED;
		err = store_call_change(app->store, id, &change, NULL, NULL,
		                        NULL);
	}
	end_release(app, id, call.bot, call.reservation);
	store_call_fini(&call);
	return err;
}

void sweep_run(struct app *app, long long now_ms)
{
	const struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct overdue o = {.app = app, .now_ms = now_ms};
	int err = store_calls(app->store, &filter, collect, &o);

	for (size_t i = 0; i < o.n; i++) {
		if (!err)
			err = close_one(app, o.ids[i]);
		mem_free(o.ids[i]);
	}
	if (err)
		app_store_fault(app, NULL, err);
	reconcile_unknown(app, now_ms);
}

int64_t sweep_clock_now(struct sweep_clock *c, int64_t wall_ms,
                        int64_t steady_ms, int64_t longest_ms)
{
	int64_t ahead_ms = wall_ms - steady_ms - c->base_ms;

	if (!c->set ||
	    (c->jumped_ms && steady_ms - c->jumped_ms > longest_ms)) {
		c->base_ms = wall_ms - steady_ms;
		c->jumped_ms = 0;
		c->set = true;
		return wall_ms;
	}
	/* Slow corrections are followed, or they would add up. */
	if (!c->jumped_ms && ahead_ms > -JUMP_MS && ahead_ms < JUMP_MS) {
		c->base_ms += ahead_ms;
		return wall_ms;
	}
	if (!c->jumped_ms) {
		c->jumped_ms = steady_ms;
		log_line(LOG_WARN, "sweep", NULL,
		         "event=clock_jumped ms=%" PRId64, ahead_ms);
	}
	return ahead_ms > 0 ? wall_ms - ahead_ms : wall_ms;
}

static int64_t look_at_clocks(struct sweep *s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return sweep_clock_now(&s->clock, app_now_ms(),
	                       (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000,
	                       longest_sec(s->app->cfg) * 1000);
}

static void on_timer(void *arg)
{
	struct sweep *s = arg;

	sweep_run(s->app, look_at_clocks(s));
	fetchd_timer(s->app->rest, &s->timer, EVERY_MS, on_timer, s);
}

static void begin(void *arg)
{
	struct sweep *s = arg;

	look_at_clocks(s);
	fetchd_timer(s->app->rest, &s->timer, EVERY_MS, on_timer, s);
}

static void end(void *arg)
{
	struct sweep *s = arg;

	fetchd_timer_stop(s->app->rest, &s->timer);
}

int sweep_open(struct sweep **sp, struct app *app)
{
	struct sweep *s = mem_zalloc(sizeof(*s));

	*sp = s;
	if (!s)
		return -ENOMEM;
	s->app = app;
	fetchd_call(app->rest, begin, s);
	return 0;
}

void sweep_close(struct sweep **sp)
{
	struct sweep *s = *sp;

	if (!s)
		return;
	fetchd_call(s->app->rest, end, s);
	mem_free(s);
	*sp = NULL;
}
