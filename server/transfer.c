#include "server/transfer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "server/admission.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/bot_events.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/number.h"
#include "server/pause.h"
#include "server/store/store.h"
#include "server/transfer_ask.h"
#include "server/webhook.h"

enum {
	DATA_MAX = 1024,
	RETRY_SEC = 2,
};

static const char SORRY[] = "We are sorry, nobody is available at the moment. "
			    "We will call you back. Goodbye.";

/* What a bot asks for, or the ledger says was asked for. */
struct transfer {
	char to[TRANSFER_TO_MAX], label[TRANSFER_LABEL_MAX];
	uint32_t ring_sec;
	bool on;
};

/* ---- the destination -------------------------------------------------------- */

/* "sip:user@host": what Plivo's <User> takes, and nothing that could be more
 * than one of them. */
static bool is_sip(const char *to)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._+-";
	const char *at = strchr(to, '@');
	size_t user, host;

	if (strncmp(to, "sip:", 4) != 0 || !at)
		return false;
	user = strspn(to + 4, name);
	host = strspn(at + 1, name);
	return user && to + 4 + user == at && host && !at[1 + host];
}

/* False: @res is the refusal. */
static bool check_destination(const struct config *cfg, struct transfer *t,
                              const char *to, struct http_res *res)
{
	char number[NUMBER_MAX];

	if (strlen(to) < sizeof(t->to) && is_sip(to)) {
		snprintf(t->to, sizeof(t->to), "%s", to);
		return true;
	}
	if (number_parse(number, str_of(to))) {
		http_fail(res, 422,
		          "to is neither a number nor a SIP address: send "
		          "+15551234567 or sip:user@host.");
		return false;
	}
	if (!admission_number(cfg, number, res))
		return false;
	snprintf(t->to, sizeof(t->to), "%s", number);
	return true;
}

/* ---- the ledger ------------------------------------------------------------- */

static int see_event(const struct store_event *ev, void *arg)
{
	struct transfer *t = arg;
	json_t *data;

	if (!strcmp(ev->type, "transfer_failed"))
		t->on = false;
	if (strcmp(ev->type, "transfer") != 0)
		return 0;
	t->on = true;
	data = js_parse(ev->data, strlen(ev->data), NULL, 0);
	snprintf(t->to, sizeof(t->to), "%s", js_str(data, "to", ""));
	t->ring_sec = (uint32_t)js_int(data, "timeout_sec", TRANSFER_RING_SEC);
	json_decref(data);
	return 0;
}

/* The last word on it. */
static int look_up(struct app *app, const char *id, struct transfer *t)
{
	memset(t, 0, sizeof(*t));
	return store_events(app->store, id, see_event, t);
}

static int write_down(struct app *app, const char *id, const char *type,
                      const char *data)
{
	char dedupe[CRYPTO_ID_LEN + 16], unique[CRYPTO_ID_LEN];
	const struct store_event ev = {.dedupe = dedupe,
	                               .source = "server",
	                               .type = type,
	                               .data = data,
	                               .at_ms = app_now_ms()};

	crypto_id(unique);
	snprintf(dedupe, sizeof(dedupe), "transfer/%s", unique);
	return store_call_change(app->store, id, NULL, &ev, NULL, NULL);
}

static int write_asked(struct app *app, const char *id,
                       const struct transfer *t)
{
	struct buf data;
	int err;

	buf_init(&data, DATA_MAX);
	err = buf_adds(&data, "{\"to\":");
	if (!err)
		err = js_quote(&data, t->to, strlen(t->to));
	if (!err)
		err = buf_adds(&data, ",\"label\":");
	if (!err)
		err = js_quote(&data, t->label, strlen(t->label));
	if (!err)
		err = buf_addf(&data, ",\"timeout_sec\":%u}", t->ring_sec);
	if (!err)
		err = write_down(app, id, "transfer", buf_str(&data));
	buf_fini(&data);
	return err;
}

bool transfer_is_on(struct app *app, const char *call_id)
{
	struct transfer t;
	int err = look_up(app, call_id, &t);

	if (err)
		app_store_fault(app, call_id, err);
	return !err && t.on;
}

/* ---- the bot's request ------------------------------------------------------ */

static bool is_up(const struct store_call *call)
{
	return call->call_uuid && (call->state == STORE_ANSWERED ||
	                           call->state == STORE_STREAMING);
}

/* What Plivo said, to the bot. */
static void refuse(struct http_res *res, int err)
{
	if (err == ERR_AUTH)
		http_fail(res, 502,
		          "Plivo refuses PLIVO_AUTH_ID/PLIVO_AUTH_TOKEN: set "
		          "those of the account.");
	else if (err == -ENOENT)
		http_fail(res, 409,
		          "Plivo knows of no such call any more: look at GET "
		          "/calls/ID.");
	else if (err == ERR_PROTO)
		http_fail(res, 502,
		          "Plivo refused the transfer: look at the number, and "
		          "at Plivo's own log of the call.");
	else
		http_fail_later(res, 503, RETRY_SEC,
		                "Plivo could not be asked: %s. Try again after "
		                "Retry-After.",
		                err_str(err));
}

static void hand_over(struct app *app, const struct store_call *call,
                      const struct transfer *t, struct http_res *res)
{
	char masked[STR_PHONE_MAX];
	/* Before Plivo is asked: it may fetch the document at once. */
	int err = write_asked(app, call->id, t);

	if (err) {
		app_store_fault(app, call->id, err);
		http_fail_later(res, 503, RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return;
	}
	err = transfers_ask(app->transfers, app->carrier, call);
	log_line(err ? LOG_WARN : LOG_INFO, "transfer", call->id,
	         "event=asked label=%s to=%s err=%d", LOG_TEXT(t->label),
	         str_mask_phone(masked, t->to), err);
	if (!err) {
		http_res_check(res, buf_adds(&res->body,
		                             "{\"status\":\"transferred\"}"));
		return;
	}
	refuse(res, err);
	err = write_down(app, call->id, "transfer_failed", buf_str(&res->body));
	if (err)
		app_store_fault(app, call->id, err);
}

static bool read_wish(struct app *app, const json_t *o, struct transfer *t,
                      struct http_res *res)
{
	const int64_t sec = js_int(o, "timeout_sec", TRANSFER_RING_SEC);

	memset(t, 0, sizeof(*t));
	if (sec < TRANSFER_RING_MIN_SEC || sec > TRANSFER_RING_MAX_SEC) {
		http_fail(res, 422,
		          "timeout_sec is a number of %d to %d: send one, or "
		          "leave it out.",
		          TRANSFER_RING_MIN_SEC, TRANSFER_RING_MAX_SEC);
		return false;
	}
	t->ring_sec = (uint32_t)sec;
	snprintf(t->label, sizeof(t->label), "%s", js_str(o, "label", ""));
	/* A call that is up goes on through a pause, but dials nobody. */
	return pause_admits(app, res) &&
	       check_destination(app->cfg, t, js_str(o, "to", ""), res);
}

static void take(struct app *app, const json_t *o, struct http_res *res)
{
	struct transfer t, before;
	struct store_call call;
	int err;

	if (!read_wish(app, o, &t, res))
		return;
	err = store_call_get(app->store, STORE_ID, js_str(o, "call_id", ""),
	                     &call);
	if (err == -ENOENT) {
		http_fail(res, 404,
		          "There is no such call: look at the call_id, or for "
		          "the call in GET /calls.");
		return;
	}
	if (!err)
		err = look_up(app, call.id, &before);
	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
	} else if (!is_up(&call)) {
		http_fail(res, 409,
		          "The call is %s and only one that is up can be "
		          "transferred: look at GET /calls/ID.",
		          store_state_text(call.state));
	} else if (before.on) {
		http_fail(res, 409,
		          "The call has been transferred already, which is "
		          "done once: look at GET /calls/ID.");
	} else {
		hand_over(app, &call, &t, res);
	}
	if (err != -ENOENT)
		store_call_fini(&call);
}

void transfer_handle(const struct http_req *req, struct http_res *res,
                     void *arg)
{
	struct app *app = arg;
	json_t *o;
	char why[128];

	if (!bot_events_may_post(app, req, res))
		return;
	o = js_parse(req->body, req->body_len, why, sizeof(why));
	if (!json_is_object(o))
		http_fail(res, 400, "Send a JSON object: %s.",
		          o ? "this is none" : why);
	else if (!app_take_waiter(app))
		http_fail_later(res, 503, RETRY_SEC,
		                "Too many requests are waiting for Plivo: try "
		                "again after Retry-After.");
	else {
		take(app, o, res);
		app_drop_waiter(app);
	}
	json_decref(o);
}

/* ---- Plivo's requests ------------------------------------------------------- */

static const char XML[] = "application/xml";

static void write_dial(struct app *app, const struct store_call *call,
                       const struct transfer *t, struct http_res *res)
{
	struct buf url;
	int err;

	buf_init(&url, ANSWER_URL_MAX);
	err = answer_webhook_url(&url, call->base_url, "transfer-end",
	                         call->key);
	if (!err)
		err = answer_dial_xml(
			&res->body,
			&(struct answer_dial){.to = t->to,
		                              .from = app->cfg->from,
		                              .ring_sec = t->ring_sec,
		                              .over_url = buf_str(&url)});
	http_res_check(res, err);
	buf_fini(&url);
}

bool transfer_answer(struct app *app, const struct store_call *call,
                     struct http_res *res)
{
	struct transfer t;

	if (look_up(app, call->id, &t) || !t.on)
		return false;
	write_dial(app, call, &t, res);
	transfers_fetched(app->transfers, call->id);
	return true;
}

void transfer_document(const struct http_req *req, struct http_res *res,
                       void *arg)
{
	struct app *app = arg;
	struct store_call call;
	struct transfer t;
	int err;

	if (!webhook_call(app, req, res, &call))
		return;
	err = look_up(app, call.id, &t);
	if (err) {
		app_store_fault(app, call.id, err);
		http_fail_later(res, 503, RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
	} else if (webhook_is_hangup(req)) {
		http_res_check(res, answer_empty_xml(&res->body));
	} else if (!t.on || store_state_final(call.state)) {
		http_res_check(res, answer_hangup_xml(&res->body));
	} else {
		write_dial(app, &call, &t, res);
		transfers_fetched(app->transfers, call.id);
	}
	if (res->status == 200)
		res->content_type = XML;
	store_call_fini(&call);
}

void transfer_end(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	char status[32], data[96];
	struct store_call call;
	bool talked;
	int err;

	if (!webhook_call(app, req, res, &call))
		return;
	http_param(status, sizeof(status), req, "DialStatus");
	status[strspn(status, "abcdefghijklmnopqrstuvwxyz-_")] = '\0';
	talked = !strcmp(status, "completed") || !strcmp(status, "answer");
	snprintf(data, sizeof(data), "{\"status\":\"%s\"}", status);
	err = write_down(app, call.id,
	                 talked ? "transfer_over" : "transfer_missed", data);
	if (err)
		app_store_fault(app, call.id, err);
	log_line(LOG_INFO, "transfer", call.id, "event=over status=%s", status);
	/* Somebody is on the line whether or not it could be written down. */
	err = talked || webhook_is_hangup(req)
	              ? answer_hangup_xml(&res->body)
	              : answer_sorry_xml(&res->body, SORRY);
	http_res_check(res, err);
	if (res->status == 200)
		res->content_type = XML;
	store_call_fini(&call);
}
