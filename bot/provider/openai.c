/*
 * OpenAI chat completions, streamed.
 *
 * One request per answer over the shared pool: HTTP/2 to the real service, so
 * that an interruption resets a stream and keeps the connection. The rules
 * that make compatible servers work are those of providers.md 2.5: unknown
 * members are ignored, usage is taken from wherever it stands, a missing
 * [DONE] is fine once a finish_reason has come, a new id at the same index is
 * a new tool call.
 */
#include "bot/provider/openai.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/net/sse.h"
#include "bot/provider/openai_msg.h"
#include "bot/provider/reconnect.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/timer.h"

enum {
	FIRST_TOKEN_MS = 8000,
	STALL_MS = 5000,
	CONNECT_MS = 5000,
	REQUEST_MAX = 1 << 20, /* [bytes] */
	CALL_ARGS_MAX = 16 * 1024,
	CALL_NAME_MAX = 128,
};

struct call {
	int64_t index;
	char id[CALL_NAME_MAX], name[CALL_NAME_MAX];
	struct buf args;
};

struct oa {
	struct llm llm;
	struct net *net;
	struct fetch_req *req;
	struct sse sse;
	struct timer wait;
	uint32_t stall_ms;
	char call_id[64];
	size_t answered; /* bytes of text given out */
	struct call calls[LLM_TOOL_CALLS_MAX];
	size_t n_calls;
	bool finished, done;  /* a finish_reason came; [DONE] came */
	bool failed;          /* err is the reason */
	bool feeding, closed; /* closed while feeding: released after it */
	int err;
	struct llm_event usage; /* finish and tokens, for LLM_DONE */
};

static struct timers *clock_of(const struct oa *oa)
{
	return net_timers(oa->net);
}

static void release(struct oa *oa)
{
	for (size_t i = 0; i < oa->n_calls; i++)
		buf_fini(&oa->calls[i].args);
	sse_fini(&oa->sse);
	mem_free(oa);
}

/* The last event. */
static void fail(struct oa *oa, int err, int status, uint32_t retry_ms)
{
	timer_stop(clock_of(oa), &oa->wait);
	fetch_cancel(&oa->req);
	llm_emit(&oa->llm, &(struct llm_event){.type = LLM_FAILED,
	                                       .err = err,
	                                       .status = status,
	                                       .retry_ms = retry_ms});
}

static void waited(void *arg)
{
	struct oa *oa = arg;

	log_line(LOG_WARN, "openai", oa->call_id, "event=stalled after=%zu",
	         oa->answered);
	fail(oa, -ETIMEDOUT, 0, 0);
}

/* False: the handler closed us. */
static bool emit_text(struct oa *oa, const char *text, size_t len)
{
	struct llm_event ev = {.type = LLM_TEXT, .text = text, .text_len = len};

	oa->answered += len;
	return llm_emit(&oa->llm, &ev);
}

static struct call *call_at(struct oa *oa, int64_t index, const char *id)
{
	for (size_t i = oa->n_calls; i-- > 0;) {
		struct call *c = &oa->calls[i];

		/* Some servers count every call as the first. */
		if (c->index == index && (!*id || !strcmp(c->id, id)))
			return c;
	}
	if (oa->n_calls == LLM_TOOL_CALLS_MAX)
		return NULL;
	oa->calls[oa->n_calls].index = index;
	buf_init(&oa->calls[oa->n_calls].args, CALL_ARGS_MAX);
	return &oa->calls[oa->n_calls++];
}

static int on_call(struct oa *oa, const json_t *delta)
{
	const json_t *fn = json_object_get(delta, "function");
	const char *id = js_str(delta, "id", "");
	const char *name = js_str(fn, "name", "");
	const char *args = js_str(fn, "arguments", "");
	struct call *c = call_at(oa, js_int(delta, "index", 0), id);
	int err = 0;

	if (!c)
		return ERR_LIMIT;
	if (*id)
		err = str_copy(c->id, sizeof(c->id), str_of(id));
	if (!err && *name)
		err = str_copy(c->name, sizeof(c->name), str_of(name));
	return err ? err : buf_adds(&c->args, args);
}

static void on_usage(struct oa *oa, const json_t *usage)
{
	const json_t *details = json_object_get(usage, "prompt_tokens_details");

	if (!json_is_object(usage))
		return;
	oa->usage.prompt_tokens = (uint32_t)js_int(usage, "prompt_tokens", 0);
	oa->usage.answer_tokens =
		(uint32_t)js_int(usage, "completion_tokens", 0);
	oa->usage.cached_tokens = (uint32_t)js_int(details, "cached_tokens", 0);
}

static void on_finish(struct oa *oa, const char *reason)
{
	static const struct {
		const char *name;
		enum llm_finish finish;
	} reasons[] = {
		{"length", LLM_LENGTH},
		{"tool_calls", LLM_TOOL_CALLS},
		{"function_call", LLM_TOOL_CALLS},
		{"content_filter", LLM_FILTER},
	};

	oa->finished = true;
	oa->usage.finish = LLM_STOP;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reason, reasons[i].name))
			oa->usage.finish = reasons[i].finish;
}

/* An error in mid-stream: its kind, as far as it says. */
static int stream_error(struct oa *oa, const json_t *error)
{
	int status = (int)js_int(error, "status", js_int(error, "code", 0));

	log_line(LOG_WARN, "openai", oa->call_id, "event=error text=%s",
	         LOG_TEXT(js_str(error, "message", "")));
	return status >= 400 ? provider_status_err(status) : ERR_PROVIDER;
}

/* -ECANCELED: the handler closed us. */
static int on_chunk(struct oa *oa, const json_t *msg)
{
	const json_t *error = json_object_get(msg, "error");
	const json_t *choice =
		json_array_get(json_object_get(msg, "choices"), 0);
	const json_t *delta = json_object_get(choice, "delta");
	const json_t *calls = json_object_get(delta, "tool_calls");
	const char *text = js_str(delta, "content", "");
	const char *finish = js_str(choice, "finish_reason", NULL);
	int err = 0;

	if (error && !json_is_null(error))
		return stream_error(oa, error);
	on_usage(oa, json_object_get(msg, "usage"));
	on_usage(oa, json_object_get(json_object_get(msg, "x_groq"), "usage"));
	for (size_t i = 0; i < json_array_size(calls) && !err; i++)
		err = on_call(oa, json_array_get(calls, i));
	if (err)
		return err;
	if (finish)
		on_finish(oa, finish);
	if (oa->answered + strlen(text) > LLM_ANSWER_MAX)
		return ERR_LIMIT;
	if (*text && !emit_text(oa, text, strlen(text)))
		return -ECANCELED;
	return 0;
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct oa *oa = arg;
	json_t *msg;
	int err;

	if (!strcmp(data, "[DONE]")) {
		oa->done = true;
		return 0;
	}
	msg = js_parse(data, len, NULL, 0);
	if (!json_is_object(msg)) {
		json_decref(msg);
		return ERR_PROTO;
	}
	err = on_chunk(oa, msg);
	json_decref(msg);
	return err;
}

static int on_bytes(const char *v, size_t len, void *arg)
{
	struct oa *oa = arg;
	int err;

	timer_start(clock_of(oa), &oa->wait, oa->stall_ms, waited, oa);
	oa->feeding = true;
	err = sse_feed(&oa->sse, v, len, on_data, oa);
	oa->feeding = false;
	if (oa->closed) {
		release(oa);
		return -ECANCELED;
	}
	if (err) {
		oa->failed = true;
		oa->err = err;
	}
	return err;
}

/* A refusal: what the body says beside the status. */
static int refusal(struct oa *oa, const struct fetch_result *r)
{
	json_t *msg = js_parse(r->body ? r->body : "", r->body_len, NULL, 0);
	const json_t *error = json_object_get(msg, "error");
	const char *code = js_str(error, "code", js_str(error, "type", ""));
	int err = provider_status_err(r->status);

	/* Only the code tells "slow down" from "you have no money left". */
	if (r->status == 429 &&
	    (strstr(code, "quota") || strstr(code, "credit_balance") ||
	     strstr(code, "spend_limit") || strstr(code, "usage_limit")))
		err = -EDQUOT;
	log_line(LOG_WARN, "openai", oa->call_id,
	         "event=refused status=%d code=%s text=%s request_id=%s",
	         r->status, LOG_TEXT(code),
	         LOG_TEXT(js_str(error, "message", "")), r->request_id);
	json_decref(msg);
	return err;
}

static bool emit_calls(struct oa *oa)
{
	for (size_t i = 0; i < oa->n_calls; i++) {
		struct call *c = &oa->calls[i];
		struct llm_event ev = {
			.type = LLM_TOOL_CALL,
			.call = {c->id, c->name, buf_str(&c->args)}};

		if (*c->name && !llm_emit(&oa->llm, &ev))
			return false;
	}
	return true;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct oa *oa = arg;
	uint32_t retry = r->retry_after_sec > 0 && r->retry_after_sec < 3600
	                         ? (uint32_t)r->retry_after_sec * 1000
	                         : 0;

	oa->req = NULL;
	timer_stop(clock_of(oa), &oa->wait);
	if (oa->failed) {
		fail(oa, oa->err, r->status, 0);
	} else if (r->status && r->status != 200) {
		fail(oa, refusal(oa, r), r->status, retry);
	} else if (r->err && !oa->done && !oa->finished) {
		fail(oa, r->err, 0, 0);
	} else if (!oa->finished && !oa->done) {
		/* Cut off, or a body that is no stream of events. */
		fail(oa, oa->answered ? -ECONNRESET : ERR_PROTO, r->status, 0);
	} else if (emit_calls(oa)) {
		oa->usage.type = LLM_DONE;
		if (oa->n_calls)
			oa->usage.finish = LLM_TOOL_CALLS;
		llm_emit(&oa->llm, &oa->usage);
	}
}

static void oa_close(struct llm *llm)
{
	struct oa *oa = CONTAINER_OF(llm, struct oa, llm);

	timer_stop(clock_of(oa), &oa->wait);
	fetch_cancel(&oa->req);
	if (oa->feeding)
		oa->closed = true;
	else
		release(oa);
}

static int start(struct oa *oa, const struct llm_params *prm)
{
	const char *base =
		prm->cfg->url ? prm->cfg->url : "https://api.openai.com/v1";
	const char *headers[] = {"Content-Type: application/json", NULL, NULL};
	struct buf url, auth, body;
	int err;

	buf_init(&url, 1024);
	buf_init(&auth, 1024);
	buf_init(&body, REQUEST_MAX);
	err = buf_addf(&url, "%s%schat/completions", base,
	               base[strlen(base) - 1] == '/' ? "" : "/");
	if (!err && prm->cfg->key) {
		err = buf_addf(&auth, "Authorization: Bearer %s",
		               prm->cfg->key);
		headers[1] = buf_str(&auth);
	}
	if (!err)
		err = openai_request(&body, prm);
	if (!err) {
		struct fetch_params f = {
			.method = "POST",
			.url = buf_str(&url),
			.headers = headers,
			.body = buf_str(&body),
			.body_len = body.len,
			.connect_ms = CONNECT_MS,
			.max_body = 64 * 1024,
			.http2 = true,
			.data = on_bytes,
			.done = on_done,
			.arg = oa,
		};

		err = fetch_start(net_fetch(oa->net), &oa->req, &f);
	}
	buf_fini(&url);
	buf_fini(&auth);
	buf_fini(&body);
	return err;
}

static int oa_open(struct llm **llmp, struct net *net,
                   const struct llm_params *prm)
{
	struct oa *oa = mem_zalloc(sizeof(*oa));
	int err;

	if (!oa)
		return -ENOMEM;
	oa->net = net;
	oa->stall_ms = prm->stall_ms ? prm->stall_ms : STALL_MS;
	sse_init(&oa->sse);
	err = str_copy(oa->call_id, sizeof(oa->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = start(oa, prm);
	if (err) {
		oa_close(&oa->llm);
		return err;
	}
	timer_start(clock_of(oa), &oa->wait,
	            prm->first_token_ms ? prm->first_token_ms : FIRST_TOKEN_MS,
	            waited, oa);
	*llmp = &oa->llm;
	return 0;
}

const struct llm_ops llm_openai_ops = {
	.name = "openai",
	.open = oa_open,
	.close = oa_close,
};
