#include "server/schedule.h"

#include <errno.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/admission.h"
#include "server/app.h"
#include "server/dial.h"
#include "server/pause.h"
#include "server/store/admit.h"
#include "server/store/retry.h"
#include "server/store/store.h"
#include "server/store/wait.h"

enum {
	EVERY_MS = 200,
	FULL_MS =
		1000, /* [ms] until it is looked again whether there is room */
	BATCH = 20,   /* calls of one look, so that others have their turn */
	LEASE_MS = 10000, /* [ms] a call whose server died waits so long */
};

struct schedule {
	struct app *app;
	struct timer timer;
};

/* It ends without having begun, unless it has by now. */
static int end_it(struct app *app, const char *id, enum store_state state,
                  const char *error)
{
	struct store_change change = {.state = state,
	                              .has_state = true,
	                              .unbegun = true,
	                              .end_by = "server",
	                              .error = error,
	                              .ended_ms = app_now_ms()};
	int err;

	if (state == STORE_EXPIRED)
		change.end_cause = "expired";
	log_line(LOG_INFO, "schedule", id, "event=%s text=%s",
	         store_state_text(state), LOG_TEXT(error));
	err = store_call_change(app->store, id, &change, NULL, NULL, NULL);
	if (!err && state == STORE_EXPIRED)
		app_count(app, COUNT_EXPIRED);
	return err == ERR_STALE ? 0 : err;
}

/* Not now. -EAGAIN: and nobody behind it overtakes it. */
static int put_off(struct app *app, const struct store_call *call,
                   enum store_ruling verdict, int64_t later_ms)
{
	int err;

	if (call->expires_ms && later_ms > call->expires_ms)
		later_ms = call->expires_ms;
	if (verdict == STORE_FULL)
		later_ms = call->not_before_ms;
	err = store_due_put(app->store, call->id, later_ms);
	return err || verdict != STORE_FULL ? err : -EAGAIN;
}

static int begin_it(struct app *app, struct store_call *call)
{
	struct store_admission a = {.release = true};
	struct store_call now = *call;
	struct dial *d = NULL;
	const char *why = "";
	int64_t later_ms;
	int err;

	now.state = app->bots ? STORE_RESERVING : STORE_QUEUED;
	now.created_ms = app_now_ms();
	err = admission_later(app, &now, &a, &later_ms, &why);
	/* Another server has begun it, or somebody has asked for its end. */
	if (err == -EALREADY)
		return 0;
	if (err == ERR_LIMIT)
		return later_ms == STORE_RETRY_NEVER
		               ? end_it(app, call->id, STORE_FAILED, why)
		               : put_off(app, call, a.verdict, later_ms);
	if (err)
		return err;
	app_count(app, COUNT_STARTED);
	log_line(LOG_INFO, "schedule", call->id, "event=accepted");
	now.created_ms = call->created_ms;
	err = dial_begin(app->dials, &now, &d);
	dial_drop(&d);
	/* It is in our hands, and found again there. */
	return err;
}

/* -ENOENT: there is nothing to do. -EAGAIN: not now. */
static int look_at_one(struct app *app, bool paused)
{
	const int64_t now_ms = app_now_ms();
	char id[STORE_WAIT_ID_MAX];
	struct store_call call;
	int err = store_due(app->store, now_ms, LEASE_MS, id);

	if (!err)
		err = store_call_get(app->store, STORE_ID, id, &call);
	if (err)
		return err;
	if (call.end_by)
		err = end_it(app, id, STORE_CANCELLED,
		             "cancelled before it was dialled");
	else if (call.expires_ms && call.expires_ms <= now_ms)
		err = end_it(app, id, STORE_EXPIRED, DIAL_EXPIRED);
	else if (paused)
		err = put_off(app, &call, STORE_FULL, 0);
	else
		err = begin_it(app, &call);
	store_call_fini(&call);
	return err;
}

/* How soon to look again [ms]. */
static uint32_t run(struct app *app)
{
	struct pause pause;
	int err;

	if (atomic_load(&app->stopping))
		return EVERY_MS;
	dials_expire(app->dials, app_now_ms());
	err = pause_look(app->store, &pause);
	for (unsigned i = 0; i < BATCH && !err; i++)
		err = look_at_one(app, pause.on);
	if (err && err != -ENOENT && err != -EAGAIN)
		app_store_fault(app, NULL, err);
	return err == -EAGAIN ? FULL_MS : EVERY_MS;
}

/* ---- the timer ---- */

static void on_timer(void *arg)
{
	struct schedule *s = arg;

	fetchd_timer(s->app->rest, &s->timer, run(s->app), on_timer, s);
}

static void begin(void *arg)
{
	struct schedule *s = arg;

	fetchd_timer(s->app->rest, &s->timer, EVERY_MS, on_timer, s);
}

static void end(void *arg)
{
	struct schedule *s = arg;

	fetchd_timer_stop(s->app->rest, &s->timer);
}

int schedule_open(struct schedule **sp, struct app *app)
{
	struct schedule *s = mem_zalloc(sizeof(*s));

	*sp = s;
	if (!s)
		return -ENOMEM;
	s->app = app;
	fetchd_call(app->rest, begin, s);
	return 0;
}

void schedule_close(struct schedule **sp)
{
	struct schedule *s = *sp;

	if (!s)
		return;
	fetchd_call(s->app->rest, end, s);
	mem_free(s);
	*sp = NULL;
}
