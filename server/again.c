#include "server/again.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "server/answer.h"
#include "server/answering.h"
#include "server/app.h"
#include "server/bots/bots.h"
#include "server/end.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/past.h"
#include "server/store/store.h"
#include "server/transfer.h"
#include "server/webhook.h"

enum {
	PLACE_MS = 2500, /* to find another bot: somebody is on the line */
	RETRY_SEC = 1,
};

static const char XML[] = "application/xml";
static const char SORRY[] = "We are sorry, we have a technical problem and "
			    "cannot go on. Please call again later. Goodbye.";

static void store_failed(struct app *app, const char *id, int err,
                         struct http_res *res)
{
	app_store_fault(app, id, err);
	http_fail_later(res, 503, RETRY_SEC,
	                "The ledger of calls failed: try again; why is in the "
	                "log of dialout-server.");
}

/* There is no bot for it any more. */
static void part(struct app *app, const struct store_call *call,
                 struct http_res *res, const char *why)
{
	const struct store_change change = {.end_by = "server",
	                                    .end_cause = "the bot was lost",
	                                    .error = why};
	int err = store_call_change(app->store, call->id, &change, NULL, NULL,
	                            NULL);

	if (err)
		app_store_fault(app, call->id, err);
	log_line(LOG_ERROR, "again", call->id, "event=parted why=%s",
	         LOG_TEXT(why));
	http_res_check(res, answer_sorry_xml(&res->body, SORRY));
}

/* Plivo has asked twice at once, and the other request was faster: its place
 * is the call's. */
static void join(struct app *app, const struct store_call *call,
                 const struct bots_place *place, struct http_res *res)
{
	struct store_call now;
	int err = store_call_get(app->store, STORE_ID, call->id, &now);

	if (err) {
		store_failed(app, call->id, err, res);
		return;
	}
	if (now.reservation && strcmp(now.reservation, place->id) != 0)
		end_release(app, call->id, place->bot, place->id);
	answering_stream(res, &now,
	                 now.reservation ? now.reservation : place->id,
	                 now.stream_url);
	store_call_fini(&now);
}

static void reattach(struct app *app, const struct http_req *req,
                     const struct store_call *call, unsigned lost,
                     struct http_res *res)
{
	char uuid[WEBHOOK_UUID_MAX], dedupe[PAST_DEDUPE_MAX];
	char data[PAST_DATA_MAX];
	struct answering_wish wish = {
		.uuid = uuid, .avoid = call->bot, .wait_ms = PLACE_MS};
	struct store_event ev;
	struct bots_place place = {.id = ""};
	struct buf past;
	int err;

	http_param(uuid, sizeof(uuid), req, "CallUUID");
	past_event(&ev, lost, dedupe, data);
	wish.ev = &ev;
	buf_init(&past, PAST_JSON_MAX);
	err = past_write(app, call->id, lost, &past);
	wish.past = buf_str(&past);
	if (err) {
		store_failed(app, call->id, err, res);
		buf_fini(&past);
		return;
	}
	err = answering_place(app, call, &wish, &place);
	buf_fini(&past);
	if (err == -EEXIST) {
		join(app, call, &place, res);
	} else if (err) {
		part(app, call, res, "no other bot had a place");
	} else {
		/* The old place is not given back: should its bot live, that
		 * would hang up. It ends by itself, unheard. */
		app_count(app, COUNT_REATTACHED);
		log_line(LOG_WARN, "again", call->id,
		         "event=reattached lost=%u", lost);
		answering_stream(res, call, place.id, place.stream_url);
	}
}

static void go_on(struct app *app, const struct http_req *req,
                  const struct store_call *call, const struct past *past,
                  struct http_res *res)
{
	int err = -ENOENT;

	/* One that is taken for hung may have woken this moment, and does not
	 * know what became of its stream. */
	if (call->bot && call->reservation && !past->let_go)
		err = bots_check_wait(app->bots, call->bot, call->reservation);
	if (err == ERR_STALE) {
		http_res_check(res, answer_hangup_xml(&res->body));
	} else if (!err) {
		log_line(LOG_WARN, "again", call->id, "event=line_was_lost");
		answering_stream(res, call, call->reservation,
		                 call->stream_url);
	} else if (past->lost >= PAST_BOTS_MAX) {
		part(app, call, res, "too many bots were lost");
	} else {
		log_line(LOG_ERROR, "again", call->id,
		         "event=bot_lost bot=%s why=%s",
		         LOG_TEXT(call->bot ? call->bot : ""),
		         LOG_TEXT(err_str(err)));
		reattach(app, req, call, past->lost + 1, res);
	}
}

static void decide(struct app *app, const struct http_req *req,
                   const struct store_call *call, struct http_res *res)
{
	struct past past;
	int err;

	if (webhook_is_hangup(req)) {
		http_res_check(res, answer_empty_xml(&res->body));
		return;
	}
	if (store_state_final(call->state) || !app->bots || call->end_by) {
		http_res_check(res, answer_hangup_xml(&res->body));
		return;
	}
	if (transfer_answer(app, call, res))
		return;
	err = past_look(app, call->id, &past);
	if (err)
		store_failed(app, call->id, err, res);
	else if (past.ended)
		http_res_check(res, answer_hangup_xml(&res->body));
	else
		go_on(app, req, call, &past, res);
}

void again_handle(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct store_call call;

	if (!webhook_call(app, req, res, &call))
		return;
	decide(app, req, &call, res);
	if (res->status == 200)
		res->content_type = XML;
	store_call_fini(&call);
}
