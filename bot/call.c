#include "bot/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/after.h"
#include "bot/after_talk.h"
#include "bot/agent.h"
#include "bot/events.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/past.h"
#include "bot/stream/proto.h"
#include "bot/warm.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	REATTACH_MS = 3000, /* a socket lost without a close may come back */
	HANGUP_MS = 6000,   /* for the carrier to hear it; then we close */
	PING_SEC = 15,      /* as Plivo's guide wants it */
	/* [us] of a loop that stood still: less than any server waits before
	 * it gives the calls of such a bot to another (BOT_HUNG_AFTER). */
	STILL_US = 2500000,
	NORMAL = 1000,
	REPLACED = 1001,
	SETUP_FAILED = 1011,
	URL_TEXT_MAX = 1024, /* [bytes] with terminator */
};

struct call {
	const struct call_env *env;
	struct reservation *place;
	struct ws *ws;
	struct session *session;
	struct agent *agent;
	struct events_feed *feed;
	struct after_talk *talk; /* NULL: nobody asks for it */
	struct hangup *hangup;
	struct timer timer;           /* line lost, hanging up, ending */
	bool hanging_up;              /* asked for, once */
	bool ended;                   /* the session has said its last word */
	unsigned broken;              /* messages that were none */
	char id[RESERVE_CALL_ID_MAX]; /* for logs and events */
};

static struct timers *timers_of(const struct call *c)
{
	return net_timers(c->env->net);
}

/* Everything goes; the session's last word has been passed on. */
static void destroy(struct call *c)
{
	const struct call_env *env = c->env;

	timer_stop(timers_of(c), &c->timer);
	session_close(&c->session);
	ws_close(&c->ws, NORMAL, NULL);
	hangup_close(&c->hangup);
	if (c->talk)
		afters_begin(env->afters,
		             &(struct after_params){.agent = &c->agent,
		                                    .feed = &c->feed,
		                                    .talk = &c->talk,
		                                    .call_id = c->id,
		                                    .body = c->place->body});
	events_close(&c->feed);
	agent_free(&c->agent);
	if (c->place)
		c->place->owner = NULL;
	reserve_end(&c->place);
	mem_free(c);
	env->ended(env->arg);
}

static void destroy_handler(void *arg)
{
	destroy(arg);
}

/* The session is over, and so is the call unless the carrier is still to be
 * told. Not here and now: this may be the session's own callback. */
static void end_soon(struct call *c)
{
	timer_stop(timers_of(c), &c->timer);
	ws_close(&c->ws, NORMAL, NULL);
	if (!c->hangup)
		timer_start(timers_of(c), &c->timer, 0, destroy_handler, c);
}

static void line_lost(void *arg)
{
	struct call *c = arg;

	ws_close(&c->ws, NORMAL, NULL);
	session_line_lost(c->session);
}

static void on_hangup(int err, void *arg)
{
	struct call *c = arg;

	(void)err; /* logged there; the socket's close is what is left */
	hangup_close(&c->hangup);
	if (c->ended)
		end_soon(c);
	else
		timer_start(timers_of(c), &c->timer, 0, line_lost, c);
}

/* Has the loop slept so long, a moment ago, that the call may be another bot's
 * by now? */
static bool was_still(const struct call *c)
{
	struct net_lag lag;

	net_lag(c->env->net, &lag);
	return lag.max_us >= STILL_US;
}

static void hang_up(struct call *c)
{
	const struct hangup_account *acc = c->env->account;
	int err = -ENOENT;

	if (c->hanging_up)
		return;
	c->hanging_up = true;
	/* To leave the stream ends the call unless it is in another. */
	if (acc && was_still(c))
		log_line(LOG_WARN, "call", c->id, "event=left_to_the_server");
	else if (acc)
		err = hangup_open(&c->hangup, c->env->net, acc, c->place->uuid,
		                  c->id, on_hangup, c);
	if (c->ended)
		return;
	/* Without credentials the socket's end is the call's: our XML has a
	 * hangup after the stream. */
	timer_start(timers_of(c), &c->timer, err ? 0 : HANGUP_MS, line_lost, c);
}

/* --- the socket --- */

static void on_closed(struct call *c, int code)
{
	bool normal = code == 1000 || code == 1001 || code == 1005;

	log_line(LOG_INFO, "call", c->id,
	         "event=stream_closed code=%d broken=%u", code, c->broken);
	ws_close(&c->ws, NORMAL, NULL);
	if (c->ended)
		return;
	if (normal || c->hanging_up)
		timer_start(timers_of(c), &c->timer, 0, line_lost, c);
	else
		timer_start(timers_of(c), &c->timer, REATTACH_MS, line_lost, c);
}

static void ws_handler(const struct ws_event *ev, void *arg)
{
	struct call *c = arg;

	switch (ev->type) {
	case WS_TEXT:
		/* No reason to hang up, and none to fill the log. */
		if (!c->ended &&
		    session_frame(c->session, ev->data, ev->len) != 0 &&
		    !c->broken++)
			log_line(LOG_WARN, "call", c->id,
			         "event=broken_message len=%zu", ev->len);
		break;
	case WS_CLOSED:
	case WS_FAILED:
		on_closed(c, ev->code);
		break;
	case WS_OPEN:
	case WS_BINARY:
		break;
	}
}

static int line_send(const char *text, size_t len, void *arg)
{
	struct call *c = arg;

	return c->ws ? ws_send_text(c->ws, text, len) : -ENOTCONN;
}

static void line_hangup(void *arg)
{
	hang_up(arg);
}

static void take_socket(struct call *c, struct ws *ws)
{
	c->ws = ws;
	ws_set_handler(ws, ws_handler, c);
	ws_set_ping(ws, PING_SEC);
}

/* --- the session --- */

static void session_handler(const struct session_event *ev, void *arg)
{
	struct call *c = arg;
	bool last = ev->type == SESSION_ENDED;

	events_add(c->feed, session_event_name(ev->type), ev->at_us, ev->json,
	           last || ev->type == SESSION_STARTED);
	if (c->talk)
		after_talk_note(c->talk, ev);
	if (!last)
		return;
	c->ended = true;
	log_line(LOG_INFO, "call", c->id, "event=ended");
	end_soon(c);
}

/* The server takes events and transfers at the same place. */
static const char *transfer_url(const char *events_url, char *url, size_t cap)
{
	static const char name[] = "/bot-events";
	const size_t n = events_url ? strlen(events_url) : 0;
	const size_t tail = sizeof(name) - 1;

	if (n < tail || strcmp(events_url + n - tail, name) != 0)
		return NULL;
	return snprintf(url, cap, "%.*s/transfer", (int)(n - tail),
	                events_url) < (int)cap
	               ? url
	               : NULL;
}

static int open_session(struct call *c, const struct stream_msg *start)
{
	struct reservation *r = c->place;
	const struct line line = {line_send, line_hangup, c};
	const char *name = r->agent[0] ? r->agent : c->env->default_agent;
	char fault[AGENT_FAULT_MAX] = "", url[URL_TEXT_MAX];
	struct session_params prm = {
		.call_id = c->id,
		.call_uuid = r->uuid,
		.stream_id = start->stream_id,
		.to = r->to[0] ? r->to : start->to,
		.from = r->from[0] ? r->from : start->from,
		.body = r->body,
		.transfer_url = transfer_url(r->events_url, url, sizeof(url)),
		.fmt = start->fmt};
	struct session_kit kit = {0};
	struct warm *warm = r->kit;
	struct past past;
	int err = agent_load(&c->agent, c->env->agents_dir, name, fault);

	if (err) {
		log_line(LOG_ERROR, "call", c->id,
		         "event=no_agent agent=%s why=%s", name,
		         LOG_TEXT(fault));
		return err;
	}
	/* Without memory for it there is no report, but a call. */
	if (c->agent->after.wanted && after_talk_new(&c->talk))
		log_line(LOG_ERROR, "call", c->id, "event=no_report_kept");
	if (past_read(&past, r->past))
		log_line(LOG_ERROR, "call", c->id, "event=no_past");
	if (c->talk)
		past_report(&past, c->talk);
	prm.past = &past;
	prm.agent = c->agent;
	prm.kit = &kit;
	r->kit = NULL;
	warm_take(&warm, &kit);
	err = session_open(&c->session, c->env->session, &prm, &line,
	                   session_handler, c);
	past_fini(&past);
	return err;
}

static const char *id_of(const struct reservation *r)
{
	return r->call_id[0] ? r->call_id : r->id;
}

/* A call that cannot begin is told of, and hung up. */
static void give_up(struct call *c, int err)
{
	uint64_t now_us = timers_now(timers_of(c));

	log_line(LOG_ERROR, "call", c->id, "event=not_begun why=%s",
	         LOG_TEXT(err_str(err)));
	events_add(c->feed, "error", now_us,
	           "\"where\":\"setup\",\"detail\":\"the call could not "
	           "begin\"",
	           true);
	events_add(c->feed, "ended", now_us,
	           "\"by\":\"bot\",\"cause\":\"setup_failed\"", true);
	c->ended = true;
	ws_close(&c->ws, SETUP_FAILED, "setup failed");
	hang_up(c);
	end_soon(c);
}

int call_open(const struct call_env *env, struct reservation *r, struct ws *ws,
              const struct stream_msg *start)
{
	struct call *c = mem_zalloc(sizeof(*c));
	int err = -ENOMEM;

	if (!c)
		goto out;
	c->env = env;
	memcpy(c->id, id_of(r), strlen(id_of(r)));
	err = events_open(&c->feed, env->events, r->events_url, c->id);
	if (err)
		goto out;
	events_again(c->feed, r->again);
	c->place = r;
	r->owner = c;
	take_socket(c, ws);
	log_line(LOG_INFO, "call", c->id, "event=stream_started format=%d",
	         (int)start->fmt);
	err = open_session(c, start);
	if (err)
		give_up(c, err);
	else if (r->machine)
		call_machine(c);
	return err;
out:
	mem_free(c);
	ws_close(&ws, SETUP_FAILED, NULL);
	reserve_end(&r);
	return err;
}

void call_machine(struct call *c)
{
	if (!c->ended && c->session)
		session_machine_said(c->session);
}

void call_reattach(struct call *c, struct ws *ws,
                   const struct stream_msg *start)
{
	const struct line line = {line_send, line_hangup, c};

	if (c->ended || c->hanging_up) {
		ws_close(&ws, NORMAL, "the call has ended");
		return;
	}
	log_line(LOG_INFO, "call", c->id, "event=stream_replaced");
	timer_stop(timers_of(c), &c->timer);
	ws_close(&c->ws, REPLACED, "replaced");
	take_socket(c, ws);
	session_reline(c->session, &line, start->stream_id, start->fmt);
}

bool call_is_over(const struct call *c)
{
	return c->ended || c->hanging_up;
}

void call_finish(struct call *c, enum call_end how)
{
	if (c->ended)
		return;
	if (how == CALL_DRAIN)
		session_drain(c->session);
	else
		hang_up(c);
}

void call_abort(struct call *c)
{
	if (!c->ended)
		events_add(c->feed, "ended", timers_now(timers_of(c)),
		           "\"by\":\"bot\",\"cause\":\"shutdown\"", true);
	destroy(c);
}
