#include "bot/session_hooks.h"

#include <errno.h>
#include <string.h>

#include "bot/hook_room.h"
#include "bot/past.h"
#include "bot/session_calls.h"
#include "bot/tools.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * Hooks run within the session's own work, and what they ask for must not
 * reach back into it: a function of the host only notes it, and a timer of
 * zero carries it out.
 */

struct session_hooks {
	struct session *s;
	const struct dialout_hooks *ops;
	struct hook_seat seat;
	void *data;
	char *lines[DIALOUT_LINES_MAX]; /* to be said */
	size_t n_lines;
	uint32_t line; /* the reply that says one; 0: none yet */
	char *last_words;
	bool end;
	bool reopened; /* the turn that was heard last goes on */
	bool over;     /* the last hook has run */
	struct timer soon, alarm;
};

static void drop_lines(struct session_hooks *h)
{
	while (h->n_lines)
		mem_free(h->lines[--h->n_lines]);
}

/* ---- what was asked for ----------------------------------------------------- */

/* True: one was settled, which may have changed everything. */
static bool settle_one(struct session *s)
{
	for (struct link *l = s->calls.next; l != &s->calls; l = l->next) {
		struct running *c = session_call_of(l);
		char *result = c->result;

		if (!result)
			continue;
		c->result = NULL;
		session_call_settle(c, str_of(result));
		mem_free(result);
		return true;
	}
	return false;
}

static bool says_line(const struct session *s)
{
	return s->reply && s->reply->n == s->hooks->line;
}

static void on_soon(void *arg)
{
	struct session_hooks *h = arg;
	struct session *s = h->s;

	while (!s->ended && settle_one(s))
		;
	if (s->ended)
		return;
	if (h->end && !h->n_lines && !says_line(s)) {
		s->last_words = h->last_words;
		session_part(s);
	} else if (h->n_lines && !s->greeting &&
	           s->turn.state == TURN_LISTENING) {
		session_feed(s, TURN_EV_QUIET);
	}
}

static void soon(struct session_hooks *h)
{
	timer_start(h->s->env.timers, &h->soon, 0, on_soon, h);
}

static void on_alarm(void *arg)
{
	struct session_hooks *h = arg;
	const uint64_t since = hook_watch();

	if (!h->ops->woken)
		return;
	h->ops->woken(h->seat.call, h->data);
	hook_watched(since, h->ops->name, "woken", h->s->call_id);
}

/* ---- the host's functions --------------------------------------------------- */

static int seat_get(void *arg, const char *path, char *dst, size_t cap)
{
	const struct session_hooks *h = arg;
	struct str value;
	struct buf text;
	int err;

	if (!h->s->body ||
	    jtext_path(str_of(h->s->body), str_of(path), &value) != 0)
		return DIALOUT_INVALID;
	buf_init(&text, cap);
	err = jtext_print(&text, value);
	if (!err)
		err = str_copy(dst, cap, str_of(buf_str(&text)));
	buf_fini(&text);
	return err ? DIALOUT_INVALID : DIALOUT_OK;
}

static int dump_body(struct session *s, const json_t *o)
{
	struct buf text;
	int err;

	buf_init(&text, 4 * SESSION_BODY_MAX);
	err = js_dump(&text, o);
	if (err) {
		buf_fini(&text);
		return DIALOUT_NO_MEMORY;
	}
	mem_free(s->body);
	s->body = buf_take(&text, NULL);
	return DIALOUT_OK;
}

static int seat_set(void *arg, const char *name, const char *value)
{
	const struct session_hooks *h = arg;
	struct session *s = h->s;
	json_t *o = s->body ? js_parse(s->body, strlen(s->body), NULL, 0)
	                    : json_object();
	int ret = DIALOUT_INVALID;

	if (!o)
		return DIALOUT_NO_MEMORY;
	if (json_is_object(o))
		ret = json_object_set_new(o, name, json_string(value)) == 0
		              ? dump_body(s, o)
		              : DIALOUT_NO_MEMORY;
	json_decref(o);
	return ret;
}

static int seat_say(void *arg, const char *text)
{
	struct session_hooks *h = arg;
	char *copy;

	if (h->n_lines == DIALOUT_LINES_MAX)
		return DIALOUT_FULL;
	copy = mem_strdup(text);
	if (!copy)
		return DIALOUT_NO_MEMORY;
	h->lines[h->n_lines++] = copy;
	soon(h);
	return DIALOUT_OK;
}

static int seat_answer(void *arg, uint64_t ticket, const char *result)
{
	struct session_hooks *h = arg;
	struct session *s = h->s;

	for (struct link *l = s->calls.next; l != &s->calls; l = l->next) {
		struct running *c = session_call_of(l);

		if (c->ticket != ticket || c->result)
			continue;
		c->result = mem_strdup(result);
		if (!c->result)
			return DIALOUT_NO_MEMORY;
		soon(h);
		return DIALOUT_OK;
	}
	return DIALOUT_GONE;
}

static int seat_end(void *arg, const char *last_words)
{
	struct session_hooks *h = arg;
	char *copy = last_words ? mem_strdup(last_words) : NULL;

	if (last_words && !copy)
		return DIALOUT_NO_MEMORY;
	if (h->end) {
		mem_free(copy); /* the first words are the last ones */
		return DIALOUT_OK;
	}
	h->end = true;
	h->last_words = copy;
	soon(h);
	return DIALOUT_OK;
}

static int seat_record(void *arg, const char *name, const char *text)
{
	session_record(((const struct session_hooks *)arg)->s, name,
	               str_of(text), 0);
	return DIALOUT_OK;
}

static int seat_wake(void *arg, uint32_t ms)
{
	struct session_hooks *h = arg;

	timer_start(h->s->env.timers, &h->alarm, ms, on_alarm, h);
	return DIALOUT_OK;
}

static int seat_keep(void *arg, const char *text)
{
	session_event_kept(((const struct session_hooks *)arg)->s, text);
	return DIALOUT_OK;
}

static const char *seat_name(void *arg)
{
	return ((const struct session_hooks *)arg)->s->call_id;
}

static const struct hook_seat_ops ops = {
	.get = seat_get,
	.set = seat_set,
	.say = seat_say,
	.answer = seat_answer,
	.end = seat_end,
	.record = seat_record,
	.wake = seat_wake,
	.keep = seat_keep,
	.name = seat_name,
};

/* ---- hooks ------------------------------------------------------------------ */

int session_hooks_open(struct session *s, const struct session_params *prm)
{
	const struct dialout_hooks *code = s->agent->hooks;
	struct session_hooks *h;
	struct dialout_start start = {.call_id = s->call_id,
	                              .to = prm->to ? prm->to : "",
	                              .from = prm->from ? prm->from : "",
	                              .agent = s->agent->name,
	                              .body = prm->body};
	uint64_t since;

	if (!code)
		return 0;
	h = mem_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->s = s;
	h->ops = code;
	s->hooks = h;
	hook_room_enter(&h->seat, &ops, h);
	start.call = h->seat.call;
	if (prm->past) {
		start.again = prm->past->lost;
		start.kept = prm->past->kept;
	}
	since = hook_watch();
	if (code->started)
		h->data = code->started(&start);
	hook_watched(since, code->name, "started", s->call_id);
	return 0;
}

void session_hooks_over(struct session *s, const char *by, const char *cause)
{
	struct session_hooks *h = s->hooks;
	const uint64_t since = hook_watch();

	if (!h || h->over)
		return;
	h->over = true;
	timer_stop(s->env.timers, &h->soon);
	timer_stop(s->env.timers, &h->alarm);
	if (h->ops->ending)
		h->ops->ending(h->seat.call, by, cause, h->data);
	hook_watched(since, h->ops->name, "ending", s->call_id);
	hook_room_leave(&h->seat);
	/* What the last hook asked for comes too late. */
	timer_stop(s->env.timers, &h->soon);
	timer_stop(s->env.timers, &h->alarm);
}

void session_hooks_close(struct session *s)
{
	struct session_hooks *h = s->hooks;

	if (!h)
		return;
	session_hooks_over(s, "bot", "shutdown");
	drop_lines(h);
	mem_free(h->last_words);
	mem_free(h);
	s->hooks = NULL;
}

void session_hooks_heard(struct session *s, struct str text)
{
	struct session_hooks *h = s->hooks;
	const uint64_t since = hook_watch();
	char *copy;

	if (!h || h->over || !h->ops->heard)
		return;
	copy = mem_strndup(text.v, text.len);
	if (copy) {
		const struct dialout_turn turn = {.call = h->seat.call,
		                                  .text = copy,
		                                  .again = h->reopened,
		                                  .greeted = !s->greeting};

		h->ops->heard(&turn, h->data);
		hook_watched(since, h->ops->name, "heard", s->call_id);
	}
	h->reopened = false;
	mem_free(copy);
}

void session_hooks_reopened(struct session *s)
{
	if (!s->hooks)
		return;
	s->hooks->reopened = true;
	drop_lines(s->hooks);
}

bool session_lines_wait(const struct session *s)
{
	return s->hooks && s->hooks->n_lines;
}

bool session_hooks_end(const struct session *s)
{
	return s->hooks && s->hooks->end && !s->hooks->n_lines;
}

void session_say_line(struct session *s)
{
	struct session_hooks *h = s->hooks;
	char *line = h->lines[0];

	h->n_lines--;
	memmove(&h->lines[0], &h->lines[1], h->n_lines * sizeof(h->lines[0]));
	h->line = s->reply_n + 1;
	session_say(s, REPLY_PROMPT, line);
	mem_free(line);
}

void session_hooks_quiet(struct session *s)
{
	struct session_hooks *h = s->hooks;

	if (h && !h->over && (h->n_lines || h->end))
		soon(h);
}

/* ---- tools ------------------------------------------------------------------ */

static int ask(struct session_hooks *h, uint64_t ticket, const char *name,
               const char *args)
{
	const struct dialout_tool tool = {.call = h->seat.call,
	                                  .ticket = ticket,
	                                  .name = name,
	                                  .args = args};
	const uint64_t since = hook_watch();
	const int verdict = h->ops->tool(&tool, h->data);

	hook_watched(since, h->ops->name, "tool", h->s->call_id);
	return verdict;
}

void session_hooks_told(struct session *s, const char *name, const char *args)
{
	if (s->hooks && !s->hooks->over && s->hooks->ops->tool)
		(void)ask(s->hooks, 0, name, args[0] ? args : "{}");
}

static void on_late(void *arg)
{
	session_call_settle(arg, str_of("{\"error\":\"there was no answer in "
	                                "time\"}"));
}

bool session_hooks_take(struct running *c, const struct tool *tool,
                        struct str args)
{
	struct session_hooks *h = c->s->hooks;
	char *text;

	if (!h || h->over || !h->ops->tool)
		return false;
	text = mem_strndup(args.v, args.len);
	c->ticket = hook_room_ticket(&h->seat);
	if (!text || ask(h, c->ticket, tool->name, text) != DIALOUT_MINE) {
		c->ticket = 0;
		mem_free(c->result);
		c->result = NULL;
	} else {
		timer_start(c->s->env.timers, &c->late, tool->timeout_ms,
		            on_late, c);
	}
	mem_free(text);
	return c->ticket != 0;
}
