#define _POSIX_C_SOURCE 200809L
#include "tests/sim/lib/an_answer.h"

#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/simmem.h"

enum {
	PIECE = 5,    /* [bytes] of text or arguments in one delta */
	STALL_AT = 3, /* deltas before a stall */
};

struct an_answer {
	struct link link;
	struct an_cfg *cfg;
	struct sim *sim;
	struct simreq *r;
	const struct oa_rule *rule;
	unsigned no, block, deltas, prompt_tokens;
	char model[64];
	struct buf text;
	struct oa_call call[OA_CALLS_MAX];
	size_t n_calls, n_now, at;
	bool text_over, open; /* is a block open? */
	struct timer timer;
	double began_ms;

	/* faults, looked up once */
	uint32_t shred, cut_at, error_at, stall_ms;
	bool crlf, pings, thinking, no_stop, bad_json;
	char finish[SIM_FAULT_TEXT];
};

static void end(struct an_answer *a, const char *how)
{
	json_t *records = a->cfg->records;

	if (json_array_size(records) >= AN_RECORDS_MAX)
		json_array_remove(records, 0);
	json_array_append_new(
		records,
		json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:f}", "request",
	                  (int)a->no, "model", a->model, "end", how, "text",
	                  buf_str(&a->text), "calls", (int)a->n_calls, "deltas",
	                  (int)a->deltas, "took_ms",
	                  sim_ms(a->sim) - a->began_ms));
	timer_stop(a->sim->timers, &a->timer);
	list_remove(&a->link);
	sim_stream_end(a->sim);
	buf_fini(&a->text);
	mem_free(a);
}

static void on_gone(struct simreq *r, void *arg)
{
	struct an_answer *a = arg;

	(void)r;
	sim_count(a->sim, "hung_up", 1);
	end(a, "client hung up");
}

/* --- events --- */

static void send(struct an_answer *a, const char *v, size_t len)
{
	const size_t piece = a->shred ? a->shred : len;

	while (len > 0) {
		const size_t n = len < piece ? len : piece;

		simreq_send(a->r, v, n);
		v += n;
		len -= n;
	}
}

static void say_text(struct an_answer *a, const char *event, const char *data)
{
	const char *eol = a->crlf ? "\r\n" : "\n";
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	sim_addf(&b, "event: %s%sdata: %s%s%s", event, eol, data, eol, eol);
	send(a, b.v, b.len);
	buf_fini(&b);
}

/* @obj is released. */
static void say(struct an_answer *a, json_t *obj)
{
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	ASSERT(obj && js_dump(&b, obj) == 0);
	say_text(a, js_str(obj, "type", ""), buf_str(&b));
	buf_fini(&b);
	json_decref(obj);
}

static void ping(struct an_answer *a)
{
	say(a, json_pack("{s:s}", "type", "ping"));
}

static void open_block(struct an_answer *a, json_t *block)
{
	say(a, json_pack("{s:s, s:i, s:o}", "type", "content_block_start",
	                 "index", (int)a->block, "content_block", block));
	a->open = true;
	if (a->block == 0)
		ping(a);
}

static void close_block(struct an_answer *a)
{
	if (a->open)
		say(a, json_pack("{s:s, s:i}", "type", "content_block_stop",
		                 "index", (int)a->block++));
	a->open = false;
	a->at = 0;
}

/* Deltas are cut between characters, as JSON wants it. */
static void delta(struct an_answer *a, const char *type, const char *member,
                  const char *text, size_t len)
{
	say(a, json_pack("{s:s, s:i, s:{s:s, s:s%}}", "type",
	                 "content_block_delta", "index", (int)a->block, "delta",
	                 "type", type, member, text, len));
	a->deltas++;
}

static size_t piece_of(const char *text)
{
	size_t n = strnlen(text, PIECE);

	/* Not within a character. */
	while (text[n] && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void say_start(struct an_answer *a)
{
	say(a,
	    json_pack("{s:s, s:{s:o, s:s, s:s, s:s, s:[], s:n, s:n, "
	              "s:{s:i, s:i, s:i, s:i}}}",
	              "type", "message_start", "message", "id",
	              json_sprintf("msg_sim%u", a->no), "type", "message",
	              "role", "assistant", "model", a->model, "content",
	              "stop_reason", "stop_sequence", "usage", "input_tokens",
	              (int)a->prompt_tokens, "cache_creation_input_tokens", 3,
	              "cache_read_input_tokens", 2, "output_tokens", 1));
	if (a->bad_json)
		say_text(a, "ping", "{\"type\":");
	if (!a->thinking)
		return;
	open_block(a, json_pack("{s:s, s:s, s:s}", "type", "thinking",
	                        "thinking", "", "signature", ""));
	delta(a, "thinking_delta", "thinking", "The callee wants...", 19);
	delta(a, "signature_delta", "signature", "c2ln", 4);
	close_block(a);
}

/* --- the course of it --- */

static void finish(struct an_answer *a, const char *how)
{
	struct simreq *r = a->r;

	end(a, how);
	simreq_end(r);
}

static bool say_some_text(struct an_answer *a)
{
	const char *text;
	size_t n;

	/* Behind the text, a->at counts within a call. */
	if (a->text_over)
		return false;
	text = buf_str(&a->text) + a->at;
	n = piece_of(text);
	if (n == 0) {
		close_block(a);
		a->text_over = true;
		return false;
	}
	if (!a->open)
		open_block(a,
		           json_pack("{s:s, s:s}", "type", "text", "text", ""));
	delta(a, "text_delta", "text", text, n);
	a->at += n;
	return true;
}

static bool say_some_call(struct an_answer *a)
{
	const char *text;
	size_t n;

	if (a->n_now == a->n_calls)
		return false;
	text = a->call[a->n_now].arguments + a->at;
	n = piece_of(text);
	if (!a->open) {
		open_block(
			a,
			json_pack("{s:s, s:o, s:s, s:{}}", "type", "tool_use",
		                  "id",
		                  json_sprintf("toolu_%u_%zu", a->no, a->n_now),
		                  "name", a->call[a->n_now].name, "input"));
		delta(a, "input_json_delta", "partial_json", "", 0);
		return true;
	}
	if (n == 0) {
		close_block(a);
		a->n_now++;
		return true;
	}
	delta(a, "input_json_delta", "partial_json", text, n);
	a->at += n;
	return true;
}

static void say_end(struct an_answer *a)
{
	const char *reason = a->n_calls ? "tool_use" : "end_turn";

	if (a->finish[0])
		reason = a->finish;
	say(a,
	    json_pack("{s:s, s:{s:s, s:n}, s:{s:i}}", "type", "message_delta",
	              "delta", "stop_reason", reason, "stop_sequence", "usage",
	              "output_tokens", (int)a->deltas));
	say(a, json_pack("{s:s}", "type", "message_stop"));
	finish(a, "done");
}

/* True when the answer is over, and gone. */
static bool broken_by_fault(struct an_answer *a)
{
	struct simreq *r = a->r;

	if (a->cut_at && a->deltas >= a->cut_at) {
		end(a, "cut");
		simreq_abort(r);
		return true;
	}
	if (!a->error_at || a->deltas < a->error_at)
		return false;
	say(a, json_pack("{s:s, s:{s:s, s:s}}", "type", "error", "error",
	                 "type", "overloaded_error", "message", "Overloaded"));
	finish(a, "error in mid-stream");
	return true;
}

static void on_token(void *arg)
{
	struct an_answer *a = arg;
	const uint32_t rate = a->rule->rate ? a->rule->rate : a->cfg->rate;
	uint32_t ms = 1000 / rate;

	if (a->deltas == 0 && !a->block && !a->open)
		say_start(a);
	if (!say_some_text(a) && !say_some_call(a)) {
		if (a->no_stop)
			finish(a, "no stop");
		else
			say_end(a);
		return;
	}
	if (broken_by_fault(a))
		return;
	if (a->pings)
		ping(a);
	if (a->stall_ms && a->deltas >= STALL_AT) {
		ms += a->stall_ms;
		a->stall_ms = 0;
	}
	timer_start(a->sim->timers, &a->timer, ms, on_token, a);
}

/* --- the beginning --- */

static void take_rule(struct an_answer *a, const json_t *body,
                      const json_t *plain)
{
	const json_t *tools = json_object_get(body, "tools");
	const struct oa_rule *rule = a->rule;

	if (rule->say)
		oa_script_fill(&a->text, rule->say, plain);
	a->n_calls = oa_script_calls(a->call, rule, tools, a->sim);
	a->prompt_tokens += oa_script_tokens(plain);
}

static void take_faults(struct an_answer *a)
{
	const struct simfault *f = sim_fault(a->sim, "finish", a->no);

	a->shred = sim_fault_number(a->sim, "shred", a->no, 1);
	a->cut_at = sim_fault_number(a->sim, "cut", a->no, 3);
	a->error_at = sim_fault_number(a->sim, "mid-error", a->no, 2);
	a->stall_ms = sim_fault_number(a->sim, "stall-mid", a->no, 10000);
	a->crlf = sim_fault(a->sim, "crlf", a->no) != NULL;
	a->pings = sim_fault(a->sim, "pings", a->no) != NULL;
	a->thinking = sim_fault(a->sim, "thinking", a->no) != NULL;
	a->no_stop = sim_fault(a->sim, "no-stop", a->no) != NULL;
	a->bad_json = sim_fault(a->sim, "bad-json", a->no) != NULL;
	if (f)
		memcpy(a->finish, f->arg, sizeof(a->finish));
}

void an_answer_begin(struct an_cfg *cfg, struct sim *s, struct simreq *r,
                     unsigned no, const struct oa_rule *rule,
                     const json_t *body, const json_t *plain)
{
	struct an_answer *a = sim_zalloc(sizeof(*a));
	uint32_t ms = rule->ttft_ms ? rule->ttft_ms : cfg->ttft_ms;

	a->cfg = cfg;
	a->sim = s;
	a->r = r;
	a->no = no;
	a->rule = rule;
	a->began_ms = sim_ms(s);
	snprintf(a->model, sizeof(a->model), "%s", js_str(body, "model", ""));
	buf_init(&a->text, SIM_BUF_MAX);
	list_append(&cfg->answers, &a->link);
	take_rule(a, body, plain);
	take_faults(a);
	s->open++;
	simreq_on_gone(r, on_gone, a);
	ms += sim_fault_number(a->sim, "slow", a->no, 5000);
	simreq_begin(r, 200, "text/event-stream; charset=utf-8");
	timer_start(s->timers, &a->timer, ms, on_token, a);
}
