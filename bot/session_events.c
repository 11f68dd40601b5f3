#include <string.h>

#include "bot/hooks.h"
#include "bot/session_impl.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * Events leave from a timer of their own, never from within the work of the
 * session: whoever receives one may close the session on the spot, and nothing
 * else here has to be prepared for that.
 */
struct out_event {
	struct link link;
	enum session_event_type type;
	uint64_t at_us;
	char json[];
};

const char *session_event_name(enum session_event_type type)
{
	static const char *const names[SESSION_EVENT_TYPES] = {
		[SESSION_STARTED] = "started",
		[SESSION_TURN] = "turn",
		[SESSION_TOOL] = "tool",
		[SESSION_ERROR] = "error",
		[SESSION_ENDED] = "ended",
		[SESSION_TOOL_BEGUN] = "tool_begun",
		[SESSION_KEPT] = "kept",
	};

	return names[type];
}

static struct out_event *first(struct session *s)
{
	struct out_event *e;

	if (list_empty(&s->events))
		return NULL;
	e = CONTAINER_OF(s->events.next, struct out_event, link);
	list_remove(&e->link);
	s->n_events--;
	return e;
}

/* False: a handler has closed the session. */
static bool emit(struct session *s, const struct session_event *ev)
{
	bool gone = false;

	/* Taken back below, unless the session is gone. */
	// cppcheck-suppress autoVariables
	s->gone = &gone;
	if (ev->type == SESSION_ENDED && s->hang_up)
		s->line.hangup(s->line.arg);
	if (!gone)
		s->eventh(ev, s->arg);
	if (gone)
		return false;
	s->gone = NULL;
	return true;
}

static void deliver(void *arg)
{
	struct session *s = arg;
	struct out_event *e;
	bool alive = true;

	while (alive && (e = first(s)) != NULL) {
		const struct session_event ev = {
			.type = e->type,
			.json = e->json,
			.at_us = e->at_us,
		};

		alive = emit(s, &ev);
		mem_free(e);
	}
}

void session_event(struct session *s, enum session_event_type type,
                   const struct buf *json)
{
	struct out_event *e;

	if (s->n_events == SESSION_EVENTS_MAX && type != SESSION_ENDED)
		return;
	e = mem_alloc(sizeof(*e) + json->len + 1);
	if (!e) {
		log_line(LOG_ERROR, "session", s->call_id,
		         "event=event_lost type=%d", (int)type);
		return;
	}
	e->type = type;
	e->at_us = timers_now(s->env.timers);
	memcpy(e->json, buf_str(json), json->len + 1);
	list_append(&s->events, &e->link);
	s->n_events++;
	timer_start(s->env.timers, &s->deliver, 0, deliver, s);
}

void session_event_turn(struct session *s, const char *role, struct str text,
                        uint32_t heard_ms, bool interrupted, uint64_t at_ms)
{
	const bool bot = role[0] == 'b';
	struct buf json;
	int err;

	buf_init(&json, 8 * REPLY_TEXT_MAX);
	err = buf_addf(&json, "\"n\":%u,\"role\":\"%s\",\"text\":", ++s->turns,
	               role);
	if (!err)
		err = js_quote(&json, text.v, text.len);
	if (!err)
		err = buf_addf(&json,
		               ",\"heard_ms\":%u,\"interrupted\":%s,"
		               "\"at_ms\":%llu",
		               heard_ms, interrupted ? "true" : "false",
		               (unsigned long long)at_ms);
	if (!err && bot) {
		err = buf_adds(&json, ",");
		if (!err)
			err = timeline_json(&s->timeline, &json);
	}
	if (!err)
		session_event(s, SESSION_TURN, &json);
	buf_fini(&json);
}

void session_event_kept(struct session *s, const char *text)
{
	struct buf json;

	buf_init(&json, 8 * DIALOUT_KEPT_MAX);
	if (buf_adds(&json, "\"text\":") == 0 &&
	    js_quote(&json, text, strlen(text)) == 0)
		session_event(s, SESSION_KEPT, &json);
	buf_fini(&json);
}

void session_event_error(struct session *s, const char *part, int code)
{
	struct buf json;

	log_line(LOG_WARN, "session", s->call_id,
	         "event=failed part=%s code=%d why=%s", part, code,
	         LOG_TEXT(err_str(code)));
	buf_init(&json, 512);
	if (buf_addf(&json, "\"part\":\"%s\",\"code\":%d,\"what\":\"%s\"", part,
	             code, err_str(code)) == 0)
		session_event(s, SESSION_ERROR, &json);
	buf_fini(&json);
}

void session_events_drop(struct session *s)
{
	struct out_event *e;

	timer_stop(s->env.timers, &s->deliver);
	while ((e = first(s)) != NULL)
		mem_free(e);
	if (s->gone)
		*s->gone = true;
}
