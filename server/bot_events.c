#include "server/bot_events.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "server/access.h"
#include "server/app.h"
#include "server/config.h"
#include "server/end.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/number.h"
#include "server/outbox.h"
#include "server/past.h"
#include "server/retry.h"
#include "server/store/dnc.h"
#include "server/store/store.h"
#include "server/transfer.h"

static void read_turn(struct store_turn *t, const json_t *ev)
{
	const json_t *latency = json_object_get(ev, "latency");

	t->n = (unsigned)js_int(ev, "n", 0);
	t->role = js_str(ev, "role", "");
	t->text = js_str(ev, "text", "");
	t->heard_ms = js_int(ev, "heard_ms", -1);
	t->at_ms = js_int(ev, "at_ms", -1);
	t->interrupted = js_bool(ev, "interrupted", false);
	t->speech_end = (int)js_int(latency, "speech_end", -1);
	t->final = (int)js_int(latency, "final", -1);
	t->first_token = (int)js_int(latency, "first_token", -1);
	t->first_audio = (int)js_int(latency, "first_audio", -1);
	t->heard = (int)js_int(latency, "heard", -1);
}

/* The bot has had its last word. Plivo's callback should follow; if it does
 * not, the call may still be up, or the callback is lost. */
static void see_off(struct app *app, const char *id, bool by_callee)
{
	struct store_call call;

	if (store_call_get(app->store, STORE_ID, id, &call))
		return;
	if (!store_state_final(call.state) && call.call_uuid)
		end_hangup(app, id, call.call_uuid,
		           by_callee ? END_LOST_MS : END_BOT_MS);
	store_call_fini(&call);
}

/* The person of the call, who is at its other end, wants no more of them. */
static int never_again(struct app *app, const char *id, int64_t at_ms)
{
	char number[NUMBER_MAX], masked[STR_PHONE_MAX];
	struct store_call call;
	struct str other;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	other = str_of(call.to);
	if (call.from && number_same(app->cfg->from, other))
		other = str_of(call.from); /* they have called us */
	err = number_parse(number, other);
	if (!err)
		err = store_dnc_add(app->store, number, id, at_ms);
	store_call_fini(&call);
	log_line(err ? LOG_ERROR : LOG_INFO, "bot", id,
	         "event=do_not_call number=%s err=%d",
	         str_mask_phone(masked, number), err);
	return err;
}

/* A mailbox has answered, and the bot has ended the call. */
static int again_later(struct app *app, const char *id)
{
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	err = retry_plan(app, &call, RETRY_VOICEMAIL);
	store_call_fini(&call);
	return err;
}

/* A place has expired: is it the one at which the call has been awaited? One
 * that waits to be dialled has another, or gets one; so has one that talks. */
static int is_awaited(struct app *app, const char *id, bool *yes)
{
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, id, &call);

	if (err)
		return err;
	*yes = call.state >= STORE_DIALING && call.state != STORE_STREAMING;
	store_call_fini(&call);
	return 0;
}

/* Is @ev the call's end? Not that of a bot which has lost it to another. */
static int is_end(struct app *app, const char *id, const json_t *ev,
                  bool *ended)
{
	struct past past;
	int err;

	*ended = false;
	if (strcmp(js_str(ev, "type", ""), "ended") != 0)
		return 0;
	err = past_look(app, id, &past);
	*ended = !err && past_is_end(&past, ev);
	if (*ended && !strcmp(js_str(ev, "cause", ""), "no_stream"))
		err = is_awaited(app, id, ended);
	return err;
}

/* What follows from @ev by itself; before it is written down, since it is
 * taken once only. */
static int act(struct app *app, const char *id, const json_t *ev, bool ended,
               int64_t at_ms)
{
	if (!strcmp(js_str(ev, "type", ""), "tool") &&
	    !strcmp(js_str(ev, "name", ""), "do_not_call"))
		return never_again(app, id, at_ms);
	if (ended && !strcmp(js_str(ev, "answered_by", ""), "voicemail"))
		return again_later(app, id);
	return 0;
}

static int take(struct app *app, const json_t *ev)
{
	const char *id = js_str(ev, "call_id", NULL);
	const char *type = js_str(ev, "type", "");
	const char *by = js_str(ev, "by", "bot");
	struct store_change change = {.has_state = false};
	struct store_event row = {.source = "bot", .type = type};
	struct store_turn turn;
	bool is_turn = !strcmp(type, "turn"), ended;
	struct buf data;
	int err;

	row.dedupe = js_str(ev, "event_id", NULL);
	/* What code of the agent keeps is for its like alone. */
	row.tell = strcmp(type, "kept") != 0;
	row.at_ms = js_int(ev, "at_ms", app_now_ms());
	if (!id || !row.dedupe)
		return -EINVAL;
	if (!strcmp(type, "started")) {
		change.state = STORE_STREAMING;
		change.has_state = true;
		change.answered_ms = row.at_ms;
	}
	err = is_end(app, id, ev, &ended);
	if (err)
		return err;
	/* To the bot, every end that is not its own looks like the callee's.
	 * Plivo knows. A call that was handed over goes on. */
	if (ended && strcmp(by, "callee") != 0 && strcmp(by, "transfer") != 0) {
		change.end_by = by;
		change.end_cause = js_str(ev, "cause", NULL);
	}
	if (!strcmp(type, "error"))
		change.error = js_str(ev, "detail", "the bot met an error");
	err = act(app, id, ev, ended, row.at_ms);
	if (err)
		return err;
	if (is_turn)
		read_turn(&turn, ev);
	buf_init(&data, BOT_EVENTS_MAX);
	err = js_dump(&data, ev);
	row.data = buf_str(&data);
	if (!err)
		err = store_call_change(app->store, id, &change, &row,
		                        is_turn ? &turn : NULL, NULL);
	buf_fini(&data);
	if (!err) {
		app_count(app, COUNT_BOT_EVENTS);
		outbox_kick(app->outbox);
		log_line(LOG_DEBUG, "bot", id, "event=%s", type);
	}
	if (!err && ended && !transfer_is_on(app, id))
		see_off(app, id, !strcmp(by, "callee"));
	return err;
}

bool bot_events_may_post(struct app *app, const struct http_req *req,
                         struct http_res *res)
{
	if (app->cfg->bot_secret)
		return access_secret(app, req, res);
	if (access_local(req))
		return true;
	http_fail(res, 403,
	          "Only bots of this machine may post here while there is no "
	          "secret: set BOT_SECRET here and at the bots.");
	return false;
}

void bot_events_handle(const struct http_req *req, struct http_res *res,
                       void *arg)
{
	struct app *app = arg;
	json_t *list;
	char why[128];
	int err = 0;

	if (!bot_events_may_post(app, req, res))
		return;
	list = js_parse(req->body, req->body_len, why, sizeof(why));
	if (!json_is_array(list)) {
		http_fail(res, 400, "Send a JSON array of events: %s.",
		          list ? "this is none" : why);
		json_decref(list);
		return;
	}
	for (size_t i = 0; i < json_array_size(list) && !err; i++) {
		err = take(app, json_array_get(list, i));
		/* What cannot be taken today cannot be taken tomorrow. */
		if (err == -EINVAL || err == -ENOENT)
			log_line(LOG_WARN, "bot", NULL,
			         "event=refused index=%zu text=%s", i,
			         LOG_TEXT(err_str(err)));
		if (err == -EINVAL || err == -ENOENT || err == -EEXIST)
			err = 0;
	}
	json_decref(list);
	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, 1,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return;
	}
	http_res_check(res, buf_adds(&res->body, "{}"));
}
