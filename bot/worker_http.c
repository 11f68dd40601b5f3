#include <string.h>

#include "bot/worker_impl.h"
#include "common/js.h"
#include "common/str.h"

void worker_refuse(struct ws_response *res, int status, const char *why)
{
	res->status = status;
	buf_reset(&res->body);
	if (buf_adds(&res->body, "{\"detail\":") ||
	    js_quote(&res->body, why, strlen(why)) ||
	    buf_adds(&res->body, "}\n"))
		buf_reset(&res->body);
}

static void say(struct ws_response *res, const char *status)
{
	if (buf_addf(&res->body, "{\"status\":\"%s\"}\n", status))
		res->status = 500;
}

static bool is_get(const struct ws_request *req)
{
	return !strcmp(req->method, "GET");
}

static void alive(struct worker *w, const struct ws_request *req,
                  struct ws_response *res)
{
	(void)w;
	if (is_get(req))
		say(res, "ok");
	else
		worker_refuse(res, 405,
		              "this path does not take this method: use GET");
}

static void ready(struct worker *w, const struct ws_request *req,
                  struct ws_response *res)
{
	if (!is_get(req)) {
		worker_refuse(res, 405,
		              "this path does not take this method: use GET");
	} else if (w->draining) {
		res->status = 503;
		say(res, "draining");
	} else if (worker_is_dumb(w)) {
		res->status = 503;
		say(res, "no_provider");
	} else if (w->admit.shut) {
		res->status = 503;
		say(res, "overloaded");
	} else {
		say(res, "ok");
	}
}

static void metrics(struct worker *w, const struct ws_request *req,
                    struct ws_response *res)
{
	struct events_stats events;
	struct net_lag lag;
	struct metrics_now now = {
		.capacity = w->capacity,
		.places = reserve_count(w->places),
		.calls = reserve_bound(w->places),
		.draining = w->draining,
		.shut = w->admit.shut,
		.dumb = worker_is_dumb(w),
		.lag = &lag,
		.events = &events,
	};

	if (!is_get(req)) {
		worker_refuse(res, 405,
		              "this path does not take this method: use GET");
		return;
	}
	if (!worker_may_see_metrics(w, req)) {
		worker_refuse(res, 401,
		              "send the header Authorization: Bearer and "
		              "BOT_SECRET, or ask from this machine");
		return;
	}
	net_lag(w->net, &lag);
	events_stats(w->events, &events);
	res->content_type = "text/plain; version=0.0.4";
	if (metrics_write(&res->body, &w->metrics, &now))
		res->status = 500;
}

static void bot_request(struct worker *w, const struct ws_request *req,
                        struct ws_response *res)
{
	(void)w;
	(void)req;
	worker_refuse(res, 501,
	              "telephony streams come on /ws: use a WebSocket there");
}

/* "/reserve/ID", "/reserve/ID/prepare" and "/reserve/ID/machine". */
static void place(struct worker *w, const struct ws_request *req,
                  struct ws_response *res)
{
	struct str rest = str_of(req->path + strlen("/reserve/"));
	struct str id = str_cut(&rest, '/');
	bool prepare = rest.v && str_eq(rest, "prepare");
	bool machine = rest.v && str_eq(rest, "machine");
	bool post = !strcmp(req->method, "POST");
	char text[CRYPTO_ID_LEN];

	if (str_copy(text, sizeof(text), id) ||
	    (rest.v && !prepare && !machine))
		worker_refuse(res, 404,
		              "there is no such place, or no longer: use the "
		              "id that POST /reserve answered");
	else if (prepare && post)
		worker_prepare(w, text, req, res);
	else if (machine && post)
		worker_machine(w, text, res);
	else if (!rest.v && is_get(req))
		worker_look(w, text, res);
	else if (!rest.v && !strcmp(req->method, "DELETE"))
		worker_release(w, text, res);
	else
		worker_refuse(res, 405,
		              "this path does not take this method: use the "
		              "one of the README");
}

static void reserve_request(struct worker *w, const struct ws_request *req,
                            struct ws_response *res)
{
	const char *auth = req->header(req, "authorization");

	if (!worker_is_server(w, req)) {
		w->metrics.refused_auth++;
		worker_refuse(res, auth || w->cfg->secret ? 401 : 403,
		              "only the server may reserve: set the same "
		              "BOT_SECRET here and there");
		return;
	}
	if (strcmp(req->path, "/reserve") != 0)
		place(w, req, res);
	else if (!strcmp(req->method, "POST"))
		worker_reserve(w, req, res);
	else
		worker_refuse(res, 405,
		              "this path does not take this method: use POST");
}

static void stream_request(struct worker *w, const struct ws_request *req,
                           struct ws_response *res)
{
	(void)w;
	(void)req;
	worker_refuse(res, 426, "this path is for WebSockets: use one");
}

void worker_request(const struct ws_request *req, struct ws_response *res,
                    void *arg)
{
	static const struct {
		const char *path;
		bool below; /* and what is below it */
		void (*serve)(struct worker *w, const struct ws_request *req,
		              struct ws_response *res);
	} routes[] = {
		{"/reserve", true, reserve_request},
		{"/livez", false, alive},
		{"/healthz", false, alive},
		{"/readyz", false, ready},
		{"/metrics", false, metrics},
		{"/bot", false, bot_request},
		{"/ws", true, stream_request},
	};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		size_t n = strlen(routes[i].path);

		if (strncmp(req->path, routes[i].path, n) != 0 ||
		    (req->path[n] && (req->path[n] != '/' || !routes[i].below)))
			continue;
		routes[i].serve(arg, req, res);
		return;
	}
	worker_refuse(
		res, 404,
		"there is nothing here: use /ws, /livez, /readyz or /metrics");
}
