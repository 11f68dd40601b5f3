#include "server/quota.h"

#include <inttypes.h>

#include "common/err.h"
#include "server/access.h"
#include "server/app.h"
#include "server/http/message.h"
#include "server/store/store.h"

enum {
	MINUTE_MS = 60 * 1000,
	DAY_MS = 24 * 3600 * 1000,
	FAULT_RETRY_SEC = 5,
};

struct usage {
	int64_t now_ms;
	uint32_t calls;    /* of the last minute */
	int64_t minute_ms; /* the oldest of them was asked for */
	int64_t talk_ms;   /* of the last day */
	int64_t day_ms;    /* the oldest call that has talked was asked for */
};

static int add_call(const struct store_call *c, void *arg)
{
	struct usage *u = arg;
	int64_t end = c->ended_ms ? c->ended_ms : u->now_ms;

	/* The newest come first, so the last one seen is the oldest. */
	if (u->now_ms - c->created_ms < MINUTE_MS) {
		u->calls++;
		u->minute_ms = c->created_ms;
	}
	if (c->answered_ms && end > c->answered_ms) {
		u->talk_ms += end - c->answered_ms;
		u->day_ms = c->created_ms;
	}
	return 0;
}

/* Seconds until what was at @then_ms is @span_ms old; at least one. */
static unsigned until(const struct usage *u, int64_t then_ms, int64_t span_ms)
{
	int64_t ms = then_ms + span_ms - u->now_ms;

	return ms > 1000 ? (unsigned)((ms + 999) / 1000) : 1;
}

bool quota_check(struct app *app, const struct access *who, int64_t now_ms,
                 struct http_res *res)
{
	struct store_filter f = {.owner = who->owner, .limit = UINT32_MAX};
	struct usage u = {.now_ms = now_ms};
	int err;

	if (!who->rate && !who->budget)
		return true;
	f.since_ms = now_ms - (who->budget ? DAY_MS : MINUTE_MS);
	err = store_calls(app->store, &f, add_call, &u);
	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed.");
		return false;
	}
	if (who->rate && u.calls >= who->rate) {
		http_fail_later(res, 429, until(&u, u.minute_ms, MINUTE_MS),
		                "The key %s may start %" PRIu32
		                " calls a minute: try again later.",
		                who->owner, who->rate);
		return false;
	}
	if (who->budget && u.talk_ms >= who->budget * 1000) {
		http_fail_later(res, 429, until(&u, u.day_ms, DAY_MS),
		                "The key %s has used its %" PRId64
		                " seconds of calls a day: try again later.",
		                who->owner, who->budget);
		return false;
	}
	return true;
}
