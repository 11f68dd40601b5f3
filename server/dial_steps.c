/*
 * The steps of one call in hand. Each runs on the thread of its peer's
 * handler, one after the other; only what dial.c guards is shared.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/err.h"
#include "common/log.h"
#include "server/admission.h"
#include "server/app.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/dial_priv.h"
#include "server/end.h"
#include "server/pause.h"
#include "server/relay.h"
#include "server/store/hands.h"
#include "server/store/store.h"

enum {
	RETRY_SEC = 5,       /* what /start says when nobody knows better */
	PLACE_TTL_SEC = 120, /* a place outlives the ringing by that */
	WHY_MAX = 320,       /* [bytes] of a refusal, with a bot's URL */
	/* [ms] A campaign's row waits so long after there was no bot, or Plivo
	 * was away. */
	ROW_AGAIN_MS = 30000,
};

/* The call will not be placed: into the ledger, and its place is given back.
 * @row_why: why the row waits again whose call it is; NULL: it does not. */
static void end_unplaced(struct dial *d, enum store_state state,
                         const char *error, const char *row_why)
{
	struct app *app = d->ds->app;
	struct store_change change = {.state = state,
	                              .has_state = true,
	                              .held = true,
	                              .error = error,
	                              .ended_ms = app_now_ms(),
	                              .row_why = row_why};
	int err;

	if (row_why)
		change.row_due_ms = change.ended_ms + ROW_AGAIN_MS;
	/* It was not sent, and nobody but us has asked for its end. */
	if (state == STORE_CANCELLED || state == STORE_EXPIRED)
		change.end_by = "server";
	if (state == STORE_EXPIRED)
		change.end_cause = "expired";
	change.unpromised = d->fault || dial_is_withdrawn(d);
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	/* Another server goes on with it, at this place; or it was promised
	 * after all, and recover_claimed() finds it forgotten. */
	if (err == ERR_STALE) {
		log_line(LOG_WARN, "call", d->id, "event=left why=%s",
		         LOG_TEXT(error));
		return;
	}
	app_count(app, state == STORE_EXPIRED ? COUNT_EXPIRED : COUNT_FAILED);
	log_line(LOG_WARN, "call", d->id, "event=not_placed state=%s why=%s",
	         store_state_text(state), LOG_TEXT(error));
	if (err)
		app_store_fault(app, d->id, err);
	end_release(app, d->id, d->bot, d->place);
}

static void not_placed(struct dial *d, enum store_state state,
                       const char *error)
{
	end_unplaced(d, state, error, NULL);
}

/* It has failed for a reason that may pass. /start says it in its own words,
 * with 503, and so does the row of a campaign, which then waits again. */
PRINTF_LIKE(4, 5)
static void not_now(struct dial *d, const char *error, unsigned retry_sec,
                    const char *fmt, ...)
{
	char text[DIAL_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	end_unplaced(d, STORE_FAILED, error, text);
	dial_over(d, 503, retry_sec, "", "%s", text);
}

static void on_placed(struct dial *d, const char *uuid)
{
	struct app *app = d->ds->app;
	struct store_change change = {
		.state = STORE_INITIATED, .has_state = true, .call_uuid = uuid};
	int err;

	app_count(app, COUNT_PLACED);
	log_line(LOG_INFO, "call", d->id, "event=placed call_uuid=%s", uuid);
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		app_store_fault(app, d->id, err);
	if (dial_is_cancelled(d)) {
		end_hangup(app, d->id, uuid, 0);
		end_release(app, d->id, d->bot, d->place);
	} else if (d->place[0]) {
		err = bots_prepare(app->bots, d->bot, d->place, uuid, NULL,
		                   NULL);
		if (err)
			log_line(LOG_WARN, "call", d->id,
			         "event=prepare_failed text=%s",
			         LOG_TEXT(err_str(err)));
	}
	dial_over(d, 200, 0, uuid, "%s", "");
}

static void on_unknown(struct dial *d, const char *text)
{
	struct app *app = d->ds->app;
	struct store_change change = {
		.state = STORE_UNKNOWN, .has_state = true, .error = text};
	int err;

	app_count(app, COUNT_UNKNOWN);
	log_line(LOG_WARN, "call", d->id, "event=unknown text=%s",
	         LOG_TEXT(text));
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err)
		app_store_fault(app, d->id, err);
	dial_over(d, 202, 0, "", "%s", text);
}

/* What a stopping server has not dialled waits for the next start. */
static bool is_stopping(struct dial *d)
{
	if (!atomic_load(&d->ds->app->stopping))
		return false;
	dial_over(d, 503, RETRY_SEC, "",
	          "The server is stopping: try again after Retry-After");
	return true;
}

static void on_cancelled(struct dial *d)
{
	static const char late[] = "its calling hours ended while it waited";

	if (is_stopping(d))
		return;
	if (d->stale) {
		dial_over(d, 503, RETRY_SEC, "",
		          "Another server has taken the call over: look for it "
		          "in GET /calls");
		return;
	}
	if (dial_is_expired(d)) {
		not_placed(d, STORE_EXPIRED, DIAL_EXPIRED);
		dial_over(d, 409, 0, "",
		          "The call was not placed, because %s: start it again",
		          DIAL_EXPIRED);
		return;
	}
	if (d->late) {
		/* A row waits for the next ones. */
		end_unplaced(d, STORE_FAILED, late, late);
		dial_over(d, 403, 0, "",
		          "The call was not placed, because %s: start it again "
		          "within them",
		          late);
		return;
	}
	not_placed(d, STORE_CANCELLED, "cancelled before it was dialled");
	if (dial_is_cancelled(d))
		dial_over(d, 409, 0, "",
		          "The call was cancelled: start it again if it is "
		          "wanted");
	else
		dial_over(d, 503, RETRY_SEC, "",
		          "The ledger of calls failed: try again; why is in "
		          "the log of dialout-server");
}

static void on_dialed(const struct carrier_outcome *o, void *arg)
{
	struct dial *d = arg;
	unsigned retry = o->retry_after_sec > 0 && o->retry_after_sec < 3600
	                         ? (unsigned)o->retry_after_sec
	                         : RETRY_SEC;
	const char *text = o->text ? o->text : "";
	static const char auth[] =
		"Plivo refuses PLIVO_AUTH_ID/PLIVO_AUTH_TOKEN: set those of "
		"the account";

	switch (o->result) {
	case CARRIER_PLACED:
		on_placed(d, o->uuid);
		break;
	case CARRIER_REFUSED:
		not_placed(d, STORE_FAILED, text);
		dial_over(d, 502, 0, "",
		          "Plivo refused the call (%d): %s. Look up what it "
		          "says in Plivo's console",
		          o->status, text);
		break;
	case CARRIER_AUTH:
		not_placed(d, STORE_FAILED, auth);
		dial_over(d, 502, 0, "", "%s", auth);
		break;
	case CARRIER_BUSY:
		not_now(d, "Plivo takes no more requests", retry,
		        "Plivo takes no more requests now: try again after "
		        "Retry-After, or set CALLS_PER_SECOND lower");
		break;
	case CARRIER_UNREACHED:
		not_now(d, "Plivo cannot be reached", retry,
		        "Plivo cannot be reached: %s. Try again, and check "
		        "PLIVO_API_URL and the network",
		        text);
		break;
	case CARRIER_CANCELLED:
		on_cancelled(d);
		break;
	case CARRIER_UNKNOWN:
	default:
		on_unknown(d, text);
		break;
	}
}

/* Nobody heard whether an earlier attempt came through; it did, and nothing
 * was sent, if the call is where that would have brought it. */
static int was_written(struct dial *d)
{
	struct store_call call;
	int err = store_call_get(d->ds->app->store, STORE_ID, d->id, &call);

	if (err)
		return err;
	if (call.state != STORE_DIALING)
		err = -ECANCELED;
	store_call_fini(&call);
	return err;
}

static int not_sent(struct dial *d, int err)
{
	if (err == ERR_STALE) {
		log_line(LOG_WARN, "call", d->id, "event=taken_over");
		d->stale = true;
	} else if (err == -ECANCELED) {
		/* By DELETE, on another server perhaps. */
		dial_mark_cancelled(d);
	} else {
		/* A ledger that others share comes back before long; nothing
		 * goes out before it does. */
		app_store_fault(d->ds->app, d->id, err);
		d->tried = true;
		if (store_shared(d->ds->app->store))
			return -EAGAIN;
		d->fault = true;
	}
	return err;
}

static int on_sending(void *arg)
{
	struct dial *d = arg;
	struct app *app = d->ds->app;
	struct store_change change = {.state = STORE_DIALING,
	                              .has_state = true,
	                              .held = true,
	                              .rooms = app->cfg->rooms.v,
	                              .n_rooms = app->cfg->rooms.n,
	                              .dialed_ms = app_now_ms()};
	struct pause pause;
	bool moved = false;
	int err;

	if (dial_is_expired(d) || dial_is_cancelled(d))
		return -ECANCELED;
	err = pause_look(app->store, &pause);
	if (!err && pause.on)
		return -EAGAIN;
	d->late = !err && !admission_still(app->cfg, d->hours, d->to);
	if (d->late)
		return -ECANCELED;
	if (!err)
		err = store_call_change(app->store, d->id, &change, NULL, NULL,
		                        &moved);
	if (!err && !moved)
		err = d->tried ? was_written(d) : -ECANCELED;
	/* Another was faster, on another server perhaps. */
	if (err == ERR_LIMIT)
		return -EBUSY;
	if (!err && !dial_begin_sending(d))
		err = -ECANCELED;
	return err ? not_sent(d, err) : 0;
}

static void enqueue(struct dial *d)
{
	struct app *app = d->ds->app;
	char answer[ACCESS_BASE_MAX + 128], events[ACCESS_BASE_MAX + 128];
	struct carrier_dial dial = {.id = d->id,
	                            .from = app->cfg->from,
	                            .to = d->to,
	                            .answer_url = answer,
	                            .ring_url = events,
	                            .hangup_url = events,
	                            .answer_get = true,
	                            .ring_sec = app->cfg->ring_timeout,
	                            .machine_url =
	                                    d->detect_machine ? events : NULL,
	                            .time_limit_sec = d->talk_sec,
	                            .priority = d->priority,
	                            .as_of = d->as_of_ms,
	                            .ready = dial_is_ready,
	                            .kind = dial_kind(d)};
	uint64_t ticket = 0;
	int err;

	snprintf(answer, sizeof(answer), "%s/answer/%s", d->base, d->key);
	snprintf(events, sizeof(events), "%s/events/%s", d->base, d->key);
	dial_phase(d, DIAL_QUEUED);
	/* The dispatcher may be done with it before this returns to us. */
	dial_ref(d);
	err = carrier_dial(app->carrier, &dial, on_sending, on_dialed, d,
	                   &ticket);
	if (err) {
		not_now(d, "the queue is full", RETRY_SEC,
		        "Too many calls wait for their turn: raise "
		        "CALLS_PER_SECOND if your account allows more");
	} else {
		dial_ticket(d, ticket);
	}
	dial_unref(d);
}

/* How a failed reservation is told. */
static void no_place(struct dial *d, int err, const char *text)
{
	struct app *app = d->ds->app;
	const char *urls = bots_urls(app->bots);
	const char *error = *text ? text : err_str(err);

	switch (err) {
	case -ENOENT:
		not_placed(d, STORE_FAILED, error);
		dial_over(d, 422, 0, "",
		          "No bot knows this agent: %s. Put its file into "
		          "AGENTS_DIR, or use the name of one that is there",
		          text);
		return;
	case -EINVAL:
		not_placed(d, STORE_FAILED, error);
		dial_over(d, 413, 0, "",
		          "The call's data are too large for a bot: send less");
		return;
	case ERR_LIMIT:
		not_now(d, error, RETRY_SEC,
		        "The bots at %s are full or draining: try again, or "
		        "start more of them",
		        urls);
		return;
	case ERR_AUTH:
		not_now(d, error, RETRY_SEC,
		        "The bots at %s refuse BOT_SECRET: set the same one "
		        "there",
		        urls);
		return;
	default:
		break;
	}
	/* A bot that was too late with its answer may have given a place. */
	if (err == -EHOSTUNREACH || err == -ETIMEDOUT || err == ERR_PROTO)
		end_release_lost(app, d->id);
	if (err == -EHOSTUNREACH)
		not_now(d, error, RETRY_SEC, "no bot at %s: start dialout-bot",
		        urls);
	else
		not_now(d, error, RETRY_SEC,
		        "no bot at %s has a place (%s): try again, and see the "
		        "log of dialout-bot",
		        urls, err_str(err));
}

static void on_reserved(int err, const struct bots_place *place,
                        const char *text, void *arg)
{
	struct dial *d = arg;
	struct app *app = d->ds->app;
	struct store_change change = {
		.state = STORE_QUEUED, .has_state = true, .held = true};
	char why[WHY_MAX];

	if (is_stopping(d))
		return;
	if (err && dial_is_expired(d)) {
		end_release_lost(app, d->id);
		on_cancelled(d);
		return;
	}
	if (err) {
		no_place(d, err, text ? text : "");
		return;
	}
	snprintf(d->place, sizeof(d->place), "%s", place->id);
	snprintf(d->bot, sizeof(d->bot), "%s", place->bot);
	d->detect_machine = place->detect_machine;
	snprintf(d->uses, sizeof(d->uses), "%s", place->uses);
	d->kept_ms = app_steady_ms();
	if (dial_is_expired(d) || dial_is_cancelled(d)) {
		on_cancelled(d);
		return;
	}
	if (!place->stream_url[0] &&
	    !relay_admits(app, d->id, d->bot, why, sizeof(why))) {
		not_now(d, why, RETRY_SEC, "%s", why);
		return;
	}
	change.detect_machine = place->detect_machine;
	change.reservation = place->id;
	change.bot = place->bot;
	if (place->uses[0])
		change.uses = place->uses;
	if (place->stream_url[0])
		change.stream_url = place->stream_url;
	err = store_call_change(app->store, d->id, &change, NULL, NULL, NULL);
	if (err == ERR_STALE || err == -ECANCELED) {
		d->stale = err == ERR_STALE;
		if (d->stale)
			end_release(app, d->id, d->bot, d->place);
		else
			dial_mark_cancelled(d);
		on_cancelled(d);
	} else if (err) {
		app_store_fault(app, d->id, err);
		d->fault = true;
		not_now(d, "the ledger failed", RETRY_SEC,
		        "The ledger of calls failed: try again; why is in the "
		        "log of dialout-server");
	} else {
		enqueue(d);
	}
}

int dial_reserve(struct dial *d, const struct store_call *call,
                 bots_reserved_h *h)
{
	struct app *app = d->ds->app;
	char events[ACCESS_BASE_MAX + 32];
	struct bots_call want = {.call_id = call->id,
	                         .to = call->to,
	                         .from = call->from,
	                         .agent = call->agent,
	                         .body = call->body,
	                         .events_url = events,
	                         .ttl_sec = app->cfg->ring_timeout +
	                                    PLACE_TTL_SEC};

	app_events_url(app, events, sizeof(events));
	return bots_reserve(app->bots, &want, h, d);
}

void dial_steps_begin(struct dial *d, const struct store_call *call)
{
	int err;

	if (call->state != STORE_RESERVING) {
		enqueue(d);
		return;
	}
	err = dial_reserve(d, call, on_reserved);
	if (err)
		no_place(d, err, "");
}
