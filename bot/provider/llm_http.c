#include "bot/provider/llm_http.h"

#include <errno.h>
#include <string.h>

#include "bot/net/net.h"
#include "bot/provider/reconnect.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	FIRST_TOKEN_MS = 8000,
	STALL_MS = 5000,
	CONNECT_MS = 5000,
	TAIL_MS = 50,              /* from the last event to the body's end */
	REFUSAL_MAX = 64 * 1024,   /* [bytes] kept of an error's body */
	RETRY_MAX_SEC = 3600,      /* a longer wish is no wish */
	CALL_ARGS_MAX = 16 * 1024, /* [bytes] a model that raves */
	URL_MAX = 1024,            /* [bytes] */
	KEY_HEADER_MAX = 1024,     /* [bytes] with its key */
};

static struct timers *clock_of(const struct llm_http *h)
{
	return net_timers(h->net);
}

static void release(struct llm_http *h)
{
	for (size_t i = 0; i < h->n_calls; i++)
		buf_fini(&h->calls[i].args);
	sse_fini(&h->sse);
	mem_free(h);
}

/* The last event. */
static void fail(struct llm_http *h, int err, int status, uint32_t retry_ms)
{
	timer_stop(clock_of(h), &h->wait);
	fetch_cancel(&h->req);
	llm_emit(&h->llm, &(struct llm_event){.type = LLM_FAILED,
	                                      .err = err,
	                                      .status = status,
	                                      .retry_ms = retry_ms});
}

static bool emit_calls(struct llm_http *h)
{
	for (size_t i = 0; i < h->n_calls; i++) {
		struct llm_http_call *c = &h->calls[i];
		struct llm_event ev = {
			.type = LLM_TOOL_CALL,
			.call = {c->id, c->name, buf_str(&c->args)}};

		if (*c->name && !llm_emit(&h->llm, &ev))
			return false;
	}
	return true;
}

static void complete(struct llm_http *h)
{
	if (!emit_calls(h))
		return;
	h->usage.type = LLM_DONE;
	if (h->n_calls)
		h->usage.finish = LLM_TOOL_CALLS;
	llm_emit(&h->llm, &h->usage);
}

static void waited(void *arg)
{
	struct llm_http *h = arg;

	/* All has been said; only the end of the body stays away. */
	if (!h->failed && (h->finished || h->done)) {
		fetch_cancel(&h->req);
		complete(h);
		return;
	}
	log_line(LOG_WARN, h->dialect->name, h->call_id,
	         "event=stalled after=%zu", h->answered);
	fail(h, -ETIMEDOUT, 0, 0);
}

int llm_http_text(struct llm_http *h, const char *text)
{
	struct llm_event ev = {
		.type = LLM_TEXT, .text = text, .text_len = strlen(text)};

	if (h->answered + ev.text_len > LLM_ANSWER_MAX)
		return ERR_LIMIT;
	h->answered += ev.text_len;
	if (ev.text_len && !llm_emit(&h->llm, &ev))
		return -ECANCELED;
	return 0;
}

struct llm_http_call *llm_http_call_at(struct llm_http *h, int64_t index,
                                       const char *id)
{
	for (size_t i = h->n_calls; i-- > 0;) {
		struct llm_http_call *c = &h->calls[i];

		if (c->index == index && (!*id || !strcmp(c->id, id)))
			return c;
	}
	if (h->n_calls == LLM_TOOL_CALLS_MAX)
		return NULL;
	h->calls[h->n_calls].index = index;
	buf_init(&h->calls[h->n_calls].args, CALL_ARGS_MAX);
	return &h->calls[h->n_calls++];
}

int llm_http_call_add(struct llm_http_call *c, const char *id, const char *name,
                      const char *arguments)
{
	int err = 0;

	if (*id)
		err = str_copy(c->id, sizeof(c->id), str_of(id));
	if (!err && *name)
		err = str_copy(c->name, sizeof(c->name), str_of(name));
	return err ? err : buf_adds(&c->args, arguments);
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct llm_http *h = arg;
	json_t *msg;
	int err;

	if (!strcmp(data, "[DONE]")) {
		h->done = true;
		return 0;
	}
	msg = js_parse(data, len, NULL, 0);
	err = json_is_object(msg) ? h->dialect->event(h, msg) : ERR_PROTO;
	json_decref(msg);
	return err;
}

static int on_bytes(const char *v, size_t len, void *arg)
{
	struct llm_http *h = arg;
	int err;

	timer_start(clock_of(h), &h->wait, h->stall_ms, waited, h);
	h->feeding = true;
	err = sse_feed(&h->sse, v, len, on_data, h);
	h->feeding = false;
	if (h->closed) {
		release(h);
		return -ECANCELED;
	}
	if (err) {
		h->failed = true;
		h->err = err;
	} else if (h->done) {
		timer_start(clock_of(h), &h->wait, TAIL_MS, waited, h);
	}
	return err;
}

/* Only the code tells "slow down" from "you have no money left". */
static bool is_about_money(const char *code)
{
	static const char *const words[] = {"quota", "credit_balance",
	                                    "spend_limit", "usage_limit"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(code, words[i]))
			return true;
	return false;
}

/* A refusal: what the body says beside the status. */
static int refusal(struct llm_http *h, const struct fetch_result *r)
{
	json_t *msg = js_parse(r->body ? r->body : "", r->body_len, NULL, 0);
	const json_t *error = json_object_get(msg, "error");
	const char *code = js_str(error, "code", js_str(error, "type", ""));
	int err = provider_status_err(r->status);

	if (r->status == 429 && is_about_money(code))
		err = -EDQUOT;
	log_line(LOG_WARN, h->dialect->name, h->call_id,
	         "event=refused status=%d code=%s text=%s request_id=%s",
	         r->status, LOG_TEXT(code),
	         LOG_TEXT(js_str(error, "message", "")),
	         LOG_TEXT(r->request_id));
	json_decref(msg);
	return err;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct llm_http *h = arg;
	uint32_t retry =
		r->retry_after_sec > 0 && r->retry_after_sec < RETRY_MAX_SEC
			? (uint32_t)r->retry_after_sec * 1000
			: 0;

	h->req = NULL;
	timer_stop(clock_of(h), &h->wait);
	if (h->failed) {
		fail(h, h->err, r->status, 0);
	} else if (r->status && r->status != 200) {
		fail(h, refusal(h, r), r->status, retry);
	} else if (r->err && !h->done && !h->finished) {
		fail(h, r->err, 0, 0);
	} else if (!h->finished && !h->done) {
		/* Cut off, or a body that is no stream of events. */
		fail(h, h->answered ? -ECONNRESET : ERR_PROTO, r->status, 0);
	} else {
		complete(h);
	}
}

void llm_http_close(struct llm *llm)
{
	struct llm_http *h = CONTAINER_OF(llm, struct llm_http, llm);

	timer_stop(clock_of(h), &h->wait);
	fetch_cancel(&h->req);
	if (h->feeding)
		h->closed = true;
	else
		release(h);
}

static int start(struct llm **llmp, struct net *net,
                 const struct llm_params *prm,
                 const struct llm_dialect *dialect, const char *url,
                 const char *const *headers, const struct buf *body)
{
	struct llm_http *h = mem_zalloc(sizeof(*h));
	struct fetch_params f = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = buf_str(body),
		.body_len = body->len,
		.connect_ms = CONNECT_MS,
		.max_body = REFUSAL_MAX,
		.http2 = true,
		.fresh = prm->fresh,
		.data = on_bytes,
		.done = on_done,
		.arg = h,
	};
	int err;

	if (!h)
		return -ENOMEM;
	h->net = net;
	h->dialect = dialect;
	h->stall_ms = prm->stall_ms ? prm->stall_ms : STALL_MS;
	sse_init(&h->sse);
	err = str_copy(h->call_id, sizeof(h->call_id),
	               str_of(prm->call_id ? prm->call_id : "-"));
	if (!err)
		err = fetch_start(net_fetch(net), &h->req, &f);
	if (err) {
		llm_http_close(&h->llm);
		return err;
	}
	timer_start(clock_of(h), &h->wait,
	            prm->first_token_ms ? prm->first_token_ms : FIRST_TOKEN_MS,
	            waited, h);
	*llmp = &h->llm;
	return 0;
}

int llm_http_open(struct llm **llmp, struct net *net,
                  const struct llm_params *prm,
                  const struct llm_dialect *dialect)
{
	const struct provider_cfg *cfg = prm->cfg;
	const char *base = cfg->url ? cfg->url : dialect->base;
	const char *headers[4] = {"Content-Type: application/json"};
	struct buf url, auth, body;
	size_t n = 1;
	int err;

	buf_init(&url, URL_MAX);
	buf_init(&auth, KEY_HEADER_MAX);
	buf_init(&body, LLM_HTTP_REQUEST_MAX);
	err = buf_addf(&url, "%s%s%s", base,
	               base[strlen(base) - 1] == '/' ? "" : "/", dialect->path);
	if (!err && cfg->key) {
		err = buf_addf(&auth, "%s%s", dialect->key_header, cfg->key);
		headers[n++] = buf_str(&auth);
	}
	headers[n] = dialect->header;
	if (!err)
		err = dialect->request(&body, prm);
	if (!err)
		err = start(llmp, net, prm, dialect, buf_str(&url), headers,
		            &body);
	buf_fini(&url);
	buf_fini(&auth);
	buf_fini(&body);
	return err;
}
