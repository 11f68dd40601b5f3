#include "server/answering.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/access.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/config.h"
#include "server/end.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/number.h"
#include "server/relay.h"
#include "server/request.h"
#include "server/store/store.h"
#include "server/webhook.h"

enum {
	AGAIN_MS = 2500,      /* to find another bot: somebody is on the line */
	PARAM_MAX = 256,      /* [bytes] */
	DATA_MAX = 16 * 1024, /* [bytes] of body_data, which a head holds */
};

static const char XML[] = "application/xml";
static const char SORRY[] = "We are sorry, this call cannot be taken at the "
			    "moment. Please try again later.";

/* Cloud and fixed: the example's document. */
static void answer_inline(struct app *app, struct http_res *res,
                          const char *body)
{
	const struct config *cfg = app->cfg;
	struct str json = str_of(body ? body : "");
	struct buf url;
	int err;

	buf_init(&url, 2 * REQUEST_BODY_MAX);
	if (cfg->stream == STREAM_CLOUD)
		err = answer_cloud_url(&url, cfg->cloud_region, cfg->agent_name,
		                       cfg->organization_name, json);
	else
		err = answer_fixed_url(&url, cfg->bot_ws_url, json);
	if (err == ERR_LIMIT)
		http_fail(res, 413,
		          "body_data is too long for a stream's URL: send "
		          "less, or use bots behind BOT_URL.");
	else if (!err)
		err = answer_inline_xml(&res->body, buf_str(&url));
	if (err != ERR_LIMIT)
		http_res_check(res, err);
	buf_fini(&url);
}

void answering_stream(struct http_res *res, const struct store_call *call,
                      const char *place, const char *stream_url)
{
	struct buf url, status, next;
	int err;

	buf_init(&url, ANSWER_URL_MAX);
	buf_init(&status, ANSWER_URL_MAX);
	buf_init(&next, ANSWER_URL_MAX);
	err = stream_url && *stream_url
	              ? buf_adds(&url, stream_url)
	              : answer_relay_url(&url, call->base_url, place);
	if (!err)
		err = answer_webhook_url(&status, call->base_url, "events",
		                         call->key);
	if (!err)
		err = answer_webhook_url(&next, call->base_url, "again",
		                         call->key);
	if (!err)
		err = answer_stream_xml(&res->body, buf_str(&url),
		                        buf_str(&status), buf_str(&next));
	http_res_check(res, err);
	buf_fini(&url);
	buf_fini(&status);
	buf_fini(&next);
}

/* Somebody answered, and there is no bot for him. */
static void abandon(struct app *app, struct http_res *res,
                    const struct store_call *call, int why)
{
	struct store_change change = {.state = STORE_ABANDONED,
	                              .has_state = true,
	                              .end_by = "server",
	                              .end_cause = "no bot had a place",
	                              .error = err_str(why),
	                              .ended_ms = app_now_ms()};
	int err;

	app_count(app, COUNT_ABANDONED);
	log_line(LOG_ERROR, "call", call->id, "event=abandoned why=%s",
	         LOG_TEXT(err_str(why)));
	err = store_call_change(app->store, call->id, &change, NULL, NULL,
	                        NULL);
	if (err)
		app_store_fault(app, call->id, err);
	end_release_lost(app, call->id);
	http_res_check(res, answer_sorry_xml(&res->body, SORRY));
}

int answering_place(struct app *app, const struct store_call *call,
                    const struct answering_wish *wish, struct bots_place *place)
{
	char events[ACCESS_BASE_MAX + 32], text[PARAM_MAX];
	struct bots_call want = {.call_id = call->id,
	                         .to = call->to,
	                         .from = call->from,
	                         .agent = call->agent,
	                         .body = call->body,
	                         .past = wish->past,
	                         .avoid = wish->avoid,
	                         .events_url = events,
	                         .ttl_sec = 120,
	                         .wait_ms = wish->wait_ms};
	struct store_change change = {.reservation = place->id,
	                              .bot = place->bot};
	int err;

	app_events_url(app, events, sizeof(events));
	err = bots_reserve_wait(app->bots, &want, place, text, sizeof(text));
	if (err)
		return err;
	if (!place->stream_url[0] &&
	    !relay_admits(app, call->id, place->bot, text, sizeof(text))) {
		log_line(LOG_WARN, "call", call->id, "event=no_relay why=%s",
		         LOG_TEXT(text));
		end_release(app, call->id, place->bot, place->id);
		return ERR_LIMIT;
	}
	if (place->stream_url[0])
		change.stream_url = place->stream_url;
	if (place->uses[0])
		change.uses = place->uses;
	err = store_call_change(app->store, call->id, &change, wish->ev, NULL,
	                        NULL);
	if (err == -EEXIST)
		return err;
	if (err)
		app_store_fault(app, call->id, err);
	if (*wish->uuid && bots_prepare(app->bots, place->bot, place->id,
	                                wish->uuid, NULL, NULL))
		log_line(LOG_WARN, "call", call->id, "event=prepare_failed");
	return 0;
}

static void reserve_now(struct app *app, struct http_res *res,
                        const struct store_call *call, const char *uuid)
{
	const struct answering_wish wish = {.uuid = uuid, .wait_ms = AGAIN_MS};
	struct bots_place place = {.id = ""};
	int err = answering_place(app, call, &wish, &place);

	if (err) {
		abandon(app, res, call, err);
		return;
	}
	/* Should the first bot only have been slow, its place is free again. */
	if (call->bot && strcmp(call->bot, place.bot) != 0)
		end_release(app, call->id, call->bot, call->reservation);
	answering_stream(res, call, place.id, place.stream_url);
}

static void answer_bots(struct app *app, const struct http_req *req,
                        struct http_res *res, const struct store_call *call)
{
	char uuid[WEBHOOK_UUID_MAX];
	int err = -ENOENT;

	http_param(uuid, sizeof(uuid), req, "CallUUID");
	if (call->reservation && call->bot)
		err = bots_check_wait(app->bots, call->bot, call->reservation);
	if (!err) {
		answering_stream(res, call, call->reservation,
		                 call->stream_url);
		return;
	}
	if (call->reservation)
		log_line(LOG_WARN, "call", call->id, "event=place_lost text=%s",
		         LOG_TEXT(err_str(err)));
	reserve_now(app, res, call, uuid);
}

/* The document for a call in the ledger that is up. */
static void answer_call(struct app *app, const struct http_req *req,
                        struct http_res *res, const struct store_call *call)
{
	if (webhook_is_hangup(req))
		http_res_check(res, answer_empty_xml(&res->body));
	else if (store_state_final(call->state))
		http_res_check(res, answer_hangup_xml(&res->body));
	else if (app->bots)
		answer_bots(app, req, res, call);
	else
		answer_inline(app, res, call->body);
	if (res->status == 200) {
		res->content_type = XML;
		app_count(app, COUNT_ANSWERED);
	}
}

void answering_call(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct store_call call;

	if (!webhook_call(app, req, res, &call))
		return;
	if (webhook_take(app, req, res, &call))
		answer_call(app, req, res, &call);
	store_call_fini(&call);
}

/* body_data's JSON if it is any, as the example reads it. */
static char *read_body_data(const struct http_req *req)
{
	char *text = mem_alloc(DATA_MAX);
	struct jtext_fault fault;
	struct str json;

	if (!text)
		return NULL;
	if (http_form_get(text, DATA_MAX, str_of(req->query), "body_data") ||
	    !*text) {
		mem_free(text);
		return NULL;
	}
	json = str_of(text);
	if (!jtext_check(json, REQUEST_DEPTH, &fault) && !jtext_falsy(json))
		return text;
	log_line(LOG_WARN, "answer", NULL, "event=body_data_ignored");
	mem_free(text);
	return NULL;
}

/* A call that is new to the ledger, because it is inbound or because somebody
 * else placed it. */
static int add_inbound(struct app *app, const struct http_req *req,
                       const char *base, const char *id)
{
	char key[CRYPTO_ID_LEN], uuid[WEBHOOK_UUID_MAX];
	char from[PARAM_MAX], to[PARAM_MAX], copy[ACCESS_BASE_MAX];
	char e164[NUMBER_MAX], row_id[CRYPTO_ID_LEN], configured[] = "";
	struct store_call call = {.id = row_id,
	                          .key = key,
	                          .to = to,
	                          .from = from,
	                          .base_url = copy,
	                          .state = STORE_ANSWERED,
	                          .created_ms = app_now_ms(),
	                          .answered_ms = app_now_ms()};
	int err;

	crypto_id(key);
	snprintf(row_id, sizeof(row_id), "%s", id);
	snprintf(copy, sizeof(copy), "%s", base);
	http_param(from, sizeof(from), req, "From");
	http_param(to, sizeof(to), req, "To");
	if (!number_parse(e164, str_of(from)))
		snprintf(from, sizeof(from), "%s", e164);
	if (!number_parse(e164, str_of(to)))
		snprintf(to, sizeof(to), "%s", e164);
	http_param(uuid, sizeof(uuid), req, "CallUUID");
	call.call_uuid = *uuid ? uuid : NULL;
	call.events_url = app->cfg->events_url ? configured : NULL;
	call.body = read_body_data(req);
	err = store_call_add(app->store, &call);
	mem_free(call.body);
	return err;
}

/* The call of @req: known by its CallUUID, or made now. */
static int find_or_add(struct app *app, const struct http_req *req,
                       const char *base, struct store_call *call)
{
	char uuid[WEBHOOK_UUID_MAX], id[CRYPTO_ID_LEN];
	int err;

	http_param(uuid, sizeof(uuid), req, "CallUUID");
	if (*uuid) {
		err = store_call_get(app->store, STORE_UUID, uuid, call);
		if (err != -ENOENT)
			return err;
	}
	crypto_id(id);
	err = add_inbound(app, req, base, id);
	return err ? err : store_call_get(app->store, STORE_ID, id, call);
}

/* A document that needs nothing of ours, for a call without a name. */
static void answer_nameless(struct app *app, const struct http_req *req,
                            struct http_res *res)
{
	char *body = read_body_data(req);

	answer_inline(app, res, body);
	mem_free(body);
	if (res->status == 200)
		res->content_type = XML;
}

void answering_any(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	char base[ACCESS_BASE_MAX], uuid[WEBHOOK_UUID_MAX];
	struct store_call call;
	int err = -ENOENT;
	bool over;

	if (!access_base(app->cfg, req, res, base) ||
	    !webhook_verify(app, req, res, base))
		return;
	http_param(uuid, sizeof(uuid), req, "CallUUID");
	over = webhook_is_hangup(req);
	if (!over && !*uuid && !app->bots) {
		answer_nameless(app, req, res);
		return;
	}
	if (!over)
		err = find_or_add(app, req, base, &call);
	else if (*uuid)
		err = store_call_get(app->store, STORE_UUID, uuid, &call);
	if (over && err == -ENOENT) {
		http_res_check(res, answer_empty_xml(&res->body));
		res->content_type = XML;
		return;
	}
	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, 1,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return;
	}
	if (webhook_take(app, req, res, &call))
		answer_call(app, req, res, &call);
	store_call_fini(&call);
}
