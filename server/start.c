#include "server/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/access.h"
#include "server/admission.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/config.h"
#include "server/dial.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/idem.h"
#include "server/letter.h"
#include "server/pause.h"
#include "server/request.h"
#include "server/store/store.h"

enum { FAULT_RETRY_SEC = 5 };

/* One POST /start under way. */
struct start {
	struct app *app;
	struct request r;
	struct idem idem;
	char id[CRYPTO_ID_LEN], key[CRYPTO_ID_LEN];
	char base[ACCESS_BASE_MAX];
	struct access who;
};

int start_inline_fits(const struct config *cfg, struct str body)
{
	struct buf url;
	int err = 0;

	buf_init(&url, 2 * REQUEST_BODY_MAX);
	if (cfg->stream == STREAM_CLOUD)
		err = answer_cloud_url(&url, cfg->cloud_region, cfg->agent_name,
		                       cfg->organization_name, body);
	else if (cfg->stream == STREAM_FIXED)
		err = answer_fixed_url(&url, cfg->bot_ws_url, body);
	buf_fini(&url);
	return err;
}

static bool inline_fits(const struct start *s, struct http_res *res)
{
	int err = start_inline_fits(s->app->cfg, s->r.body);

	if (err == ERR_LIMIT)
		http_fail(res, 413,
		          "body is too long for a stream's URL, which Plivo "
		          "limits to %d characters: send less, or use bots "
		          "behind BOT_URL.",
		          ANSWER_URL_MAX);
	else
		http_res_check(res, err);
	return !err;
}

/* May the address be told of the call that wants it to be? */
static bool may_tell(const struct start *s, struct http_res *res)
{
	const struct config *cfg = s->app->cfg;
	const char *url = s->r.events_url;
	const char *why =
		url[0] ? letter_check_url(url, cfg->events_anywhere) : NULL;

	if (why)
		http_fail(res, 422, "events_url %s.", why);
	else if (url[0] && cfg->production && !cfg->events_secret)
		http_fail(res, 422,
		          "events_url needs EVENTS_SECRET, which signs what is "
		          "posted there: set it.");
	else
		return true;
	return false;
}

static bool read_request(struct start *s, const struct http_req *req,
                         struct http_res *res)
{
	const struct config *cfg = s->app->cfg;
	struct str json = str_n(req->body, req->body_len);
	char why[REQUEST_WHY_MAX];
	int status = request_read(&s->r, json, why);

	if (status) {
		http_fail(res, status, "%s", why);
		return false;
	}
	if (!admission_number(cfg, s->r.to, res) ||
	    !admission_hours(cfg, s->r.to, res))
		return false;
	return access_public_base(cfg, req, res, s->base) && may_tell(s, res) &&
	       inline_fits(s, res);
}

/* What the ledger's row borrows from the request, terminated. */
struct texts {
	char *as_sent, *body;
};

static int copy_texts(struct texts *t, const struct request *r)
{
	t->as_sent = mem_strndup(r->as_sent.v, r->as_sent.len);
	t->body = r->body.len ? mem_strndup(r->body.v, r->body.len) : NULL;
	return t->as_sent && (t->body || !r->body.len) ? 0 : -ENOMEM;
}

static bool add_call(struct start *s, struct http_res *res, struct dial **dp)
{
	struct app *app = s->app;
	char from[sizeof(app->cfg->from)], owner[ACCESS_NAME_MAX];
	struct texts t = {NULL, NULL};
	struct store_call call = {.id = s->id,
	                          .key = s->key,
	                          .to = s->r.to,
	                          .from = from,
	                          .base_url = s->base,
	                          .owner = owner,
	                          .state = app->bots ? STORE_RESERVING
	                                             : STORE_QUEUED,
	                          .created_ms = app_now_ms()};
	const struct store_change failed = {
		.state = STORE_FAILED, .has_state = true, .error = "no memory"};
	int err;

	snprintf(from, sizeof(from), "%s", app->cfg->from);
	snprintf(owner, sizeof(owner), "%s", s->who.owner);
	err = copy_texts(&t, &s->r);
	call.phone_number = t.as_sent;
	call.body = t.body;
	/* "" is whatever is configured when it is told. */
	if (s->r.events_url[0] || app->cfg->events_url)
		call.events_url = s->r.events_url;
	call.agent = s->r.agent[0] ? s->r.agent : NULL;
	if (s->idem.key[0]) {
		call.idem_key = s->idem.key;
		call.idem_hash = s->idem.hash;
	}
	if (!err)
		err = admission_add(app, &s->who, &call, res);
	if (!err) {
		err = dial_begin(app->dials, &call, dp);
		if (err && store_call_change(app->store, s->id, &failed, NULL,
		                             NULL, NULL))
			app_count(app, COUNT_STORE_FAULTS);
	}
	mem_free(t.as_sent);
	mem_free(t.body);
	if (err == -EEXIST) {
		idem_conflict(res);
	} else if (err && res->status < 400) {
		app_store_fault(app, s->id, err);
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed: %s.",
		                err_str(err));
	}
	return !err;
}

/* The answer's object. @uuid: NULL or "" is null. */
static int write_answer(struct buf *out, const struct start *s,
                        const char *status, const char *uuid, long position)
{
	int err = buf_adds(out, "{\"call_uuid\":");

	if (!err && uuid && *uuid)
		err = js_quote(out, uuid, strlen(uuid));
	else if (!err)
		err = buf_adds(out, "null");
	if (!err)
		err = buf_addf(out,
		               ",\"status\":\"%s\",\"phone_number\":%.*s,"
		               "\"call_id\":\"%s\"",
		               status, STR_ARG(s->r.as_sent), s->id);
	if (!err && position >= 0)
		err = buf_addf(out, ",\"position\":%ld", position);
	if (!err && s->r.ignored.len)
		err = buf_addf(out, ",\"ignored\":%s", buf_str(&s->r.ignored));
	return err ? err : buf_adds(out, "}");
}

static void tell(const struct start *s, const struct dial_view *v,
                 struct http_res *res)
{
	const char *status = "queued";
	long position = -1;

	if (v->phase == DIAL_OVER && v->status >= 400) {
		if (v->retry_sec)
			http_fail_later(res, v->status, v->retry_sec, "%s",
			                v->text);
		else
			http_fail(res, v->status, "%s", v->text);
		return;
	}
	res->status = v->phase == DIAL_OVER ? v->status : 202;
	if (v->phase == DIAL_OVER)
		status = v->status == 200 ? "call_initiated" : "unknown";
	else if (v->phase == DIAL_SENDING)
		status = "dialing";
	else
		position = v->position;
	http_res_check(res,
	               write_answer(&res->body, s, status, v->uuid, position));
}

static void finish(struct start *s, struct dial *d, struct http_res *res)
{
	struct app *app = s->app;
	struct store_change change = {.answer_status = 0};
	struct dial_view view;
	int err;

	if (app_take_waiter(app)) {
		dial_wait(d, app->cfg->start_wait * 1000);
		app_drop_waiter(app);
	}
	dial_look(d, &view);
	dial_drop(&d);
	tell(s, &view, res);
	/* Promised is what the ledger says was promised. */
	change.answer = buf_str(&res->body);
	change.answer_status = res->status;
	change.held = res->status == 202 && view.phase < DIAL_SENDING;
	err = store_call_change(app->store, s->id, &change, NULL, NULL, NULL);
	if (!err)
		return;
	if (err != ERR_STALE)
		app_store_fault(app, s->id, err);
	/* What a restart would forget must not be promised. */
	if (change.held &&
	    (dial_withdraw(app->dials, s->id) || err == ERR_STALE))
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed.");
}

void start_handle(const struct http_req *req, struct http_res *res, void *arg)
{
	struct start s = {.app = arg};
	struct app *app = arg;
	char masked[STR_PHONE_MAX];
	struct dial *d = NULL;

	if (!access_check(app, req, res, ACCESS_START, &s.who)) {
		app_count(app, COUNT_REFUSED);
		return;
	}
	crypto_id(s.id);
	crypto_id(s.key);
	if (read_request(&s, req, res) &&
	    idem_begin(&s.idem, app, s.who.owner, req, res) &&
	    pause_admits(app, res) && add_call(&s, res, &d)) {
		app_count(app, COUNT_STARTED);
		log_line(LOG_INFO, "start", s.id, "event=accepted to=%s",
		         str_mask_phone(masked, s.r.to));
		finish(&s, d, res);
	} else if (res->status >= 400) {
		app_count(app, COUNT_REFUSED);
	}
	request_fini(&s.r);
}
