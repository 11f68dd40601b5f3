#include "bot/tool_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"

enum {
	CONNECT_MS = 3000,
	EXCUSE_MAX = 500,      /* [bytes] of a refusal's text */
	SECRET_MAX = 8 * 1024, /* [bytes] */
};

struct tool_call {
	const struct tool_fetch *fetch;
	const struct tool *tool;
	const char *call_id;
	struct fetch_req *req;
	tool_call_h *handler;
	void *arg;
};

/* ---- the result ------------------------------------------------------------- */

static int no_answer(struct buf *out, const struct tool_call *c, int err)
{
	char what[96];

	switch (err) {
	case -ETIMEDOUT:
		snprintf(what, sizeof(what), "there was no answer within %u ms",
		         c->tool->http->timeout_ms);
		return tools_error(out, what);
	case ERR_LIMIT:
		return tools_error(out, "the answer is longer than 64 KiB");
	case -EACCES:
		return tools_error(out, "the host's address is not public");
	default:
		return tools_error(out, err_str(err));
	}
}

static int refusal(struct buf *out, const struct fetch_result *r)
{
	const size_t n = utf8_cut(r->body, r->body_len, EXCUSE_MAX);
	int err = buf_addf(
		out, "{\"error\":\"the server answered %d%s\"", r->status,
		r->status / 100 == 3 ? "; redirects are not followed" : "");

	if (!err && n) {
		err = buf_adds(out, ",\"text\":");
		if (!err)
			err = js_quote(out, r->body, n);
	}
	return err ? err : buf_adds(out, "}");
}

static int answer(struct buf *out, const struct fetch_result *r)
{
	const size_t n = utf8_cut(r->body, r->body_len, TOOL_RESULT_MAX);
	int err;

	if (!n)
		return buf_addf(out, "{\"ok\":true,\"status\":%d}", r->status);
	err = buf_add(out, r->body, n);
	if (!err && n < r->body_len)
		err = buf_adds(out, " (cut off here)");
	return err;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct tool_call *c = arg;
	struct buf out;
	int err;

	c->req = NULL;
	log_line(r->err || r->status / 100 != 2 ? LOG_WARN : LOG_INFO, "tool",
	         c->call_id, "event=answered tool=%s status=%d ms=%u why=%s",
	         c->tool->name, r->status, r->total_ms,
	         LOG_TEXT(r->err ? err_str(r->err) : ""));
	buf_init(&out, TOOL_RESULT_MAX + 4 * EXCUSE_MAX);
	if (r->err)
		err = no_answer(&out, c, r->err);
	else if (r->status / 100 != 2)
		err = refusal(&out, r);
	else
		err = answer(&out, r);
	if (err)
		c->handler(str_of("{\"error\":\"out of memory\"}"), c->arg);
	else
		c->handler(str_n(buf_str(&out), out.len), c->arg);
	buf_fini(&out);
}

/* ---- the request ------------------------------------------------------------ */

static bool has_header(const struct tool_http *h, const char *name)
{
	for (size_t i = 0; i < h->n_headers; i++) {
		struct str line = str_of(h->headers[i]);

		if (str_eq_nocase(str_cut(&line, ':'), name))
			return true;
	}
	return false;
}

/* The secret is read when it is used, and kept nowhere. */
static int add_secret(struct buf *out, const struct tool_http *h)
{
	const char *secret;

	if (!h->secret_env)
		return 0;
	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	secret = getenv(h->secret_env);
	return secret ? buf_addf(out, "Authorization: Bearer %s", secret)
	              : ERR_AUTH;
}

static int start(struct tool_call *c, const char *url, struct str args)
{
	const struct tool_http *h = c->tool->http;
	const char *headers[TOOL_HEADERS_MAX + 3] = {NULL};
	struct fetch_params prm = {.method = h->method,
	                           .url = url,
	                           .headers = headers,
	                           .connect_ms = CONNECT_MS,
	                           .total_ms = h->timeout_ms,
	                           .max_body = TOOL_ANSWER_MAX,
	                           .fresh = h->body,
	                           .public_only = !h->allow_private,
	                           .done = on_done,
	                           .arg = c};
	struct buf secret;
	size_t n = 0;
	int err;

	buf_init(&secret, SECRET_MAX);
	err = add_secret(&secret, h);
	for (; n < h->n_headers; n++)
		headers[n] = h->headers[n];
	if (h->body && !has_header(h, "content-type"))
		headers[n++] = "Content-Type: application/json";
	if (secret.len)
		headers[n++] = secret.v;
	if (h->body) {
		prm.body = args.v;
		prm.body_len = args.len;
	}
	if (!err)
		err = c->fetch->start(&c->req, &prm, c->fetch->arg);
	buf_fini(&secret);
	return err;
}

/* What @err is to the model; the error stays one. */
static int explain(struct buf *out, const char *what, int err)
{
	const int add = tools_error(out, what[0] ? what : err_str(err));

	return add ? add : err;
}

int tool_call_open(struct tool_call **cp, const struct tool_call_params *prm,
                   struct buf *fault, tool_call_h *handler, void *arg)
{
	struct tool_call *c = mem_zalloc(sizeof(*c));
	char what[TOOL_FAULT_MAX] = "";
	struct buf url;
	int err;

	if (!c)
		return explain(fault, "", -ENOMEM);
	*c = (struct tool_call){.fetch = prm->fetch,
	                        .tool = prm->tool,
	                        .call_id = prm->call_id,
	                        .handler = handler,
	                        .arg = arg};
	buf_init(&url, TOOL_URL_MAX);
	err = tool_http_url(prm->tool->http, prm->args, &url, what);
	if (!err)
		err = start(c, buf_str(&url), prm->args);
	buf_fini(&url);
	if (err) {
		mem_free(c);
		return explain(fault, what, err);
	}
	*cp = c;
	return 0;
}

void tool_call_close(struct tool_call **cp)
{
	struct tool_call *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	c->fetch->cancel(&c->req);
	mem_free(c);
}

static int net_start(struct fetch_req **rp, const struct fetch_params *prm,
                     void *arg)
{
	return fetch_start(net_fetch(arg), rp, prm);
}

struct tool_fetch tool_fetch_net(struct net *net)
{
	return (struct tool_fetch){net_start, fetch_cancel, net};
}
