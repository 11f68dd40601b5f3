#include "server/promise.h"

#include <stdio.h>

#include "common/err.h"
#include "server/admission.h"
#include "server/app.h"
#include "server/config.h"
#include "server/dial.h"
#include "server/store/admit.h"
#include "server/store/store.h"

int promise_make(struct app *app, const struct store_call *like,
                 struct store_admission *a, char id[CRYPTO_ID_LEN],
                 int64_t *later_ms, const char **why)
{
	char key[CRYPTO_ID_LEN], from[sizeof(app->cfg->from)];
	const struct store_change failed = {
		.state = STORE_FAILED, .has_state = true, .error = "no memory"};
	struct store_call call = {.id = id,
	                          .key = key,
	                          .to = like->to,
	                          .from = from,
	                          .phone_number = like->phone_number,
	                          .agent = like->agent,
	                          .body = like->body,
	                          .base_url = like->base_url,
	                          .owner = like->owner,
	                          .events_url = like->events_url,
	                          .hours = like->hours,
	                          .answer_status = 202,
	                          .state = app->bots ? STORE_RESERVING
	                                             : STORE_QUEUED,
	                          .created_ms = app_now_ms(),
	                          .expires_ms = like->expires_ms,
	                          .priority = like->priority};
	struct dial *d = NULL;
	int err;

	crypto_id(id);
	crypto_id(key);
	snprintf(from, sizeof(from), "%s", app->cfg->from);
	err = admission_later(app, &call, a, later_ms, why);
	if (err)
		return err;
	app_count(app, COUNT_STARTED);
	err = dial_begin(app->dials, &call, &d);
	dial_drop(&d);
	if (err && store_call_change(app->store, id, &failed, NULL, NULL, NULL))
		app_count(app, COUNT_STORE_FAULTS);
	return err;
}
