/* The events of an answer, in the words of every dialect. */
#include <string.h>

#include "tests/sim/lib/oa_answer_int.h"
#include "tests/sim/lib/simmem.h"

static const struct oa_dialect dialects[] = {
	{.name = "openai",
         .fingerprint = "fp_sim",
         .strict = true,
         .null_usage = true,
         .obfuscation = true},
	{.name = "llama.cpp",
         .fingerprint = "b1-sim",
         .finish_usage = true,
         .timings = true},
	{.name = "ollama",
         .fingerprint = "fp_ollama",
         .role_always = true,
         .whole_calls = true,
         .index_zero = true},
	{.name = "vllm", .index_zero = true},
	{.name = "groq",
         .fingerprint = "fp_groq",
         .strict = true,
         .whole_calls = true,
         .x_groq = true},
	{.name = "azure",
         .fingerprint = "fp_azure",
         .strict = true,
         .null_usage = true,
         .filter_results = true},
};

const struct oa_dialect *oa_dialect_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (strcmp(dialects[i].name, name) == 0)
			return &dialects[i];
	return NULL;
}

static const struct oa_dialect *dialect(const struct oa_answer *a)
{
	return a->cfg->dialect;
}

/* In small pieces where a fault asks for them, also within a character. */
static void send(struct oa_answer *a, const char *v, size_t len)
{
	const size_t piece = a->shred ? a->shred : len;

	while (len > 0) {
		const size_t n = len < piece ? len : piece;

		simreq_send(a->r, v, n);
		v += n;
		len -= n;
	}
}

void oa_say_raw(struct oa_answer *a, const char *data)
{
	const char *eol = a->crlf ? "\r\n" : "\n";
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	if (a->comments)
		sim_addf(&b, ": keep-alive%s%s", eol, eol);
	sim_addf(&b, "data: %s%s%s", data, eol, eol);
	send(a, b.v, b.len);
	buf_fini(&b);
}

/* What every chunk begins with. */
static void open_chunk(const struct oa_answer *a, struct buf *b)
{
	sim_addf(b,
	         "{\"id\":\"%s\",\"object\":\"chat.completion.chunk\","
	         "\"created\":%ld,\"model\":\"%s\"",
	         a->id, a->created, a->model);
	if (strcmp(dialect(a)->name, "openai") == 0)
		sim_adds(b, ",\"service_tier\":\"default\"");
	if (dialect(a)->fingerprint)
		sim_addf(b, ",\"system_fingerprint\":\"%s\"",
		         dialect(a)->fingerprint);
}

static void close_chunk(struct oa_answer *a, struct buf *b)
{
	static const char padding[] = "k3JQ9rT0xYbWmA7";

	if (dialect(a)->null_usage && a->include_usage)
		sim_adds(b, ",\"usage\":null");
	if (a->obfuscate)
		sim_addf(b, ",\"obfuscation\":\"%.*s\"",
		         1 + (int)sim_random(a->sim, 14), padding);
	sim_adds(b, "}");
	oa_say_raw(a, buf_str(b));
	buf_fini(b);
}

static void open_delta(const struct oa_answer *a, struct buf *b)
{
	buf_init(b, SIM_BUF_MAX);
	open_chunk(a, b);
	sim_adds(b, ",\"choices\":[{\"index\":0,\"delta\":{");
	if (dialect(a)->role_always)
		sim_adds(b, "\"role\":\"assistant\",");
}

static void close_delta(struct buf *b, const char *finish)
{
	if (finish)
		sim_addf(b, "},\"finish_reason\":\"%s\"}]", finish);
	else
		sim_adds(b, "},\"logprobs\":null,\"finish_reason\":null}]");
}

void oa_say_role(struct oa_answer *a)
{
	const bool calls = a->text.len == 0 && a->n_calls > 0;
	struct buf b;

	if (dialect(a)->filter_results)
		oa_say_raw(a, "{\"choices\":[],\"created\":0,\"id\":\"\","
		              "\"model\":\"\",\"object\":\"\","
		              "\"prompt_filter_results\":[{\"prompt_index\":0,"
		              "\"content_filter_results\":{}}]}");
	if (dialect(a)->role_always)
		return;
	open_delta(a, &b);
	sim_addf(&b, "\"role\":\"assistant\",\"content\":%s",
	         calls ? "null" : "\"\"");
	if (dialect(a)->obfuscation)
		sim_adds(&b, ",\"refusal\":null");
	close_delta(&b, NULL);
	if (dialect(a)->x_groq)
		sim_addf(&b, ",\"x_groq\":{\"id\":\"req_%u\"}", a->no);
	close_chunk(a, &b);
}

void oa_say_text(struct oa_answer *a, const char *v, size_t len)
{
	struct buf b;

	open_delta(a, &b);
	sim_adds(&b, a->refusal ? "\"refusal\":" : "\"content\":");
	ASSERT(js_quote(&b, v, len) == 0);
	close_delta(&b, NULL);
	close_chunk(a, &b);
}

void oa_say_call(struct oa_answer *a, size_t i, bool begin, const char *v,
                 size_t len)
{
	struct buf b;

	open_delta(a, &b);
	if (dialect(a)->role_always)
		sim_adds(&b, "\"content\":\"\",");
	sim_addf(&b, "\"tool_calls\":[{\"index\":%zu,",
	         dialect(a)->index_zero ? 0 : i);
	if (begin)
		sim_addf(&b, "\"id\":\"call_%u_%zu\",\"type\":\"function\",",
		         a->no, i);
	sim_adds(&b, "\"function\":{");
	if (begin)
		sim_addf(&b, "\"name\":\"%s\",", a->call[i].name);
	sim_adds(&b, "\"arguments\":");
	ASSERT(js_quote(&b, v, len) == 0);
	sim_adds(&b, "}}]");
	close_delta(&b, NULL);
	close_chunk(a, &b);
}

const char *oa_finish_reason(const struct oa_answer *a)
{
	if (a->finish)
		return a->finish;
	return a->n_calls ? "tool_calls" : "stop";
}

json_t *oa_usage(const struct oa_answer *a)
{
	json_t *usage = json_pack("{s:i, s:i, s:i}", "prompt_tokens",
	                          (int)a->prompt_tokens, "completion_tokens",
	                          (int)a->tokens, "total_tokens",
	                          (int)(a->prompt_tokens + a->tokens));

	if (dialect(a)->strict)
		json_object_set_new(usage, "prompt_tokens_details",
		                    json_pack("{s:i, s:i}", "cached_tokens", 0,
		                              "audio_tokens", 0));
	return usage;
}

static void add_usage(const struct oa_answer *a, struct buf *b)
{
	json_t *usage = oa_usage(a);

	ASSERT(js_dump(b, usage) == 0);
	json_decref(usage);
}

void oa_say_finish(struct oa_answer *a)
{
	const double ms = sim_ms(a->sim) - a->began_ms;
	struct buf b;

	open_delta(a, &b);
	if (dialect(a)->role_always)
		sim_adds(&b, "\"content\":\"\"");
	close_delta(&b, oa_finish_reason(a));
	if (dialect(a)->finish_usage && !a->no_usage) {
		sim_adds(&b, ",\"usage\":");
		add_usage(a, &b);
	}
	if (dialect(a)->timings)
		sim_addf(&b,
		         ",\"timings\":{\"prompt_n\":%u,\"predicted_n\":%u,"
		         "\"predicted_ms\":%.1f}",
		         a->prompt_tokens, a->tokens, ms);
	if (dialect(a)->x_groq) {
		sim_addf(&b,
		         ",\"x_groq\":{\"id\":\"req_%u\",\"usage\":", a->no);
		add_usage(a, &b);
		sim_adds(&b, "}");
	}
	close_chunk(a, &b);
}

void oa_say_usage(struct oa_answer *a)
{
	struct buf b;

	if (!a->include_usage || a->no_usage || dialect(a)->finish_usage ||
	    dialect(a)->x_groq)
		return;
	buf_init(&b, SIM_BUF_MAX);
	open_chunk(a, &b);
	sim_adds(&b, ",\"choices\":[],\"usage\":");
	add_usage(a, &b);
	sim_adds(&b, "}");
	oa_say_raw(a, buf_str(&b));
	buf_fini(&b);
}

json_t *oa_whole(const struct oa_answer *a)
{
	json_t *message = json_pack("{s:s}", "role", "assistant"), *calls;

	json_object_set_new(message, "content",
	                    a->text.len && !a->refusal
	                            ? json_string(buf_str(&a->text))
	                            : json_null());
	json_object_set_new(message, "refusal",
	                    a->refusal ? json_string(buf_str(&a->text))
	                               : json_null());
	calls = json_array();
	for (size_t i = 0; i < a->n_calls; i++)
		json_array_append_new(
			calls, json_pack("{s:o, s:s, s:{s:s, s:s}}", "id",
		                         json_sprintf("call_%u_%zu", a->no, i),
		                         "type", "function", "function", "name",
		                         a->call[i].name, "arguments",
		                         a->call[i].arguments));
	if (a->n_calls)
		json_object_set(message, "tool_calls", calls);
	json_decref(calls);
	return json_pack("{s:s, s:s, s:i, s:s, s:[{s:i, s:o, s:n, s:s}], s:o}",
	                 "id", a->id, "object", "chat.completion", "created",
	                 (int)a->created, "model", a->model, "choices", "index",
	                 0, "message", message, "logprobs", "finish_reason",
	                 oa_finish_reason(a), "usage", oa_usage(a));
}
