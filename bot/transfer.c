#include "bot/transfer.h"

#include <errno.h>
#include <string.h>

#include "bot/tool_transfer.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	CONNECT_MS = 2000,
	ANSWER_MS = 10000, /* the server waits 8 s for Plivo */
	BODY_MAX = 1024,   /* [bytes] */
	SECRET_MAX = 1024, /* [bytes] of a header */
};

struct transfer {
	const struct tool_fetch *fetch;
	const char *call_id;
	struct fetch_req *req;
	transfer_h *handler;
	void *arg;
};

static int refusal(struct buf *out, const struct fetch_result *r)
{
	json_t *o = js_parse(r->body, r->body_len, NULL, 0);
	int err;

	err = tools_error(out, r->err ? "the call could not be transferred: "
	                                "there is no answer"
	                              : js_str(o, "detail",
	                                       "the call could not be "
	                                       "transferred"));
	json_decref(o);
	return err;
}

static void on_done(const struct fetch_result *r, void *arg)
{
	struct transfer *t = arg;
	const bool agreed = !r->err && r->status / 100 == 2;
	struct buf out;
	int err;

	t->req = NULL;
	log_line(agreed ? LOG_INFO : LOG_WARN, "transfer", t->call_id,
	         "event=answered status=%d ms=%u why=%s", r->status,
	         r->total_ms, LOG_TEXT(r->err ? err_str(r->err) : ""));
	buf_init(&out, 8 * TOOL_ANSWER_MAX);
	err = agreed ? buf_adds(&out, "{\"ok\":true}") : refusal(&out, r);
	if (err)
		t->handler(false, str_of("{\"error\":\"out of memory\"}"),
		           t->arg);
	else
		t->handler(agreed, str_n(buf_str(&out), out.len), t->arg);
	buf_fini(&out);
}

static int write_body(struct buf *out, const struct transfer_params *prm)
{
	int err = buf_adds(out, "{\"call_id\":");

	if (!err)
		err = js_quote(out, prm->call_id, strlen(prm->call_id));
	if (!err)
		err = buf_adds(out, ",\"to\":");
	if (!err)
		err = js_quote(out, prm->to->to, strlen(prm->to->to));
	if (!err)
		err = buf_adds(out, ",\"label\":");
	if (!err)
		err = js_quote(out, prm->to->label, strlen(prm->to->label));
	return err ? err : buf_addf(out, ",\"timeout_sec\":%u}", prm->ring_sec);
}

int transfer_open(struct transfer **tp, const struct transfer_params *prm,
                  transfer_h *handler, void *arg)
{
	struct transfer *t = mem_zalloc(sizeof(*t));
	const char *headers[3] = {"Content-Type: application/json"};
	struct buf body, secret;
	int err;

	if (!t)
		return -ENOMEM;
	*t = (struct transfer){.fetch = prm->fetch,
	                       .call_id = prm->call_id,
	                       .handler = handler,
	                       .arg = arg};
	buf_init(&body, BODY_MAX);
	buf_init(&secret, SECRET_MAX);
	err = write_body(&body, prm);
	if (!err && prm->secret)
		err = buf_addf(&secret, "Authorization: Bearer %s",
		               prm->secret);
	if (!err && secret.len)
		headers[1] = buf_str(&secret);
	if (!err)
		err = prm->fetch->start(
			&t->req,
			&(struct fetch_params){.method = "POST",
		                               .url = prm->url,
		                               .headers = headers,
		                               .body = buf_str(&body),
		                               .body_len = body.len,
		                               .connect_ms = CONNECT_MS,
		                               .total_ms = ANSWER_MS,
		                               .max_body = TOOL_ANSWER_MAX,
		                               .fresh = true,
		                               .done = on_done,
		                               .arg = t},
			prm->fetch->arg);
	buf_fini(&body);
	buf_fini(&secret);
	if (err)
		mem_free(t);
	else
		*tp = t;
	return err;
}

void transfer_close(struct transfer **tp)
{
	struct transfer *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	t->fetch->cancel(&t->req);
	mem_free(t);
}
