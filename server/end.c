#include "server/end.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "common/attr.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/carrier/carrier.h"
#include "server/store/store.h"

struct ending {
	struct app *app;
	char id[64];
};

static bool still_up(void *arg)
{
	struct ending *e = arg;
	struct store_call call;
	bool up = true;

	/* When in doubt, hang up: it does no harm to a call that is over. */
	if (!store_call_get(e->app->store, STORE_ID, e->id, &call)) {
		up = !store_state_final(call.state);
		store_call_fini(&call);
	}
	return up;
}

/* The call is over, whether or not Plivo's callback ever comes. */
static int write_end(struct ending *e)
{
	struct store_change change = {.has_state = true,
	                              .end_by = "unknown",
	                              .ended_ms = app_now_ms()};
	struct store_call call;
	int err = store_call_get(e->app->store, STORE_ID, e->id, &call);

	if (err)
		return err;
	change.state = call.answered_ms ? STORE_ENDED : STORE_CANCELLED;
	store_call_fini(&call);
	return store_call_change(e->app->store, e->id, &change, NULL, NULL,
	                         NULL);
}

static void on_ended(int err, void *arg)
{
	struct ending *e = arg;

	if (err) {
		log_line(LOG_ERROR, "call", e->id,
		         "event=hangup_failed text=%s", LOG_TEXT(err_str(err)));
	} else {
		err = write_end(e);
		if (err)
			app_store_fault(e->app, e->id, err);
	}
	mem_free(e);
}

void end_hangup(struct app *app, const char *id, const char *uuid,
                uint32_t delay_ms)
{
	struct ending *e = mem_zalloc(sizeof(*e));
	struct carrier_end end = {.uuid = uuid,
	                          .maybe_queued = true,
	                          .delay_ms = delay_ms,
	                          .still = still_up,
	                          .done = on_ended,
	                          .arg = e};
	int err = -ENOMEM;

	if (e) {
		e->app = app;
		snprintf(e->id, sizeof(e->id), "%s", id);
		err = carrier_hangup(app->carrier, &end);
	}
	if (!err)
		return;
	log_line(LOG_ERROR, "call", id, "event=hangup_failed text=%s",
	         LOG_TEXT(err_str(err)));
	mem_free(e);
}

void end_release(struct app *app, const char *id, const char *bot,
                 const char *place)
{
	int err;

	if (!app->bots || !bot || !place || !*bot || !*place)
		return;
	err = bots_release(app->bots, bot, place, NULL, NULL);
	if (err)
		log_line(LOG_WARN, "call", id, "event=release_failed text=%s",
		         LOG_TEXT(err_str(err)));
}

void end_release_lost(struct app *app, const char *id)
{
	int err = app->bots ? bots_release_call(app->bots, id) : 0;

	if (err)
		log_line(LOG_WARN, "call", id, "event=release_failed text=%s",
		         LOG_TEXT(err_str(err)));
}

enum store_state end_state(bool answered, int code)
{
	/* Nobody there, busy, declined, given up: the call was placed well,
	 * and the person called did not take it. */
	static const int not_taken[] = {1000, 3000, 3010, 3020, 3100,
	                                3110, 4000, 6010, 9000};

	if (answered)
		return STORE_ENDED;
	for (size_t i = 0; i < ARRAY_LEN(not_taken); i++)
		if (code == not_taken[i])
			return STORE_NO_ANSWER;
	return STORE_FAILED;
}

/* Plivo's words for who hung up differ between its pages and the field. */
const char *end_by_source(const char *source)
{
	static const struct {
		const char *source, *by;
	} words[] = {
		{"callee", "callee"},  {"call recipient", "callee"},
		{"caller", "caller"},  {"carrier", "carrier"},
		{"plivo", "plivo"},    {"api request", "api"},
		{"answer xml", "xml"}, {"error", "error"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcasecmp(words[i].source, source))
			return words[i].by;
	return "unknown";
}
