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
#include "server/store/store.h"

enum { BATCH = 4096 /* calls; more than can be in hand at once */ };

struct ids {
	char *v[BATCH];
	size_t n;
};

/* The store must not be called from its own walk: names first. */
static int collect(const struct store_call *c, void *arg)
{
	struct ids *ids = arg;

	/* Nameless ones are looked for together, afterwards. */
	if (c->state > STORE_DIALING && !c->call_uuid)
		return 0;
	if (ids->n == BATCH)
		return 0;
	ids->v[ids->n] = mem_strdup(c->id);
	if (!ids->v[ids->n])
		return -ENOMEM;
	ids->n++;
	return 0;
}

static int change_state(struct app *app, const char *id, enum store_state state,
                        const char *error)
{
	struct store_change change = {
		.state = state, .has_state = true, .error = error};

	if (store_state_final(state))
		change.ended_ms = app_now_ms();
	log_line(LOG_WARN, "recover", id, "event=%s", store_state_text(state));
	return store_call_change(app->store, id, &change, NULL, NULL, NULL);
}

static int recover_one(struct app *app, const char *id)
{
	struct store_call call;
	struct dial *d = NULL;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	if (call.state == STORE_DIALING) {
		err = change_state(app, id, STORE_UNKNOWN,
		                   "the server ended while Plivo was asked");
	} else if (call.state > STORE_DIALING && call.end_by) {
		end_hangup(app, id, call.call_uuid, 0);
	} else if (call.state > STORE_DIALING) {
		reconcile_known(app, &call);
	} else if (call.answer_status == 202) {
		log_line(LOG_INFO, "recover", id, "event=queued_again");
		err = dial_begin(app->dials, &call, &d);
		dial_drop(&d);
	} else {
		err = change_state(app, id, STORE_FAILED,
		                   "the server ended before the call was "
		                   "promised or dialled");
		if (call.reservation)
			end_release(app, id, call.bot, call.reservation);
		else
			end_release_lost(app, id);
	}
	store_call_fini(&call);
	return err;
}

int recover_calls(struct app *app)
{
	const struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct ids ids = {.n = 0};
	int err = store_calls(app->store, &filter, collect, &ids);

	for (size_t i = 0; i < ids.n; i++) {
		if (!err)
			err = recover_one(app, ids.v[i]);
		mem_free(ids.v[i]);
	}
	if (!err)
		reconcile_unknown(app, app_now_ms());
	return err;
}
