#include <errno.h>
#include <string.h>

#include "bot/session_calls.h"
#include "bot/session_hooks.h"
#include "bot/stream/proto.h"
#include "bot/tool_call.h"
#include "bot/transfer.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"

/*
 * Calls run once the answer that asks for them is complete, so that those of
 * an interrupted one never do. A built-in tool has its result at once. One
 * over HTTP runs while the conversation goes on: its call stands in the
 * history with a note that it runs, and the result takes the note's place
 * whenever it comes. When the last call of an answer has its result, the model
 * is asked again - at once if nobody speaks, after the reply that is being
 * heard, or by the callee's next words.
 */

enum {
	RUNNING_MAX = 16,      /* of one conversation, at once */
	ROUNDS_MAX = 4,        /* requests by results alone, between two
	                          * turns of the callee */
	RECORD_MAX = 2 * 1024, /* [bytes] of arguments and of a result in
	                          * their event */
	ARGS_DEPTH = 32,
};

struct running *session_call_of(struct link *l)
{
	return CONTAINER_OF(l, struct running, link);
}

size_t session_list_tools(const struct session *s, struct llm_tool *out)
{
	for (size_t i = 0; i < s->agent->n_tools; i++) {
		const struct tool *tool = s->agent->tools[i];

		out[i].name = tool->name;
		out[i].description = tool->description;
		out[i].parameters = tool->parameters;
	}
	return s->agent->n_tools;
}

static const struct tool *tool_named(const struct session *s, const char *name)
{
	for (size_t i = 0; i < s->agent->n_tools; i++)
		if (strcmp(s->agent->tools[i]->name, name) == 0)
			return s->agent->tools[i];
	return NULL;
}

/* A call of the model's, or a result that nobody asked for. */
struct told {
	const char *name;
	unsigned id;              /* 0: it had its result at once */
	const char *args;         /* NULL: nobody asked */
	const struct str *result; /* NULL: it has begun */
	uint64_t ms;
};

/* What is told of a call whose bot is lost must be whole, or nothing. */
static const char *args_of(const struct told *t)
{
	const struct str args = str_of(t->args);

	return args.len <= RECORD_MAX && !jtext_check(args, ARGS_DEPTH, NULL) &&
	                       jtext_type(args) == JTEXT_OBJECT
	               ? t->args
	               : "{}";
}

static int write_told(struct buf *json, const struct told *t)
{
	int err = buf_adds(json, "\"name\":");

	if (!err)
		err = js_quote(json, t->name, strlen(t->name));
	if (!err && t->result)
		err = buf_adds(json, ",\"result\":");
	if (!err && t->result)
		err = js_quote(
			json, t->result->v,
			utf8_cut(t->result->v, t->result->len, RECORD_MAX));
	if (!err && t->result)
		err = buf_addf(json, ",\"ms\":%llu", (unsigned long long)t->ms);
	if (!err && t->id)
		err = buf_addf(json, ",\"id\":%u", t->id);
	if (!err && t->args)
		err = buf_addf(json, ",\"args\":%s", args_of(t));
	return err;
}

static void tell(struct session *s, const struct told *t)
{
	struct buf json;

	buf_init(&json, 8 * RECORD_MAX);
	if (write_told(&json, t) == 0)
		session_event(s, t->result ? SESSION_TOOL : SESSION_TOOL_BEGUN,
		              &json);
	buf_fini(&json);
}

static void tell_running(const struct running *c, const struct str *result)
{
	const struct told t = {.name = c->name,
	                       .id = c->id,
	                       .args = c->args,
	                       .result = result,
	                       .ms = session_ms(c->s) - c->from_ms};

	tell(c->s, &t);
}

void session_record(struct session *s, const char *name, struct str result,
                    uint64_t ms)
{
	tell(s, &(struct told){.name = name, .result = &result, .ms = ms});
}

static void no_memory(const struct session *s)
{
	log_line(LOG_ERROR, "session", s->call_id, "event=no_memory");
}

/* ---- calls that run --------------------------------------------------------- */

static void drop(struct running *c)
{
	list_remove(&c->link);
	tool_call_close(&c->call);
	transfer_close(&c->transfer);
	timer_stop(c->s->env.timers, &c->late);
	mem_free(c->result);
	mem_free(c->name);
	mem_free(c->args);
	mem_free(c);
}

bool session_calls_run(const struct session *s, const struct reply *r)
{
	for (struct link *l = s->calls.next; l != &s->calls; l = l->next)
		if (!r || session_call_of(l)->answer == r->n)
			return true;
	return false;
}

bool session_results_wait(const struct session *s)
{
	return s->results != s->told && s->rounds < ROUNDS_MAX;
}

void session_results_told(struct session *s, const struct reply *r)
{
	s->rounds += s->told != r->told;
	s->told = r->told;
}

static void results_came(struct session *s)
{
	s->results++;
	if (s->reply && s->reply->waits)
		session_go_on(s);
	else if (s->turn.state == TURN_LISTENING && session_results_wait(s))
		session_feed(s, TURN_EV_QUIET);
}

void session_call_close(struct running *c, struct str result)
{
	struct session *s = c->s;

	if (chat_settle(s->chat, c->place, result) != 0)
		no_memory(s);
	tell_running(c, &result);
	drop(c);
}

void session_call_settle(struct running *c, struct str result)
{
	struct session *s = c->s;
	const struct reply of = {.n = c->answer};

	session_call_close(c, result);
	if (!session_calls_run(s, &of))
		results_came(s);
}

static void on_result(struct str result, void *arg)
{
	session_call_settle(arg, result);
}

void session_calls_drop(struct session *s)
{
	const struct str over = str_of("{\"error\":\"the call ended "
	                               "before\"}");

	while (!list_empty(&s->calls)) {
		struct running *c = session_call_of(s->calls.next);

		tell_running(c, &over);
		drop(c);
	}
}

static unsigned count_running(const struct session *s)
{
	unsigned n = 0;

	for (struct link *l = s->calls.next; l != &s->calls; l = l->next)
		n++;
	return n;
}

/* What it does depends on the kind of tool. */
static int start(struct running *c, const struct tool *tool, struct str args,
                 struct buf *result)
{
	const struct tool_call_params prm = {.fetch = c->s->env.fetch,
	                                     .tool = tool,
	                                     .args = args,
	                                     .call_id = c->s->call_id};

	if (session_hooks_take(c, tool, args))
		return 0;
	if (tool->hook) {
		const int err = tools_error(result, "nobody answers this tool");

		return err ? err : -EINVAL;
	}
	if (tool->transfer)
		return session_transfer_plan(c, tool->transfer, args, result);
	return tool_call_open(&c->call, &prm, result, on_result, c);
}

/* Let @tool run. Not 0: it does not, and @result says why. */
static int set_going(struct session *s, struct reply *r,
                     const struct reply_call *call, const struct tool *tool,
                     struct buf *result)
{
	struct running *c;
	struct str args;
	int err = tools_args(tool, call->arguments, &args, result);

	if (err)
		return err;
	if (count_running(s) == RUNNING_MAX || (tool->http && !s->env.fetch)) {
		err = tools_error(result, "too many calls are running");
		return err ? err : ERR_LIMIT;
	}
	c = mem_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	list_append(&s->calls, &c->link);
	c->s = s;
	c->answer = r->n;
	c->from_ms = session_ms(s);
	c->id = ++s->tool_calls;
	c->name = mem_strdup(call->name);
	c->args = mem_strndup(args.v, args.len);
	err = c->name && c->args ? start(c, tool, args, result) : -ENOMEM;
	if (!err)
		err = chat_pending(s->chat, call->id, &c->place);
	if (err) {
		drop(c);
		return err;
	}
	tell_running(c, NULL);
	if (!r->filler && !c->result)
		r->filler = tool->filler;
	return 0;
}

/* ---- an answer's calls ------------------------------------------------------ */

static int press_keys(struct session *s, const char *args, struct buf *result)
{
	char digits[STREAM_DIGITS_MAX + 1];
	struct str value;
	int err = jtext_get(str_of(args), "digits", &value);

	if (!err && jtext_type(value) != JTEXT_STRING)
		err = -EINVAL;
	if (!err)
		err = jtext_string(digits, sizeof(digits), value);
	if (!err)
		err = playout_digits(s->playout, digits);
	if (!err)
		return 0;
	buf_reset(result);
	return tools_error(result, err == -EAGAIN
	                                   ? "the line is busy: try again"
	                                   : "digits must be of 0-9 * # A-D "
	                                     "and w, as a text");
}

/* A tool that has its result at once. */
static enum tool_effect run_now(struct session *s, const struct reply_call *c,
                                const struct tool *tool, struct buf *result)
{
	enum tool_effect effect = TOOL_GO_ON;
	int err = tools_run(tool, c->arguments, result, &effect);

	if (!err && effect == TOOL_DIGITS)
		err = press_keys(s, c->arguments, result);
	if (err)
		no_memory(s);
	return effect;
}

static enum tool_effect run_call(struct session *s, struct reply *r,
                                 const struct reply_call *c)
{
	const struct llm_tool_call call = {c->id, c->name, c->arguments};
	const struct tool *tool = tool_named(s, c->name);
	enum tool_effect effect = TOOL_GO_ON;
	struct buf result;
	struct str whole;

	if (chat_call(s->chat, &call) != 0) {
		no_memory(s);
		return effect;
	}
	buf_init(&result, LLM_ANSWER_MAX);
	if (!tool || tool->run) {
		if (tool)
			session_hooks_told(s, c->name, c->arguments);
		effect = run_now(s, c, tool, &result);
	} else if (set_going(s, r, c, tool, &result) == 0) {
		goto out;
	}
	if (chat_result(s->chat, c->id, str_n(buf_str(&result), result.len)))
		no_memory(s);
	whole = str_n(buf_str(&result), result.len);
	tell(s, &(struct told){.name = c->name,
	                       .args = c->arguments,
	                       .result = &whole});
out:
	buf_fini(&result);
	return effect;
}

bool session_run_calls(struct session *s, struct reply *r)
{
	bool bye = false;

	/* They stand behind what the callee has said. */
	if (r->n_calls)
		session_tell_turn(s);
	r->has_calls = r->n_calls;
	r->calls_at = chat_end(s->chat);
	for (size_t i = 0; i < r->n_calls; i++)
		bye = run_call(s, r, &r->calls[i]) == TOOL_END_CALL || bye;
	if (r->n_calls && !session_calls_run(s, r))
		s->results++;
	reply_drop_calls(r);
	if (bye)
		s->told = s->results;
	r->protected = r->protected || session_transfer_planned(s);
	return bye;
}
