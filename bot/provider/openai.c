/*
 * OpenAI chat completions, streamed.
 *
 * The rules that make compatible servers work are those of providers.md 2.5:
 * unknown members are ignored, usage is taken from wherever it stands, a
 * missing [DONE] is fine once a finish_reason has come, a new id at the same
 * index is a new tool call.
 */
#include "bot/provider/openai.h"

#include <stdint.h>
#include <string.h>

#include "bot/provider/llm_http.h"
#include "bot/provider/llm_warm.h"
#include "bot/provider/openai_msg.h"
#include "bot/provider/reconnect.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"

static int on_call(struct llm_http *h, const json_t *delta)
{
	const json_t *fn = json_object_get(delta, "function");
	const char *id = js_str(delta, "id", "");
	struct llm_http_call *c =
		llm_http_call_at(h, js_int(delta, "index", 0), id);

	if (!c)
		return ERR_LIMIT;
	return llm_http_call_add(c, id, js_str(fn, "name", ""),
	                         js_str(fn, "arguments", ""));
}

static void on_usage(struct llm_http *h, const json_t *usage)
{
	const json_t *details = json_object_get(usage, "prompt_tokens_details");

	if (!json_is_object(usage))
		return;
	h->usage.prompt_tokens = (uint32_t)js_int(usage, "prompt_tokens", 0);
	h->usage.answer_tokens =
		(uint32_t)js_int(usage, "completion_tokens", 0);
	h->usage.cached_tokens = (uint32_t)js_int(details, "cached_tokens", 0);
}

static void on_finish(struct llm_http *h, const char *reason)
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

	h->finished = true;
	h->usage.finish = LLM_STOP;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reason, reasons[i].name))
			h->usage.finish = reasons[i].finish;
}

/* An error in mid-stream: its kind, as far as it says. */
static int stream_error(struct llm_http *h, const json_t *error)
{
	int status = (int)js_int(error, "status", js_int(error, "code", 0));

	log_line(LOG_WARN, "openai", h->call_id, "event=error text=%s",
	         LOG_TEXT(js_str(error, "message", "")));
	return status >= 400 ? provider_status_err(status) : ERR_PROVIDER;
}

static int on_chunk(struct llm_http *h, const json_t *msg)
{
	const json_t *error = json_object_get(msg, "error");
	const json_t *choice =
		json_array_get(json_object_get(msg, "choices"), 0);
	const json_t *delta = json_object_get(choice, "delta");
	const json_t *calls = json_object_get(delta, "tool_calls");
	const char *finish = js_str(choice, "finish_reason", NULL);
	int err = 0;

	if (error && !json_is_null(error))
		return stream_error(h, error);
	on_usage(h, json_object_get(msg, "usage"));
	on_usage(h, json_object_get(json_object_get(msg, "x_groq"), "usage"));
	for (size_t i = 0; i < json_array_size(calls) && !err; i++)
		err = on_call(h, json_array_get(calls, i));
	if (err)
		return err;
	if (finish)
		on_finish(h, finish);
	return llm_http_text(h, js_str(delta, "content", ""));
}

static const struct llm_dialect dialect = {
	.name = "openai",
	.base = "https://api.openai.com/v1",
	.path = "chat/completions",
	.models = "models",
	.key_header = "Authorization: Bearer ",
	.request = openai_request,
	.event = on_chunk,
};

static int oa_open(struct llm **llmp, struct net *net,
                   const struct llm_params *prm)
{
	return llm_http_open(llmp, net, prm, &dialect);
}

static int oa_warm(struct llm_warm **wp, struct net *net,
                   const struct provider_cfg *cfg)
{
	return llm_warm_http(wp, net, cfg, &dialect);
}

const struct llm_ops llm_openai_ops = {
	.name = "openai",
	.open = oa_open,
	.close = llm_http_close,
	.warm = oa_warm,
};
