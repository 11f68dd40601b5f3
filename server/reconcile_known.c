/*
 * One call whose name is known: is it live, is it queued, has it finished?
 */
#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/end.h"
#include "server/reconcile.h"
#include "server/reconcile_priv.h"
#include "server/retry.h"
#include "server/store/store.h"

struct known {
	struct app *app;
	char id[64], uuid[64];
	enum carrier_list list; /* that is asked now */
	bool found;
};

void reconcile_close(struct app *app, const char *id,
                     const struct carrier_info *info)
{
	struct store_change change = {.has_state = true,
	                              .call_uuid = info->uuid,
	                              .ended_ms = app_now_ms(),
	                              .end_code = info->cause_code,
	                              .end_by = end_by_source(info->source)};
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err) {
		app_store_fault(app, id, err);
		return;
	}
	change.state =
		end_state(call.answered_ms || info->answered, info->cause_code);
	if (*info->cause)
		change.end_cause = info->cause;
	log_line(LOG_WARN, "reconcile", id,
	         "event=finished call_uuid=%s cause=%d", info->uuid,
	         info->cause_code);
	err = retry_plan_code(app, &call, info->cause_code);
	if (!err)
		err = store_call_change(app->store, id, &change, NULL, NULL,
		                        NULL);
	if (err)
		app_store_fault(app, id, err);
	end_release(app, id, call.bot, call.reservation);
	store_call_fini(&call);
}

static void on_info(const struct carrier_info *info, int err, void *arg);

/* False: it is over with @k. */
static bool ask(struct known *k, enum carrier_list list)
{
	int err;

	k->list = list;
	err = carrier_ask(k->app->carrier, list, k->uuid, NULL, on_info, k);
	if (err)
		log_line(LOG_WARN, "reconcile", k->id,
		         "event=not_asked text=%s", LOG_TEXT(err_str(err)));
	return !err;
}

static void on_info(const struct carrier_info *info, int err, void *arg)
{
	struct known *k = arg;

	if (info) {
		k->found = true;
		if (k->list == CARRIER_FINISHED)
			reconcile_close(k->app, k->id, info);
		else
			log_line(LOG_INFO, "reconcile", k->id,
			         "event=still_up list=%s",
			         k->list == CARRIER_LIVE ? "live" : "queued");
		return;
	}
	if (!k->found && err == -ENOENT && k->list == CARRIER_LIVE &&
	    ask(k, CARRIER_QUEUED))
		return;
	if (!k->found && err == -ENOENT && k->list == CARRIER_QUEUED &&
	    ask(k, CARRIER_FINISHED))
		return;
	if (err && err != -ENOENT && err != -ECANCELED)
		log_line(LOG_WARN, "reconcile", k->id,
		         "event=not_answered text=%s", LOG_TEXT(err_str(err)));
	mem_free(k);
}

void reconcile_known(struct app *app, const struct store_call *call)
{
	struct known *k = mem_zalloc(sizeof(*k));

	if (!k) {
		log_line(LOG_WARN, "reconcile", call->id,
		         "event=not_asked text=%s", LOG_TEXT(err_str(-ENOMEM)));
		return;
	}
	k->app = app;
	snprintf(k->id, sizeof(k->id), "%s", call->id);
	snprintf(k->uuid, sizeof(k->uuid), "%s", call->call_uuid);
	if (!ask(k, CARRIER_LIVE))
		mem_free(k);
}
