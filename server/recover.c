#include "server/recover.h"

#include <errno.h>
#include <stdint.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/dial.h"
#include "server/end.h"
#include "server/reconcile.h"
#include "server/store/hands.h"
#include "server/store/store.h"

enum { BATCH = 4096 /* calls; more than can be in hand at once */ };

struct ids {
	struct app *app;
	char *v[BATCH];
	size_t n;
};

typedef int recover_h(struct app *app, const char *id);

static int add_id(struct ids *ids, const char *id)
{
	if (ids->n == BATCH)
		return 0;
	ids->v[ids->n] = mem_strdup(id);
	if (!ids->v[ids->n])
		return -ENOMEM;
	ids->n++;
	return 0;
}

/* The store must not be called from its own walk: names first. */
static int each(struct ids *ids, int err, recover_h *h)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (!err)
			err = h(ids->app, ids->v[i]);
		mem_free(ids->v[i]);
	}
	return err;
}

static int change_state(struct app *app, const char *id, enum store_state state,
                        const char *error)
{
	struct store_change change = {.state = state,
	                              .has_state = true,
	                              .held = true,
	                              .error = error};

	if (store_state_final(state))
		change.ended_ms = app_now_ms();
	log_line(LOG_WARN, "recover", id, "event=%s", store_state_text(state));
	return store_call_change(app->store, id, &change, NULL, NULL, NULL);
}

/* Nobody was told that it would be placed, so it will not be. */
static int give_up(struct app *app, const struct store_call *call)
{
	int err = change_state(app, call->id, STORE_FAILED,
	                       "the server ended before the call was promised "
	                       "or dialled");

	if (call->reservation)
		end_release(app, call->id, call->bot, call->reservation);
	else
		end_release_lost(app, call->id);
	return err;
}

/* A call that was in another server's hand, or was forgotten in ours. */
static int take_over(struct app *app, const char *id)
{
	struct store_call call;
	struct dial *d = NULL;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	if (call.state == STORE_DIALING) {
		err = change_state(app, id, STORE_UNKNOWN,
		                   "the server ended while Plivo was asked");
	} else if (call.state < STORE_DIALING && call.end_by) {
		err = change_state(app, id, STORE_CANCELLED,
		                   "cancelled before it was dialled");
		end_release(app, id, call.bot, call.reservation);
	} else if (call.state < STORE_DIALING && call.answer_status == 202) {
		log_line(LOG_INFO, "recover", id, "event=queued_again");
		err = dial_begin(app->dials, &call, &d);
		dial_drop(&d);
	} else if (call.state < STORE_DIALING) {
		err = give_up(app, &call);
	}
	store_call_fini(&call);
	/* Whoever else has it by now knows better. */
	return err == ERR_STALE ? 0 : err;
}

static int see_claimed(const char *id, bool ours, void *arg)
{
	struct ids *ids = arg;

	if (ours && dials_has(ids->app->dials, id))
		return 0;
	return add_id(ids, id);
}

int recover_claimed(struct app *app)
{
	struct ids ids = {.app = app, .n = 0};
	int err = store_claim(app->store, app_now_ms(), see_claimed, &ids);
	bool any = ids.n > 0;

	err = each(&ids, err, take_over);
	if (!err && any)
		reconcile_unknown(app, app_now_ms());
	return err;
}

static int see_live(const struct store_call *c, void *arg)
{
	/* Nameless ones are looked for together. */
	return c->state > STORE_DIALING && c->call_uuid ? add_id(arg, c->id)
	                                                : 0;
}

static int look_at(struct app *app, const char *id)
{
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	if (call.end_by)
		end_hangup(app, id, call.call_uuid, 0);
	else if (!store_state_final(call.state))
		reconcile_known(app, &call);
	store_call_fini(&call);
	return 0;
}

int recover_calls(struct app *app)
{
	const struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct ids ids = {.app = app, .n = 0};
	int err = store_calls(app->store, &filter, see_live, &ids);

	err = each(&ids, err, look_at);
	if (!err)
		err = recover_claimed(app);
	if (!err)
		reconcile_unknown(app, app_now_ms());
	return err;
}
