#define _POSIX_C_SOURCE 200809L
#include "tests/sim/lib/oa_answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/str.h"
#include "common/utf8.h"
#include "tests/sim/lib/oa_answer_int.h"
#include "tests/sim/lib/oa_check.h"
#include "tests/sim/lib/simmem.h"

enum {
	TOKEN_MAX = 6,      /* [bytes] of a word's piece */
	TICK_MIN_US = 5000, /* tokens of less are sent together */
};

/* A blank and some letters, as tokenisers cut words. */
size_t oa_token(const char *text)
{
	size_t n = *text == ' ' ? 1 : 0;
	const size_t first = n;

	while (text[n] && text[n] != ' ' && n - first < TOKEN_MAX) {
		const size_t c = utf8_len(text + n, strlen(text + n));

		n += c ? c : 1;
	}
	return n;
}

/* --- the end --- */

static json_t *json_of(const struct oa_answer *a, const char *how)
{
	return json_pack("{s:i, s:b, s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:f}",
	                 "request", (int)a->no, "stream", (int)a->stream,
	                 "model", a->model, "end", how, "text",
	                 buf_str(&a->text), "calls", (int)a->n_calls, "tokens",
	                 (int)a->tokens, "prompt_tokens", (int)a->prompt_tokens,
	                 "began_ms", a->began_ms, "took_ms",
	                 sim_ms(a->sim) - a->began_ms);
}

static void end(struct oa_answer *a, const char *how)
{
	json_t *records = a->cfg->records;

	if (json_array_size(records) >= OA_RECORDS_MAX)
		json_array_remove(records, 0);
	json_array_append_new(records, json_of(a, how));
	timer_stop(a->sim->timers, &a->timer);
	list_remove(&a->link);
	sim_stream_end(a->sim);
	buf_fini(&a->text);
	mem_free(a);
}

static void on_gone(struct simreq *r, void *arg)
{
	struct oa_answer *a = arg;

	(void)r;
	sim_count(a->sim, "hung_up", 1);
	end(a, "client hung up");
}

static void cut(struct oa_answer *a)
{
	struct simreq *r = a->r;

	end(a, "cut");
	simreq_abort(r);
}

static void finish(struct oa_answer *a, const char *how)
{
	struct simreq *r = a->r;

	end(a, how);
	simreq_end(r);
}

/* --- token by token --- */

static size_t piece_of_arguments(const struct oa_answer *a, const char *text)
{
	const size_t n = strnlen(text, TOKEN_MAX);

	return a->cfg->dialect->whole_calls ? strlen(text)
	                                    : utf8_cut(text, strlen(text), n);
}

/* True while there is more of the calls. */
static bool say_calls(struct oa_answer *a)
{
	const char *text;
	size_t n;

	if (a->n_now == a->n_calls)
		return false;
	text = a->call[a->n_now].arguments;
	n = piece_of_arguments(a, text + a->at);
	if (!a->call_begun && !a->cfg->dialect->whole_calls)
		n = 0;
	oa_say_call(a, a->n_now, !a->call_begun, text + a->at, n);
	a->call_begun = true;
	a->at += n;
	a->tokens++;
	if (!text[a->at]) {
		a->n_now++;
		a->at = 0;
		a->call_begun = false;
	}
	return true;
}

static bool say_text(struct oa_answer *a)
{
	const char *text = buf_str(&a->text) + a->at;
	const size_t n = oa_token(text);

	if (n == 0)
		return false;
	oa_say_text(a, text, n);
	a->at += n;
	a->tokens++;
	return true;
}

/* True when the answer is over, and gone. */
static bool broken_by_fault(struct oa_answer *a)
{
	if (a->cut_at && a->tokens >= a->cut_at) {
		cut(a);
		return true;
	}
	if (a->no_finish && a->phase == OA_FINISH) {
		finish(a, "no finish");
		return true;
	}
	if (a->mid_error_at && a->tokens >= a->mid_error_at) {
		oa_say_raw(a, "{\"error\":{\"message\":\"The server had an "
		              "error while processing your request.\","
		              "\"type\":\"server_error\",\"param\":null,"
		              "\"code\":null}}");
		finish(a, "error in mid-stream");
		return true;
	}
	return false;
}

/* What is behind the last token, all at once. False: the answer is gone, or
 * nothing more comes of it. */
static bool close_answer(struct oa_answer *a)
{
	if (broken_by_fault(a))
		return false;
	oa_say_finish(a);
	oa_say_usage(a);
	if (!a->no_done)
		oa_say_raw(a, "[DONE]");
	if (!a->no_end)
		finish(a, "done");
	return false;
}

/* One token; the first one with the role before it. False: gone. */
static bool step(struct oa_answer *a)
{
	if (a->phase == OA_ROLE) {
		oa_say_role(a);
		if (a->bad_json)
			oa_say_raw(a, "{\"id\":");
		a->phase = OA_TEXT;
	}
	if (a->phase == OA_TEXT && !say_text(a)) {
		a->phase = OA_CALLS;
		a->at = 0;
	}
	if (a->phase == OA_CALLS && !say_calls(a))
		a->phase = OA_FINISH;
	if (a->phase == OA_FINISH)
		return close_answer(a);
	return !broken_by_fault(a);
}

static uint32_t pause_behind(struct oa_answer *a)
{
	uint32_t ms = 0;

	if (a->rule->stall_ms && a->tokens == a->rule->stall_at)
		ms += a->rule->stall_ms;
	if (a->stall_mid_ms && a->tokens >= 5) {
		ms += a->stall_mid_ms;
		a->stall_mid_ms = 0;
	}
	return ms;
}

static void on_token(void *arg)
{
	struct oa_answer *a = arg;
	const uint32_t rate = a->rule->rate ? a->rule->rate : a->cfg->rate;
	const uint64_t until = timers_now(a->sim->timers) + TICK_MIN_US;

	while (a->next_us <= until) {
		if (!step(a))
			return;
		a->next_us += 1000000 / rate + pause_behind(a) * UINT64_C(1000);
	}
	timer_start_at(a->sim->timers, &a->timer, a->next_us, on_token, a);
}

static void on_whole(void *arg)
{
	struct oa_answer *a = arg;
	struct simreq *r = a->r;
	json_t *obj;

	for (const char *p = buf_str(&a->text); *p; p += oa_token(p))
		a->tokens++;
	obj = oa_whole(a);
	end(a, "done");
	sim_reply_json(r, 200, obj);
}

/* --- the beginning --- */

static void take_rule(struct oa_answer *a, const json_t *body)
{
	const json_t *messages = json_object_get(body, "messages");
	const json_t *tools = json_object_get(body, "tools");
	const struct oa_rule *rule = a->rule;

	if (rule->refuse)
		sim_adds(&a->text, rule->refuse);
	else if (rule->say)
		oa_script_fill(&a->text, rule->say, messages);
	a->refusal = rule->refuse != NULL;
	a->finish = rule->finish;
	a->n_calls = oa_script_calls(a->call, rule, tools, a->sim);
	a->prompt_tokens += oa_script_tokens(messages);
}

static void take_faults(struct oa_answer *a)
{
	struct sim *s = a->sim;
	const struct simfault *f = sim_fault(s, "finish", a->no);

	a->shred = sim_fault_number(a->sim, "shred", a->no, 1);
	a->cut_at = sim_fault_number(a->sim, "cut", a->no, 5);
	a->mid_error_at = sim_fault_number(a->sim, "mid-error", a->no, 3);
	a->stall_mid_ms = sim_fault_number(a->sim, "stall-mid", a->no, 10000);
	a->crlf = sim_fault(s, "crlf", a->no) != NULL;
	a->comments = sim_fault(s, "comments", a->no) != NULL;
	a->no_done = sim_fault(s, "no-done", a->no) != NULL;
	a->no_usage = sim_fault(s, "no-usage", a->no) != NULL;
	a->no_finish = sim_fault(s, "no-finish", a->no) != NULL;
	a->no_end = sim_fault(s, "no-end", a->no) != NULL;
	a->bad_json = sim_fault(s, "bad-json", a->no) != NULL;
	if (sim_fault(s, "refusal", a->no))
		a->refusal = true;
	if (f) {
		memcpy(a->finish_arg, f->arg, sizeof(f->arg));
		a->finish = a->finish_arg;
	}
}

/* Only what may stand in JSON as it is; names of models are. */
static void copy_model(struct oa_answer *a, const char *model)
{
	size_t n = 0;

	for (; *model && n < sizeof(a->model) - 1; model++)
		if (*model != '"' && *model != '\\' &&
		    (unsigned char)*model >= ' ')
			a->model[n++] = *model;
}

void oa_answer_begin(struct oa_cfg *cfg, struct sim *s, struct simreq *r,
                     unsigned no, const struct oa_rule *rule,
                     const json_t *body)
{
	struct oa_answer *a = sim_zalloc(sizeof(*a));
	const json_t *options = json_object_get(body, "stream_options");
	uint32_t ms;

	a->cfg = cfg;
	a->sim = s;
	a->r = r;
	a->no = no;
	a->rule = rule;
	a->created = (long)time(NULL);
	a->stream = js_bool(body, "stream", false);
	a->include_usage = js_bool(options, "include_usage", false);
	a->obfuscate = cfg->dialect->obfuscation &&
	               js_bool(options, "include_obfuscation", true);
	a->began_ms = sim_ms(s);
	copy_model(a, js_str(body, "model", ""));
	snprintf(a->id, sizeof(a->id), "chatcmpl-sim%u", no);
	buf_init(&a->text, SIM_BUF_MAX);
	list_append(&cfg->answers, &a->link);
	take_rule(a, body);
	take_faults(a);
	s->open++;
	simreq_on_gone(r, on_gone, a);
	ms = (rule->ttft_ms ? rule->ttft_ms : cfg->ttft_ms) +
	     sim_random(s, cfg->jitter_ms + 1) +
	     sim_fault_number(a->sim, "slow", a->no, 5000);
	a->next_us = timers_now(s->timers) + ms * UINT64_C(1000);
	if (a->stream)
		simreq_begin(r, 200, "text/event-stream");
	timer_start_at(s->timers, &a->timer, a->next_us,
	               a->stream ? on_token : on_whole, a);
}

void oa_answers_state(const struct oa_cfg *cfg, json_t *list)
{
	for (struct link *l = cfg->answers.next; l != &cfg->answers;
	     l = l->next)
		json_array_append_new(
			list, json_of(CONTAINER_OF(l, struct oa_answer, link),
		                      "open"));
}
