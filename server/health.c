#include "server/health.h"

#include "common/buf.h"
#include "common/mem.h"
#include "server/access.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/carrier/carrier.h"
#include "server/dial.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/pause.h"
#include "server/quality.h"
#include "server/relay.h"
#include "server/rooms.h"
#include "server/store/outbox.h"
#include "server/store/store.h"

static void say(struct http_res *res, int status, const char *word)
{
	res->status = status;
	http_res_check(res, buf_addf(&res->body, "{\"status\":\"%s\"}", word));
}

void health_live(const struct http_req *req, struct http_res *res, void *arg)
{
	(void)req;
	(void)arg;
	say(res, 200, "ok");
}

void health_ready(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct pause pause;
	unsigned live;

	(void)req;
	if (store_count_live(app->store, &live) ||
	    pause_look(app->store, &pause))
		say(res, 503, "no_ledger");
	else if (app->bots && bots_state(app->bots) == BOTS_NONE)
		say(res, 503, "no_bot");
	else
		/* Who is taken out of service here hears no webhooks, and calls
		 * are up. */
		say(res, 200, pause.on ? "paused" : "ready");
}

static int add_gauge(struct buf *out, const char *name, const char *help,
                     unsigned v)
{
	return buf_addf(out,
	                "# HELP dialout_%s %s\n# TYPE dialout_%s gauge\n"
	                "dialout_%s %u\n",
	                name, help, name, name, v);
}

static int add_counters(struct buf *out, struct app *app)
{
	static const struct {
		const char *name, *help;
	} rows[] = {
#define X(name, metric, help) {metric, help},
		APP_COUNT_MAP(X)
#undef X
	};
	int err = 0;

	for (size_t i = 0; i < COUNTS && !err; i++)
		err = buf_addf(out,
		               "# HELP dialout_%s %s\n"
		               "# TYPE dialout_%s counter\ndialout_%s %llu\n",
		               rows[i].name, rows[i].help, rows[i].name,
		               rows[i].name, atomic_load(&app->counts[i]));
	return err;
}

static int add_calls(struct buf *out, struct app *app)
{
	unsigned live = 0, scheduled = 0;
	int err = store_count_live(app->store, &live);

	if (!err)
		err = store_count_scheduled(app->store, &scheduled);
	if (!err)
		err = add_gauge(out, "calls_live",
		                "calls that have begun and not ended", live);
	return err ? err
	           : add_gauge(out, "calls_scheduled",
	                       "calls that wait for their not_before",
	                       scheduled);
}

void health_metrics_open(const struct http_req *req, struct http_res *res,
                         void *arg)
{
	struct app *app = arg;
	struct pause pause = {.on = false};
	unsigned waiting = 0, dead = 0;
	int err;

	(void)req;
	res->content_type = "text/plain; version=0.0.4";
	err = add_calls(&res->body, app);
	if (!err)
		err = pause_look(app->store, &pause);
	if (!err)
		err = add_gauge(&res->body, "paused", "1: no call is dialled",
		                pause.on);
	if (!err)
		err = add_gauge(&res->body, "calls_in_hand",
		                "calls between /start and Plivo's answer",
		                dials_count(app->dials));
	if (!err)
		err = add_gauge(&res->body, "queue",
		                "calls that wait, and requests that are out",
		                carrier_waiting(app->carrier));
	if (!err)
		err = add_gauge(&res->body, "requests",
		                "requests that hold a thread, this one too",
		                http_running(app->http));
	if (!err)
		err = add_gauge(&res->body, "relayed",
		                "streams that hold a thread",
		                relay_streams(app->relay));
	if (!err)
		err = store_outbox_count(app->store, &waiting, &dead);
	if (!err)
		err = add_gauge(&res->body, "events_waiting",
		                "events that EVENTS_URL has not taken yet",
		                waiting);
	if (!err)
		err = add_gauge(&res->body, "events_dead",
		                "events that were given up", dead);
	if (!err)
		err = rooms_print(app, &res->body);
	if (!err)
		err = quality_print(app->quality, &res->body);
	if (!err)
		err = add_gauge(&res->body, "blocks", "blocks of memory in use",
		                (unsigned)mem_live());
	if (!err)
		err = add_counters(&res->body, app);
	http_res_check(res, err);
}

void health_metrics(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;

	if (access_check(app, req, res, ACCESS_READ, NULL))
		health_metrics_open(req, res, arg);
}
