/*
 * Anthropic's Messages API, streamed (providers.md 5.2).
 *
 * The data of each event names its type, so the "event:" lines need not be
 * read. A block is text, a tool call, or something that is not for the
 * callee's ears: thinking, and whatever may be invented later. message_stop
 * ends an answer; one that is cut before it is a failure, since only
 * message_delta says whether the model was done.
 */
#include "bot/provider/anthropic.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "bot/provider/anthropic_msg.h"
#include "bot/provider/llm_http.h"
#include "bot/provider/llm_warm.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"

static void on_usage(struct llm_http *h, const json_t *usage)
{
	int64_t fresh = js_int(usage, "input_tokens", -1);
	int64_t written = js_int(usage, "cache_creation_input_tokens", 0);
	int64_t cached = js_int(usage, "cache_read_input_tokens", 0);

	/* Three sorts of input tokens stand side by side. */
	if (fresh >= 0) {
		h->usage.prompt_tokens = (uint32_t)(fresh + written + cached);
		h->usage.cached_tokens = (uint32_t)cached;
	}
	/* Cumulative: the last one counts. */
	h->usage.answer_tokens = (uint32_t)js_int(usage, "output_tokens",
	                                          h->usage.answer_tokens);
}

static int on_start(struct llm_http *h, const json_t *msg)
{
	on_usage(h, json_object_get(json_object_get(msg, "message"), "usage"));
	return 0;
}

static int on_block(struct llm_http *h, const json_t *msg)
{
	const json_t *block = json_object_get(msg, "content_block");
	const char *type = js_str(block, "type", "");
	const char *id = js_str(block, "id", "");
	struct llm_http_call *c;

	if (!strcmp(type, "text"))
		return llm_http_text(h, js_str(block, "text", ""));
	if (strcmp(type, "tool_use") != 0)
		return 0;
	c = llm_http_call_at(h, js_int(msg, "index", 0), id);
	if (!c)
		return ERR_LIMIT;
	return llm_http_call_add(c, id, js_str(block, "name", ""), "");
}

static int on_delta(struct llm_http *h, const json_t *msg)
{
	const json_t *delta = json_object_get(msg, "delta");
	const char *type = js_str(delta, "type", "");
	int64_t index = js_int(msg, "index", 0);
	const char *json;

	if (!strcmp(type, "text_delta"))
		return llm_http_text(h, js_str(delta, "text", ""));
	if (strcmp(type, "input_json_delta") != 0)
		return 0;
	json = js_str(delta, "partial_json", "");
	for (size_t i = 0; i < h->n_calls; i++)
		if (h->calls[i].index == index)
			return llm_http_call_add(&h->calls[i], "", "", json);
	return ERR_PROTO;
}

static int on_reason(struct llm_http *h, const json_t *msg)
{
	static const struct {
		const char *name;
		enum llm_finish finish;
	} reasons[] = {
		{"max_tokens", LLM_LENGTH},
		{"model_context_window_exceeded", LLM_LENGTH},
		{"tool_use", LLM_TOOL_CALLS},
		{"refusal", LLM_FILTER},
	};
	const char *reason =
		js_str(json_object_get(msg, "delta"), "stop_reason", "");

	h->usage.finish = LLM_STOP;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reason, reasons[i].name))
			h->usage.finish = reasons[i].finish;
	on_usage(h, json_object_get(msg, "usage"));
	return 0;
}

static int on_stop(struct llm_http *h, const json_t *msg)
{
	(void)msg;
	h->finished = h->done = true;
	return 0;
}

/* In mid-stream; before the answer it would have been a status. */
static int on_error(struct llm_http *h, const json_t *msg)
{
	static const struct {
		const char *type;
		int err;
	} types[] = {
		{"overloaded_error", -EBUSY},
		{"api_error", -EBUSY},
		{"timeout_error", -EBUSY},
		{"rate_limit_error", ERR_LIMIT},
		{"authentication_error", ERR_AUTH},
		{"permission_error", ERR_AUTH},
		{"billing_error", -EDQUOT},
	};
	const json_t *error = json_object_get(msg, "error");
	const char *type = js_str(error, "type", "");

	log_line(LOG_WARN, "anthropic", h->call_id,
	         "event=error type=%s text=%s", LOG_TEXT(type),
	         LOG_TEXT(js_str(error, "message", "")));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(type, types[i].type))
			return types[i].err;
	return ERR_PROVIDER;
}

static int on_event(struct llm_http *h, const json_t *msg)
{
	static const struct {
		const char *type;
		int (*handler)(struct llm_http *h, const json_t *msg);
	} events[] = {
		{"message_start", on_start},
		{"content_block_start", on_block},
		{"content_block_delta", on_delta},
		{"message_delta", on_reason},
		{"message_stop", on_stop},
		{"error", on_error},
	};
	const char *type = js_str(msg, "type", "");

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (!strcmp(type, events[i].type))
			return events[i].handler(h, msg);
	return 0; /* ping, content_block_stop, what is new */
}

static const struct llm_dialect dialect = {
	.name = "anthropic",
	.base = "https://api.anthropic.com",
	.path = "v1/messages",
	.models = "v1/models",
	.key_header = "x-api-key: ",
	.header = "anthropic-version: 2023-06-01",
	.request = anthropic_request,
	.event = on_event,
};

static int an_open(struct llm **llmp, struct net *net,
                   const struct llm_params *prm)
{
	return llm_http_open(llmp, net, prm, &dialect);
}

static int an_warm(struct llm_warm **wp, struct net *net,
                   const struct provider_cfg *cfg)
{
	return llm_warm_http(wp, net, cfg, &dialect);
}

const struct llm_ops llm_anthropic_ops = {
	.name = "anthropic",
	.open = an_open,
	.close = llm_http_close,
	.warm = an_warm,
};
