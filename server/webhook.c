#include "server/webhook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/plivo_sign.h"
#include "common/str.h"
#include "server/access.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/config.h"
#include "server/end.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/outbox.h"
#include "server/retry.h"
#include "server/store/store.h"

enum {
	URL_MAX = 20 * 1024, /* [bytes] the web server takes 16 KiB of head */
	PARAM_MAX = 256,     /* [bytes] of one parameter that we act on */
	DATA_MAX = 8 * 1024, /* [bytes] of an event as it is kept */
};

bool webhook_verify(struct app *app, const struct http_req *req,
                    struct http_res *res, const char *base)
{
	struct plivo_sign sign = {
		.nonce = http_header(req, "X-Plivo-Signature-V3-Nonce")};
	struct buf url;
	int err;

	if (app->cfg->verify == VERIFY_OFF)
		return true;
	buf_init(&url, URL_MAX);
	err = buf_addf(&url, "%s%s%s%s", base, req->path,
	               *req->query ? "?" : "", req->query);
	sign.url = buf_str(&url);
	if (req->method == HTTP_POST)
		sign.form = str_n(req->body, req->body_len);
	if (!err)
		err = plivo_sign_verify(
			&sign, http_header(req, "X-Plivo-Signature-V3"),
			http_header(req, "X-Plivo-Signature-Ma-V3"),
			app->cfg->auth_token);
	buf_fini(&url);
	if (!err)
		return true;
	app_count(app, COUNT_UNSIGNED);
	log_line(LOG_WARN, "webhook", NULL,
	         "event=bad_signature base=%s peer=%s refused=%s",
	         LOG_TEXT(base), req->peer,
	         app->cfg->verify == VERIFY_ENFORCE ? "yes" : "no");
	if (app->cfg->verify != VERIFY_ENFORCE)
		return true;
	http_fail(res, 403,
	          "Plivo's signature is missing or does not fit %s: check that "
	          "this is the address given to Plivo (PUBLIC_URL), and that "
	          "PLIVO_AUTH_TOKEN belongs to the account.",
	          base);
	return false;
}

static void store_failed(struct app *app, const char *id, int err,
                         struct http_res *res)
{
	app_store_fault(app, id, err);
	http_fail_later(res, 503, 1,
	                "The ledger of calls failed: try again; why is in the "
	                "log of dialout-server.");
}

/* Our own name for the call comes back with every webhook, from before Plivo's
 * is known; as it was sent, or with the escapes of it undone. */
static bool id_fits(const struct http_req *req, const struct store_call *c)
{
	char v[PARAM_MAX];
	long n;

	http_param(v, sizeof(v), req, "X-PH-dialoutcall");
	if (!*v)
		return true;
	n = str_unescape(v, strlen(v), false);
	return n == (long)strlen(c->id) && !memcmp(v, c->id, (size_t)n);
}

/* Every call has one name at Plivo, under several parameters. */
static bool uuid_fits(const struct http_req *req, const struct store_call *c)
{
	static const char *const names[] = {"CallUUID", "RequestUUID",
	                                    "ALegUUID", "ALegRequestUUID"};
	char v[PARAM_MAX];
	bool any = false;

	if (!c->call_uuid)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		http_param(v, sizeof(v), req, names[i]);
		if (!strcmp(v, c->call_uuid))
			return true;
		any |= *v != '\0';
	}
	return !any;
}

bool webhook_call(struct app *app, const struct http_req *req,
                  struct http_res *res, struct store_call *call)
{
	int err = store_call_get(app->store, STORE_KEY, req->tail, call);

	if (err == -ENOENT) {
		http_fail(res, 404,
		          "There is no such call: use the addresses that "
		          "dialout-server gave to Plivo.");
		return false;
	}
	if (err) {
		store_failed(app, NULL, err, res);
		return false;
	}
	if (webhook_verify(app, req, res, call->base_url)) {
		if (id_fits(req, call) && uuid_fits(req, call))
			return true;
		log_line(LOG_WARN, "webhook", call->id,
		         "event=foreign_call_uuid");
		http_fail(res, 403,
		          "This address belongs to another call: use the one "
		          "that this call was given.");
	}
	store_call_fini(call);
	return false;
}

bool webhook_is_hangup(const struct http_req *req)
{
	static const char *const over[] = {"completed", "busy",      "failed",
	                                   "timeout",   "no-answer", "cancel"};
	char v[PARAM_MAX];

	if (!strcasecmp(http_param(v, sizeof(v), req, "Event"), "Hangup"))
		return true;
	http_param(v, sizeof(v), req, "CallStatus");
	for (size_t i = 0; i < ARRAY_LEN(over); i++)
		if (!strcasecmp(v, over[i]))
			return true;
	return false;
}

/* What one webhook means. */
struct news {
	struct store_change change;
	char event[PARAM_MAX], uuid[PARAM_MAX], dedupe[4 * PARAM_MAX + 8];
	char cause[PARAM_MAX], source[PARAM_MAX];
	const char *type;
	bool machine; /* one has answered, Plivo says */
};

static void read_hangup(struct news *n, const struct http_req *req,
                        const struct store_call *call)
{
	char v[PARAM_MAX];
	uint64_t number;
	bool answered;

	n->type = "hangup";
	n->change.has_state = true;
	n->change.ended_ms = app_now_ms();
	http_param(v, sizeof(v), req, "HangupCauseCode");
	if (!str_u64(str_of(v), 99999, &number))
		n->change.end_code = (int)number;
	http_param(v, sizeof(v), req, "CallStatus");
	answered = call->answered_ms || !strcasecmp(v, "completed");
	if (!answered && strcasecmp(v, "failed") != 0)
		n->change.state = STORE_NO_ANSWER;
	else
		n->change.state = end_state(answered, n->change.end_code);
	http_param(n->cause, sizeof(n->cause), req, "HangupCauseName");
	if (!n->cause[0])
		http_param(n->cause, sizeof(n->cause), req, "HangupCause");
	if (n->cause[0])
		n->change.end_cause = n->cause;
	http_param(n->source, sizeof(n->source), req, "HangupSource");
	n->change.end_by = end_by_source(n->source);
}

static void advance(struct news *n, enum store_state state, const char *type)
{
	n->change.state = state;
	n->change.has_state = true;
	n->type = type;
}

static void read_news(struct news *n, const struct http_req *req,
                      const struct store_call *call)
{
	char stream[PARAM_MAX], stamp[PARAM_MAX];
	const char *ev = n->event;

	memset(n, 0, sizeof(*n));
	http_param(n->event, sizeof(n->event), req, "Event");
	http_param(n->uuid, sizeof(n->uuid), req, "CallUUID");
	http_param(stream, sizeof(stream), req, "StreamID");
	http_param(stamp, sizeof(stamp), req, "Timestamp");
	n->type = "other";
	if (n->uuid[0])
		n->change.call_uuid = n->uuid;
	if (webhook_is_hangup(req)) {
		read_hangup(n, req, call);
		ev = "Hangup";
	} else if (!strcasecmp(ev, "Ring")) {
		advance(n, STORE_RINGING, "ringing");
	} else if (!strcasecmp(ev, "StartApp")) {
		advance(n, STORE_ANSWERED, "answered");
		n->change.answered_ms = app_now_ms();
	} else if (!strcasecmp(ev, "StartStream") ||
	           !strcasecmp(ev, "started")) {
		advance(n, STORE_STREAMING, "stream_started");
	} else if (!strcasecmp(ev, "StopStream") ||
	           !strcasecmp(ev, "stopped")) {
		n->type = "stream_stopped";
	} else if (!strcasecmp(ev, "DroppedStream") ||
	           !strcasecmp(ev, "failed")) {
		n->type = "stream_dropped";
	} else if (!strcasecmp(ev, "DegradedStream")) {
		n->type = "stream_degraded";
	} else if (!strcasecmp(ev, "MachineDetection")) {
		char machine[8];

		http_param(machine, sizeof(machine), req, "Machine");
		n->type = "machine";
		n->machine = !strcasecmp(machine, "true");
	}
	/* Only a stream can tell the same thing twice and mean it. */
	snprintf(n->dedupe, sizeof(n->dedupe), "%s/%s%s%s%s%s", n->uuid, ev,
	         *stream ? "/" : "", stream,
	         *stream && !strcasecmp(ev, "DegradedStream") ? "/" : "",
	         !strcasecmp(ev, "DegradedStream") ? stamp : "");
}

/* The parameters worth keeping, as a JSON object. No numbers. */
static int write_data(struct buf *out, const struct http_req *req)
{
	static const char *const names[] = {
		"CallUUID",        "Event",        "CallStatus",
		"Direction",       "HangupCause",  "HangupCauseName",
		"HangupCauseCode", "HangupSource", "Duration",
		"BillDuration",    "StartTime",    "AnswerTime",
		"EndTime",         "TotalCost",    "BillRate",
		"Machine",         "StreamID",     "Timestamp",
		"Error",           "StatusReason", "STIRVerification"};
	char v[PARAM_MAX];
	int err = buf_adds(out, "{");

	for (size_t i = 0; i < ARRAY_LEN(names) && !err; i++) {
		http_param(v, sizeof(v), req, names[i]);
		if (!*v)
			continue;
		err = buf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "",
		               names[i]);
		if (!err)
			err = js_quote(out, v, strlen(v));
	}
	return err ? err : buf_adds(out, "}");
}

/* The bot may need to hear of it. */
static void pass_on(struct app *app, const struct store_call *call,
                    const struct news *n)
{
	const char *uuid = call->call_uuid ? call->call_uuid : n->uuid;
	int err = 0;

	if (n->change.has_state && store_state_final(n->change.state)) {
		/* A bot that had the stream knows by the stream's end. */
		if (call->state != STORE_STREAMING)
			end_release(app, call->id, call->bot,
			            call->reservation);
		return;
	}
	if (call->end_by && !strcmp(call->end_by, "api")) {
		/* It was to end before Plivo had told its name. */
		end_hangup(app, call->id, uuid, 0);
		return;
	}
	if (!app->bots || !call->reservation || !call->bot)
		return;
	if (n->machine)
		err = bots_machine(app->bots, call->bot, call->reservation,
		                   NULL, NULL);
	else if (n->change.state == STORE_RINGING && *uuid)
		err = bots_prepare(app->bots, call->bot, call->reservation,
		                   uuid, NULL, NULL);
	if (err)
		log_line(LOG_WARN, "call", call->id,
		         "event=bot_not_told news=%s text=%s", n->type,
		         LOG_TEXT(err_str(err)));
}

/* The code, or the one that stands for a status that came without. */
static int why_ended(const struct news *n, const struct http_req *req)
{
	char status[PARAM_MAX];

	http_param(status, sizeof(status), req, "CallStatus");
	if (n->change.end_code)
		return n->change.end_code;
	if (!strcasecmp(status, "busy"))
		return 3010;
	if (!strcasecmp(status, "no-answer"))
		return 3000;
	return strcasecmp(status, "timeout") ? 0 : 6010;
}

bool webhook_take(struct app *app, const struct http_req *req,
                  struct http_res *res, const struct store_call *call)
{
	struct store_event ev = {.source = "carrier", .at_ms = app_now_ms()};
	struct news n;
	struct buf data;
	bool moved = false;
	int err;

	read_news(&n, req, call);
	buf_init(&data, DATA_MAX);
	err = write_data(&data, req);
	ev.dedupe = n.dedupe;
	ev.type = n.type;
	ev.data = buf_str(&data);
	/* Before the end is written, which is done once only. */
	if (!err && n.change.has_state && store_state_final(n.change.state))
		err = retry_plan_code(app, call, why_ended(&n, req));
	if (!err)
		err = store_call_change(app->store, call->id, &n.change, &ev,
		                        NULL, &moved);
	buf_fini(&data);
	if (err == -EEXIST)
		return true;
	if (err) {
		store_failed(app, call->id, err, res);
		return false;
	}
	app_count(app, COUNT_WEBHOOKS);
	outbox_kick(app->outbox);
	log_line(LOG_INFO, "webhook", call->id, "event=%s moved=%s", n.type,
	         moved ? "yes" : "no");
	pass_on(app, call, &n);
	return true;
}

void webhook_events(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct store_call call;

	if (!webhook_call(app, req, res, &call))
		return;
	if (webhook_take(app, req, res, &call))
		http_res_check(res, buf_adds(&res->body, "{}"));
	store_call_fini(&call);
}
