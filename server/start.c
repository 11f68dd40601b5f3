#include "server/start.h"

#include <errno.h>
#include <stdint.h>
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
#include "server/store/wait.h"

enum { FAULT_RETRY_SEC = 5 };

/* One POST /start under way. */
struct start {
	struct app *app;
	struct request r;
	struct idem idem;
	char id[CRYPTO_ID_LEN], key[CRYPTO_ID_LEN];
	char base[ACCESS_BASE_MAX];
	struct access who;
	int64_t now_ms; /* when it came */
};

/* Does it wait for a time that is to come? */
static bool is_scheduled(const struct start *s)
{
	return s->r.when.not_before_ms > s->now_ms;
}

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

bool start_may_tell(const struct config *cfg, const char *url,
                    char why[REQUEST_WHY_MAX])
{
	const char *wrong = letter_check_url(url, cfg->events_anywhere);

	if (wrong)
		snprintf(why, REQUEST_WHY_MAX,
		         "events_url %s: send an address as "
		         "https://crm.example.com/calls.",
		         wrong);
	else if (cfg->production && !cfg->events_secret)
		snprintf(why, REQUEST_WHY_MAX,
		         "events_url needs EVENTS_SECRET, which signs what is "
		         "posted there: set it.");
	return !wrong && (!cfg->production || cfg->events_secret);
}

static bool may_tell(const struct start *s, struct http_res *res)
{
	char why[REQUEST_WHY_MAX];

	if (!s->r.events_url[0] ||
	    start_may_tell(s->app->cfg, s->r.events_url, why))
		return true;
	http_fail(res, 422, "%s", why);
	return false;
}

static bool read_request(struct start *s, const struct http_req *req,
                         struct http_res *res)
{
	const struct config *cfg = s->app->cfg;
	struct str json = str_n(req->body, req->body_len);
	char why[REQUEST_WHY_MAX];
	int status = request_read(&s->r, json, s->now_ms, why);

	if (status) {
		http_fail(res, status, "%s", why);
		return false;
	}
	if (!admission_number(cfg, s->r.to, res))
		return false;
	if (is_scheduled(s) ? !admission_hours_from(cfg, s->r.to,
	                                            s->r.when.not_before_ms,
	                                            s->r.when.expires_ms, res)
	                    : !admission_hours(cfg, s->r.to, res))
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

/* The answer's object. @uuid: NULL or "" is null. */
static int write_answer(struct buf *out, const struct start *s,
                        const char *status, const char *uuid, long place)
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
	if (!err && place >= 0)
		err = buf_addf(out, ",\"position\":%ld", place);
	if (!err && s->r.ignored.len)
		err = buf_addf(out, ",\"ignored\":%s", buf_str(&s->r.ignored));
	return err ? err : buf_adds(out, "}");
}

/* How many wait, itself among them, up to this call; -1: nobody knows. */
static long position(const struct start *s)
{
	struct app *app = s->app;
	char id[CRYPTO_ID_LEN];
	const struct store_call call = {.id = id,
	                                .created_ms = s->now_ms,
	                                .not_before_ms =
	                                        s->r.when.not_before_ms,
	                                .priority = s->r.when.priority};
	unsigned before = 0;
	int err;

	snprintf(id, sizeof(id), "%s", s->id);
	err = store_before(app->store, &call, app_now_ms(), &before);
	if (!err)
		return (long)before + 1;
	app_store_fault(app, s->id, err);
	return -1;
}

/* In the ledger with its answer, so that nobody has to be there to give it. */
static int promise(struct start *s, struct store_call *call,
                   struct http_res *res)
{
	int err = write_answer(&res->body, s, "queued", NULL, position(s));

	if (err)
		return err;
	call->state = STORE_SCHEDULED;
	call->answer = (char *)(uintptr_t)buf_str(&res->body);
	call->answer_status = 202;
	err = admission_add(s->app, &s->who, call, res);
	if (!err)
		res->status = 202;
	return err;
}

/* Likewise, and on its way. */
static int begin(struct start *s, struct store_call *call, struct http_res *res,
                 struct dial **dp)
{
	struct app *app = s->app;
	const struct store_change failed = {
		.state = STORE_FAILED, .has_state = true, .error = "no memory"};
	int err = admission_add(app, &s->who, call, res);

	if (err)
		return err;
	err = dial_begin(app->dials, call, dp);
	if (err &&
	    store_call_change(app->store, s->id, &failed, NULL, NULL, NULL))
		app_count(app, COUNT_STORE_FAULTS);
	return err;
}

/* What the ledger's row says of when. */
static void set_when(struct store_call *call, const struct request_when *when)
{
	call->not_before_ms = when->not_before_ms;
	call->expires_ms = when->expires_ms;
	call->priority = when->priority;
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
	set_when(&call, &s->r.when);
	if (s->idem.key[0]) {
		call.idem_key = s->idem.key;
		call.idem_hash = s->idem.hash;
	}
	if (!err)
		err = is_scheduled(s) ? promise(s, &call, res)
		                      : begin(s, &call, res, dp);
	mem_free(t.as_sent);
	mem_free(t.body);
	if (err == -EEXIST) {
		idem_conflict(res);
	} else if (err && res->status < 400) {
		app_store_fault(app, s->id, err);
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed: %s. Try again; "
		                "more is in the log of dialout-server.",
		                err_str(err));
	}
	return !err;
}

static void tell(const struct start *s, const struct dial_view *v,
                 struct http_res *res)
{
	const char *status = "queued";
	long place = -1;

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
		place = position(s);
	http_res_check(res,
	               write_answer(&res->body, s, status, v->uuid, place));
}

/* It is stopped, or what became of it meanwhile is told in its place. */
static void not_promised(struct start *s, struct dial *d, int err,
                         struct http_res *res)
{
	struct dial_view view;

	if (dial_withdraw(s->app->dials, s->id) || err == ERR_STALE) {
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return;
	}
	dial_look(d, &view);
	buf_reset(&res->body);
	tell(s, &view, res);
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
	tell(s, &view, res);
	/* Promised is what the ledger says was promised. */
	change.answer = buf_str(&res->body);
	change.answer_status = res->status;
	change.held = res->status == 202 && view.phase < DIAL_SENDING;
	err = store_call_change(app->store, s->id, &change, NULL, NULL, NULL);
	if (err && err != ERR_STALE)
		app_store_fault(app, s->id, err);
	/* What a restart would forget must not be promised. */
	if (err && change.held)
		not_promised(s, d, err, res);
	dial_drop(&d);
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
	s.now_ms = app_now_ms();
	crypto_id(s.id);
	crypto_id(s.key);
	if (read_request(&s, req, res) &&
	    idem_begin(&s.idem, app, s.who.owner, req, res) &&
	    pause_admits(app, res) && add_call(&s, res, &d)) {
		app_count(app, COUNT_STARTED);
		log_line(LOG_INFO, "start", s.id, "event=accepted to=%s",
		         str_mask_phone(masked, s.r.to));
		if (d)
			finish(&s, d, res);
	} else if (res->status >= 400) {
		app_count(app, COUNT_REFUSED);
	}
	request_fini(&s.r);
}
