/*
 * A relayed stream has two threads. The web server's own, which it holds as
 * long as it lives, carries what Plivo says to the bot; one of ours waits for
 * what the bot says and writes it to Plivo. Neither copies a whole message
 * and neither waits for the other, so the relay adds the time of two system
 * calls. Whoever ends first ends the other: a close is passed on with its code
 * and reason, and the side that began it is let go when the answer has passed.
 */
#define _GNU_SOURCE /* eventfd() */
#include "server/relay.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "common/str.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/config.h"
#include "server/http/message.h"
#include "server/relay_client.h"
#include "server/store/store.h"

enum {
	URL_MAX = 20 * 1024, /* [bytes] the web server takes 16 KiB of head */
	PATH_MAX_LEN = 256,  /* [bytes] of a bot's path */
	HOST_MAX = 256,      /* [bytes] of a bot's host */
};

struct relay {
	struct app *app;
	atomic_uint streams;
	int stop_fd; /* readable once the streams are to end */
};

struct stream {
	struct relay *relay;
	struct relay_client *bot;
	struct http_ws *plivo;
	pthread_t pump;
	bool pumping;
	struct buf parts; /* of a message that came in pieces */
	enum http_ws_op parts_op;
	char call_id[64];
};

static void release(struct stream *s)
{
	relay_client_close(&s->bot);
	buf_fini(&s->parts);
	atomic_fetch_sub(&s->relay->streams, 1);
	mem_free(s);
}

/* --- what the bot says --- */

/* Tell Plivo that it is over, in the bot's name. */
static void close_plivo(const struct stream *s, unsigned code)
{
	const char payload[2] = {(char)(code >> 8), (char)(code & 0xff)};

	if (http_ws_send(s->plivo, HTTP_WS_CLOSE, payload, sizeof(payload)))
		log_line(LOG_DEBUG, "relay", s->call_id, "event=plivo_gone");
}

static void *pump(void *arg)
{
	const struct stream *s = arg;
	struct relay_msg msg;
	int err;

	for (;;) {
		err = relay_client_next(s->bot, s->relay->stop_fd, &msg);
		if (!err)
			err = http_ws_send(s->plivo, (enum http_ws_op)msg.op,
			                   msg.v, msg.len);
		if (err || msg.op == RELAY_CLOSE)
			break;
	}
	if (err == -ECANCELED)
		close_plivo(s, 1001);
	else if (err && err != -EPIPE)
		close_plivo(s, 1011);
	log_line(LOG_INFO, "relay", s->call_id, "event=bot_ended error=%s",
	         LOG_TEXT(err ? err_str(err) : "none"));
	http_ws_end(s->plivo);
	return NULL;
}

/* --- what Plivo says --- */

static int keep_part(struct stream *s, enum http_ws_op op, const char *v,
                     size_t len)
{
	if (op != HTTP_WS_MORE) {
		buf_reset(&s->parts);
		s->parts_op = op;
	}
	return buf_add(&s->parts, v, len);
}

static bool on_frame(void *user, enum http_ws_op op, bool fin, const char *v,
                     size_t len)
{
	struct stream *s = user;
	int err;

	if (fin && op != HTTP_WS_MORE) {
		err = relay_client_send(s->bot, (enum relay_op)op, v, len);
	} else {
		err = keep_part(s, op, v, len);
		if (!err && fin) {
			err = relay_client_send(
				s->bot, (enum relay_op)s->parts_op,
				buf_str(&s->parts), s->parts.len);
			buf_reset(&s->parts);
		}
	}
	if (err)
		log_line(LOG_WARN, "relay", s->call_id,
		         "event=bot_lost error=%s", LOG_TEXT(err_str(err)));
	return !err;
}

static int on_opened(struct http_ws *ws, void *user)
{
	struct stream *s = user;
	int err;

	s->plivo = ws;
	err = pthread_create(&s->pump, NULL, pump, s);
	s->pumping = !err;
	log_line(LOG_INFO, "relay", s->call_id, "event=open streams=%u",
	         atomic_load(&s->relay->streams));
	return -err;
}

static void on_closed(void *user)
{
	struct stream *s = user;

	relay_client_shut(s->bot);
	if (s->pumping)
		pthread_join(s->pump, NULL);
	log_line(LOG_INFO, "relay", s->call_id, "event=closed");
	release(s);
}

/* --- may it come in? --- */

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
		http_fail(res, 404, "There is no such stream.");
	} else if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, 1, "The ledger of calls failed.");
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

static struct stream *open_stream(struct relay *r, const struct http_req *req,
                                  struct http_res *res,
                                  const struct store_call *call)
{
	struct stream *s;
	int err;

	if (!is_signed(r->app, req, call)) {
		http_fail(res, 403,
		          "Plivo's signature is missing or does not fit %s.",
		          call->base_url);
		return NULL;
	}
	s = mem_zalloc(sizeof(*s));
	if (!s) {
		http_res_check(res, -ENOMEM);
		return NULL;
	}
	s->relay = r;
	snprintf(s->call_id, sizeof(s->call_id), "%s", call->id);
	buf_init(&s->parts, RELAY_MESSAGE_MAX);
	err = reach_bot(r->app, call, req->tail, &s->bot);
	if (!err)
		return s;
	http_fail(res, 502, "The bot at %s did not take the stream: %s.",
	          call->bot, err_str(err));
	mem_free(s);
	return NULL;
}

static bool check(const struct http_req *req, struct http_res *res,
                  void **userp, void *arg)
{
	struct app *app = arg;
	struct relay *r = app->relay;
	struct store_call call;
	struct stream *s;

	if (atomic_load(&app->stopping)) {
		http_fail_later(res, 503, 1, "The server is stopping.");
		return false;
	}
	if (atomic_fetch_add(&r->streams, 1) >= app->cfg->relay_max) {
		atomic_fetch_sub(&r->streams, 1);
		http_fail_later(res, 503, 1, "RELAY_MAX=%u streams run.",
		                app->cfg->relay_max);
		return false;
	}
	if (!find_call(app, req, res, &call)) {
		atomic_fetch_sub(&r->streams, 1);
		return false;
	}
	s = open_stream(r, req, res, &call);
	store_call_fini(&call);
	if (!s)
		atomic_fetch_sub(&r->streams, 1);
	*userp = s;
	return s != NULL;
}

const struct http_ws_route relay_route = {
	.prefix = "/ws/",
	.check = check,
	.opened = on_opened,
	.frame = on_frame,
	.closed = on_closed,
};

int relay_new(struct relay **rp, struct app *app)
{
	struct relay *r = mem_zalloc(sizeof(*r));
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
	*rp = r;
	return 0;
}

void relay_stop(struct relay *r)
{
	const uint64_t one = 1;

	/* Nobody reads it: it stays readable for every stream. */
	if (r && write(r->stop_fd, &one, sizeof(one)) < 0)
		log_line(LOG_ERROR, "relay", NULL, "event=no_stop");
}

void relay_free(struct relay **rp)
{
	struct relay *r = *rp;

	if (!r)
		return;
	ASSERT(!atomic_load(&r->streams));
	close(r->stop_fd);
	mem_free(r);
	*rp = NULL;
}
