/*
 * Which streams come in: those of live calls of the ledger, signed as
 * PLIVO_VERIFY asks, as many as RELAY_MAX says.
 */
#define _GNU_SOURCE /* eventfd() */
#include "server/relay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/config.h"
#include "server/http/message.h"
#include "server/relay_client.h"
#include "server/relay_priv.h"
#include "server/store/store.h"

enum {
	URL_MAX = 20 * 1024, /* [bytes] the web server takes 16 KiB of head */
	PATH_MAX_LEN = 256,  /* [bytes] of a bot's path */
	HOST_MAX = 256,      /* [bytes] of a bot's host */
	STOP_SEC = 3,        /* a second for answers, and what is under way */
};

static bool is_signed(const struct app *app, const struct http_req *req,
                      const struct store_call *call)
{
	struct plivo_sign sign = {
		.nonce = http_header(req, "X-Plivo-Signature-V3-Nonce")};
	struct buf url;
	int err;

	if (app->cfg->verify == VERIFY_OFF)
		return true;
	buf_init(&url, URL_MAX);
	err = buf_addf(&url, "%s%s%s%s", call->base_url, req->path,
	               *req->query ? "?" : "", req->query);
	sign.url = buf_str(&url);
	if (!err)
		err = plivo_sign_verify_stream(
			&sign, http_header(req, "X-Plivo-Signature-V3"),
			http_header(req, "X-Plivo-Signature-Ma-V3"),
			app->cfg->auth_token, NULL);
	buf_fini(&url);
	if (!err)
		return true;
	log_line(LOG_WARN, "relay", call->id,
	         "event=bad_signature peer=%s refused=%s", req->peer,
	         app->cfg->verify == VERIFY_ENFORCE ? "yes" : "no");
	return app->cfg->verify != VERIFY_ENFORCE;
}

/* The live call whose place @req asks for; false: @res is the refusal, and
 * @call holds nothing. */
static bool find_call(struct app *app, const struct http_req *req,
                      struct http_res *res, struct store_call *call)
{
	int err = -ENOENT;

	if (!app->cfg->production && *req->tail)
		err = store_call_get(app->store, STORE_RESERVATION, req->tail,
		                     call);
	if (!err && (store_state_final(call->state) || !call->bot)) {
		store_call_fini(call);
		err = -ENOENT;
	}
	if (err == -ENOENT) {
		http_fail(res, 404,
		          "There is no such stream, or no longer: use the "
		          "address that the call's XML has.");
	} else if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, 1,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
	}
	return !err;
}

static int reach_bot(const struct app *app, const struct store_call *call,
                     const char *id, struct relay_client **bot)
{
	char host[HOST_MAX], path[PATH_MAX_LEN];
	int status = 0, err;
	unsigned port;
	bool tls;

	err = bots_target(call->bot, host, sizeof(host), &port, &tls);
	if (!err && tls)
		err = -ENOTSUP; /* such a bot has an address of its own */
	if (err)
		return err;
	snprintf(path, sizeof(path), "/ws/%s", id);
	err = relay_client_open(bot, host, port, path, app->cfg->bot_secret,
	                        &status);
	if (err)
		log_line(LOG_WARN, "relay", call->id,
		         "event=no_bot bot=%s status=%d error=%s", call->bot,
		         status, LOG_TEXT(err_str(err)));
	return err;
}

static struct relay_stream *open_stream(struct relay *r,
                                        const struct http_req *req,
                                        struct http_res *res,
                                        const struct store_call *call)
{
	struct relay_stream *s = relay_stream_new(r, call->id, req->tail);
	int err;

	if (!s) {
		http_res_check(res, -ENOMEM);
		return NULL;
	}
	if (!relay_stream_enter(s)) {
		http_fail_later(
			res, 503, 1,
			"RELAY_MAX=%u streams run: raise it, or set "
			"BOT_PUBLIC_URL so that Plivo reaches the bots itself.",
			r->app->cfg->relay_max);
		relay_stream_drop(s, false);
		return NULL;
	}
	err = reach_bot(r->app, call, req->tail, &s->bot);
	if (!err)
		return s;
	http_fail(res, 502,
	          "The bot at %s did not take the stream: %s. See the log of "
	          "dialout-bot.",
	          call->bot, err_str(err));
	relay_stream_drop(s, true);
	return NULL;
}

/* Strangers take no stream's place: what they ask for is refused first. */
static bool check(const struct http_req *req, struct http_res *res,
                  void **userp, void *arg)
{
	struct app *app = arg;
	struct store_call call;

	*userp = NULL;
	if (atomic_load(&app->stopping)) {
		http_fail_later(
			res, 503, 1,
			"The server is stopping: try again after Retry-After.");
		return false;
	}
	if (!find_call(app, req, res, &call))
		return false;
	if (is_signed(app, req, &call))
		*userp = open_stream(app->relay, req, res, &call);
	else
		http_fail(res, 403,
		          "Plivo's signature is missing or does not fit %s: "
		          "check that PLIVO_AUTH_TOKEN is the account's, and "
		          "that PUBLIC_URL is the address given to Plivo.",
		          call.base_url);
	store_call_fini(&call);
	return *userp != NULL;
}

const struct http_ws_route relay_route = {
	.prefix = "/ws/",
	.check = check,
	.opened = relay_stream_opened,
	.frame = relay_stream_frame,
	.closed = relay_stream_closed,
};

/* --- before anybody is dialled --- */

struct relayed {
	const char *but; /* a call that is not counted */
	unsigned n;
};

static int count_relayed(const struct store_call *c, void *arg)
{
	struct relayed *r = arg;

	if (c->reservation && !c->stream_url && strcmp(c->id, r->but) != 0)
		r->n++;
	return 0;
}

bool relay_admits(struct app *app, const char *call_id, const char *bot,
                  char *why, size_t cap)
{
	const struct store_filter filter = {.live = true, .limit = UINT32_MAX};
	struct relayed r = {.but = call_id};
	char host[HOST_MAX];
	unsigned port;
	bool tls;
	int err = bots_target(bot, host, sizeof(host), &port, &tls);

	if (err || tls || app->cfg->production) {
		snprintf(why, cap,
		         "The bot at %s gives no address for its streams: set "
		         "BOT_PUBLIC_URL there",
		         bot);
		return false;
	}
	err = store_calls(app->store, &filter, count_relayed, &r);
	if (err) {
		app_store_fault(app, call_id, err);
		snprintf(why, cap,
		         "The ledger of calls failed: try again; why is in the "
		         "log of dialout-server");
		return false;
	}
	snprintf(why, cap,
	         "RELAY_MAX=%u streams are relayed already: raise it, or give "
	         "the bots BOT_PUBLIC_URL",
	         app->cfg->relay_max);
	return r.n < app->cfg->relay_max;
}

/* --- its life --- */

int relay_new(struct relay **rp, struct app *app)
{
	struct relay *r = mem_zalloc(sizeof(*r));
	pthread_condattr_t attr;
	int err = -ENOMEM;

	*rp = NULL;
	if (!r)
		return err;
	r->app = app;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->stop_fd < 0) {
		err = -errno;
		mem_free(r);
		return err;
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	*rp = r;
	return 0;
}

unsigned relay_streams(struct relay *r)
{
	unsigned n;

	pthread_mutex_lock(&r->lock);
	n = r->n;
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* Has every stream told both its sides? Under lock. */
static bool all_told(const struct relay *r)
{
	for (const struct relay_stream *s = r->streams; s; s = s->next)
		if (s->pumping && !s->pumped)
			return false;
	return true;
}

void relay_stop(struct relay *r)
{
	const uint64_t one = 1;
	struct timespec until;

	if (!r)
		return;
	/* Nobody reads it: it stays readable for every stream. */
	if (write(r->stop_fd, &one, sizeof(one)) < 0)
		log_line(LOG_ERROR, "relay", NULL, "event=no_stop");
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_SEC;
	pthread_mutex_lock(&r->lock);
	while (!all_told(r) &&
	       !pthread_cond_timedwait(&r->changed, &r->lock, &until))
		;
	pthread_mutex_unlock(&r->lock);
}

void relay_free(struct relay **rp)
{
	struct relay *r = *rp;

	if (!r)
		return;
	ASSERT(!r->streams);
	close(r->stop_fd);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	mem_free(r);
	*rp = NULL;
}
