/*
 * app.h - what the handlers share
 *
 * Filled in once by run_open() and constant from then on; what it leads to
 * guards itself.
 */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct beat;
struct bots;
struct campaigns;
struct carrier;
struct config;
struct dials;
struct fetchd;
struct http;
struct hung;
struct outbox;
struct pulse;
struct quality;
struct relay;
struct schedule;
struct store;
struct sweep;
struct throttle;
struct transfers;

/* Counted for /metrics since the start. */
/* clang-format off */
#define APP_COUNT_MAP(X)						\
	X(STARTED,     "starts_total",      "calls accepted by /start")	\
	X(REFUSED,     "refused_total",     "requests that /start refused") \
	X(THROTTLED,   "throttled_total",   "keys that were not looked at")	\
	X(REPLAYED,    "replayed_total",    "answers given again")	\
	X(PLACED,      "placed_total",      "calls Plivo took")		\
	X(FAILED,      "failed_total",      "calls that were not placed") \
	X(EXPIRED,     "expired_total",     "calls that waited in vain")	\
	X(UNKNOWN,     "unknown_total",     "calls with no clear answer") \
	X(FOUND,       "unknown_found_total", "such calls found at Plivo")	\
	X(ANSWERED,    "answers_total",     "answer documents given")	\
	X(ABANDONED,   "abandoned_total",   "answered calls without a bot") \
	X(REATTACHED,  "reattached_total",  "calls that another bot went on with") \
	X(HUNG,        "hung_total",        "calls taken from a bot that hung") \
	X(WEBHOOKS,    "webhooks_total",    "callbacks of Plivo taken")	\
	X(UNSIGNED,    "unsigned_total",    "webhooks with a bad signature") \
	X(BOT_EVENTS,  "bot_events_total",  "events of bots taken")	\
	X(TOLD,        "events_sent_total", "events that EVENTS_URL took") \
	X(RETOLD,      "events_retried_total", "events it did not take yet") \
	X(UNTOLD,      "events_dead_total", "events given up")		\
	X(STORE_FAULTS, "store_faults_total", "times the ledger failed")
/* clang-format on */

enum app_count {
#define X(name, metric, help) COUNT_##name,
	APP_COUNT_MAP(X)
#undef X
		COUNTS
};

struct app {
	const struct config *cfg;
	struct fetchd *rest; /* REST calls run on its thread */
	struct store *store;
	struct carrier *carrier;
	struct bots *bots; /* NULL: the stream goes elsewhere */
	struct dials *dials;
	struct sweep *sweep;
	struct beat *beat;
	struct hung *hung;
	struct campaigns *campaigns;
	struct schedule *schedule;
	struct pulse *pulse;
	struct quality *quality; /* NULL: nobody looks */
	struct relay *relay;
	struct transfers *transfers;
	struct throttle *throttle;     /* NULL: nobody guesses keys */
	struct throttle *bot_throttle; /* ... or BOT_SECRET */
	struct outbox *outbox;
	struct http *http, *metrics;
	atomic_uint port;     /* 0 until it is listened on */
	unsigned waiters_max; /* requests that may wait at once */
	atomic_uint waiters;
	atomic_bool stopping;
	atomic_bool reconciling; /* a look for unknown calls is under way */
	atomic_ullong counts[COUNTS];
};

static inline void app_count(struct app *app, enum app_count c)
{
	atomic_fetch_add_explicit(&app->counts[c], 1, memory_order_relaxed);
}

/* Unix time [ms]. */
int64_t app_now_ms(void);

/* Of a clock that never jumps [ms]. */
int64_t app_steady_ms(void);

enum { APP_TIME_MAX = 32 /* [bytes] */ };

/* @ms as "2026-01-31T12:00:00Z"; @dst is given back. */
const char *app_time(char dst[APP_TIME_MAX], int64_t ms);

/* Where bots post events: @dst gets the URL. */
void app_events_url(const struct app *app, char *dst, size_t cap);

/* May this request hold its thread, until app_drop_waiter()? Half of them stay
 * free for webhooks. */
bool app_take_waiter(struct app *app);
void app_drop_waiter(struct app *app);

/* Log and count a failure of the ledger; @err is given back. */
int app_store_fault(struct app *app, const char *id, int err);

#endif
