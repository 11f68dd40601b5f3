#include "server/run.h"

#include <errno.h>
#include <stdio.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/admission.h"
#include "server/again.h"
#include "server/answering.h"
#include "server/app.h"
#include "server/beat.h"
#include "server/bot_events.h"
#include "server/bots/bots.h"
#include "server/campaign.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/dial.h"
#include "server/dncfile.h"
#include "server/health.h"
#include "server/http/http.h"
#include "server/hung.h"
#include "server/ledger.h"
#include "server/outbox.h"
#include "server/pause.h"
#include "server/pulse.h"
#include "server/quality.h"
#include "server/recover.h"
#include "server/relay.h"
#include "server/schedule.h"
#include "server/start.h"
#include "server/store/hands.h"
#include "server/store/keys.h"
#include "server/store/store.h"
#include "server/sweep.h"
#include "server/throttle.h"
#include "server/transfer.h"
#include "server/transfer_ask.h"
#include "server/webhook.h"

enum {
	DRAIN_MS = 15000, /* a /start may wait for its answer */
	QUEUE_MAX = 1000, /* calls that wait for their turn */
};

#define BOTH (HTTP_GET | HTTP_POST)

static const struct http_route routes[] = {
	{HTTP_POST, "/start", start_handle, HTTP_BODY_MAX, true},
	{BOTH, "/answer", answering_any, HTTP_BODY_MAX, false},
	{BOTH, "/answer/", answering_call, HTTP_BODY_MAX, false},
	{BOTH, "/again/", again_handle, HTTP_BODY_MAX, false},
	{BOTH, "/events/", webhook_events, HTTP_BODY_MAX, false},
	{HTTP_POST, "/transfer", transfer_handle, HTTP_BODY_MAX, true},
	{BOTH, "/transfer/", transfer_document, HTTP_BODY_MAX, false},
	{BOTH, "/transfer-end/", transfer_end, HTTP_BODY_MAX, false},
	{HTTP_GET, "/calls", ledger_list, 0, false},
	{HTTP_GET | HTTP_DELETE, "/calls/", ledger_one, 0, false},
	{HTTP_GET, "/campaigns", campaign_list_handle, 0, false},
	{HTTP_POST, "/campaigns", campaign_add_handle, CAMPAIGN_BODY_MAX, true},
	{BOTH, "/campaigns/*", campaign_one_handle, 0, false},
	{HTTP_POST, "/bot-events", bot_events_handle, BOT_EVENTS_MAX, true},
	{BOTH, "/dnc", dncfile_handle, DNCFILE_BODY_MAX, false},
	{HTTP_POST, "/pause", pause_handle, 0, false},
	{HTTP_POST, "/resume", pause_resume_handle, 0, false},
	{HTTP_GET, "/healthz", health_live, 0, false},
	{HTTP_GET, "/readyz", health_ready, 0, false},
	{HTTP_GET, "/metrics", health_metrics, 0, false},
};

static const struct http_route metrics_routes[] = {
	{HTTP_GET, "/metrics", health_metrics_open, 0, false},
};

/* The pace is that of all servers that share the ledger. */
static int take_turn(int priority, uint64_t interval_us, uint64_t *wait_us,
                     void *arg)
{
	struct app *app = arg;

	return store_turn(app->store, priority, interval_us, wait_us);
}

static void hold_turns(uint32_t ms, void *arg)
{
	struct app *app = arg;
	int err = store_turn_hold(app->store, ms);

	if (err)
		app_store_fault(app, NULL, err);
}

static int open_peers(struct app *app, char why[RUN_WHY_MAX])
{
	const struct config *cfg = app->cfg;
	struct fetch_opts fetch = {.ca_file = cfg->tls_ca_file};
	struct carrier_opts carrier = {.ops = &carrier_plivo_ops,
	                               .api_url = cfg->plivo_api_url,
	                               .auth_id = cfg->auth_id,
	                               .auth_token = cfg->auth_token,
	                               .calls_per_sec = cfg->calls_per_second,
	                               .queue_max = QUEUE_MAX};
	int err = store_open(&app->store, cfg->database_url, why, RUN_WHY_MAX);

	if (err)
		return err;
	if (store_shared(app->store)) {
		carrier.turn = take_turn;
		carrier.turn_hold = hold_turns;
		carrier.turn_arg = app;
	}
	err = fetchd_new(&app->rest, &fetch);
	if (!err)
		err = carrier_new(&app->carrier, app->rest, &carrier);
	if (!err)
		err = dials_new(&app->dials, app);
	if (err) {
		snprintf(why, RUN_WHY_MAX, "%s", err_str(err));
		return err;
	}
	if (cfg->stream != STREAM_BOTS)
		return 0;
	return bots_new(&app->bots, app->rest, cfg->bot_url, cfg->bot_secret,
	                why, RUN_WHY_MAX);
}

static int serve(struct app *app, char why[RUN_WHY_MAX])
{
	const struct config *cfg = app->cfg;
	struct http_opts opts = {.listen = cfg->listen,
	                         .threads = cfg->relay_max + RUN_THREADS,
	                         .routes = routes,
	                         .n_routes = ARRAY_LEN(routes),
	                         .ws_routes = &relay_route,
	                         .n_ws_routes = cfg->production ? 0 : 1,
	                         .cors_origins = cfg->cors_origins,
	                         .arg = app};
	int err;

	app->waiters_max = RUN_THREADS / 2;
	err = http_open(&app->http, &opts);
	if (err) {
		snprintf(why, RUN_WHY_MAX,
		         "LISTEN=%s cannot be had: %s. Stop what listens "
		         "there, or set another LISTEN=host:port",
		         cfg->listen, err_str(err));
		return err;
	}
	atomic_store(&app->port, http_port(app->http));
	if (!cfg->metrics_listen)
		return 0;
	opts = (struct http_opts){.listen = cfg->metrics_listen,
	                          .threads = 4,
	                          .routes = metrics_routes,
	                          .n_routes = ARRAY_LEN(metrics_routes),
	                          .arg = app};
	err = http_open(&app->metrics, &opts);
	if (err)
		snprintf(why, RUN_WHY_MAX,
		         "METRICS_LISTEN=%s cannot be had: %s. Stop what "
		         "listens there, or set another",
		         cfg->metrics_listen, err_str(err));
	return err;
}

static int see_key(const struct store_key *k, void *arg)
{
	bool *any = arg;

	(void)k;
	*any = true;
	return 0;
}

/* As easy as the example, and as open; whoever runs it is to know. */
static void tell_what_is_open(struct app *app)
{
	const struct config *cfg = app->cfg;
	bool keys = cfg->api_key != NULL;
	int err = keys ? 0 : store_keys(app->store, see_key, &keys);

	if (err)
		app_store_fault(app, NULL, err);
	if (cfg->start_auth || !keys)
		log_line(LOG_WARN, "server", NULL,
		         "event=open text=\"whoever reaches %s, by a tunnel "
		         "too, may place calls: set API_KEY%s\"",
		         cfg->public_url ? cfg->public_url : "this server",
		         cfg->verify == VERIFY_ENFORCE
		                 ? ""
		                 : "; PLIVO_VERIFY=enforce refuses webhooks "
		                   "that Plivo did not sign");
	if (cfg->production && !cfg->calling_hours)
		log_line(LOG_WARN, "server", NULL,
		         "event=no_calling_hours text=\"telephones may ring at "
		         "any hour of the night: set "
		         "CALLING_HOURS=09:00-20:00\"");
}

/* What looks after calls by itself. */
static int open_watches(struct app *app)
{
	int err = quality_open(&app->quality, app);

	if (!err)
		err = beat_open(&app->beat, app);
	if (!err)
		err = schedule_open(&app->schedule, app);
	if (!err)
		err = hung_open(&app->hung, app);
	if (!err)
		err = campaigns_open(&app->campaigns, app);
	if (!err)
		err = sweep_open(&app->sweep, app);
	return err ? err : pulse_open(&app->pulse, app);
}

int run_open(struct app **ap, const struct config *cfg, char why[RUN_WHY_MAX])
{
	struct app *app = mem_zalloc(sizeof(*app));
	int err;

	*ap = NULL;
	snprintf(why, RUN_WHY_MAX, "%s", err_str(-ENOMEM));
	if (!app)
		return -ENOMEM;
	app->cfg = cfg;
	err = admission_ready(cfg, why, RUN_WHY_MAX);
	if (!err)
		err = relay_new(&app->relay, app);
	if (!err)
		err = throttle_new(&app->throttle);
	if (!err)
		err = throttle_new(&app->bot_throttle);
	if (!err)
		err = transfers_new(&app->transfers);
	if (!err)
		err = open_peers(app, why);
	if (!err)
		err = outbox_open(&app->outbox, app);
	if (!err)
		err = serve(app, why);
	if (!err) {
		err = recover_calls(app);
		if (err)
			snprintf(why, RUN_WHY_MAX,
			         "the ledger cannot be taken up: %s. Look at "
			         "DATABASE_URL, and at the lines above",
			         err_str(err));
	}
	if (!err)
		err = open_watches(app);
	if (!err)
		tell_what_is_open(app);
	else
		run_close(&app);
	*ap = app;
	return err;
}

unsigned run_port(const struct app *app)
{
	return http_port(app->http);
}

void run_close(struct app **ap)
{
	struct app *app = *ap;

	if (!app)
		return;
	atomic_store(&app->stopping, true);
	relay_stop(app->relay);
	http_close(&app->http, DRAIN_MS);
	http_close(&app->metrics, 0);
	pulse_close(&app->pulse);
	sweep_close(&app->sweep);
	campaigns_close(&app->campaigns);
	hung_close(&app->hung);
	schedule_close(&app->schedule);
	beat_close(&app->beat);
	quality_close(&app->quality);
	outbox_close(&app->outbox);
	/* Places that come now are not dialled: the chains look at stopping. */
	carrier_free(&app->carrier);
	bots_free(&app->bots);
	fetchd_free(&app->rest);
	dials_free(&app->dials);
	store_close(&app->store);
	relay_free(&app->relay);
	throttle_free(&app->throttle);
	throttle_free(&app->bot_throttle);
	transfers_free(&app->transfers);
	mem_free(app);
	*ap = NULL;
}
