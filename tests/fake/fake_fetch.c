/* Hosts that answer the requests of tools in virtual time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bot/tool_call.h"
#include "common/mem.h"
#include "tests/flow/flow_impl.h"
#include "tests/harness/test.h"

struct fake_req {
	struct flow *f;
	struct flow_tool *seen;
	struct flow_http answer;
	struct timer timer;
	fetch_done_h *done;
	void *arg;
};

static void on_timer(void *arg)
{
	struct fake_req *r = arg;
	const struct fetch_result res = {
		.err = r->answer.err,
		.status = r->answer.err ? 0 : r->answer.status,
		.body = r->answer.body ? r->answer.body : "",
		.body_len = r->answer.body ? strlen(r->answer.body) : 0,
		.total_ms = r->answer.ms,
	};

	r->done(&res, r->arg);
	mem_free(r);
}

static void note(struct flow_tool *seen, const struct fetch_params *prm)
{
	const size_t cap = sizeof(seen->text);
	size_t n = (size_t)snprintf(seen->text, cap, "%s %s", prm->method,
	                            prm->url);

	for (size_t i = 0; prm->headers[i] && n < cap; i++)
		n += (size_t)snprintf(seen->text + n, cap - n, "|%s",
		                      prm->headers[i]);
	if (prm->body && n < cap)
		(void)snprintf(seen->text + n, cap - n, "|%.*s",
		               (int)prm->body_len, prm->body);
	seen->timeout_ms = prm->total_ms;
	seen->public_only = prm->public_only;
	CHECK_INT(TOOL_ANSWER_MAX, prm->max_body);
}

static int fake_start(struct fetch_req **rp, const struct fetch_params *prm,
                      void *arg)
{
	struct flow *f = arg;
	struct fake_req *r = mem_zalloc(sizeof(*r));

	CHECK(r && f->n_tools < FLOW_HTTP);
	r->f = f;
	r->done = prm->done;
	r->arg = prm->arg;
	r->answer = (struct flow_http){.ms = 100, .status = 200};
	if (f->n_tools < f->n_http)
		r->answer = f->http[f->n_tools];
	r->seen = &f->tools[f->n_tools++];
	r->seen->at_ms = flow_now(f);
	note(r->seen, prm);
	if (r->answer.ms > prm->total_ms) {
		r->answer.ms = prm->total_ms;
		r->answer.err = -ETIMEDOUT;
	}
	timer_start(f->ts, &r->timer, r->answer.ms, on_timer, r);
	*rp = (struct fetch_req *)(void *)r;
	return 0;
}

static void fake_cancel(struct fetch_req **rp)
{
	struct fake_req *r = (struct fake_req *)(void *)*rp;

	*rp = NULL;
	if (!r)
		return;
	r->seen->cancelled = true;
	timer_stop(r->f->ts, &r->timer);
	mem_free(r);
}

void fake_fetch_init(struct tool_fetch *fetch, struct flow *f)
{
	*fetch = (struct tool_fetch){fake_start, fake_cancel, f};
}

void flow_http(struct flow *f, uint32_t ms, int status, const char *body)
{
	CHECK(f->n_http < FLOW_HTTP);
	f->http[f->n_http++] =
		(struct flow_http){.ms = ms, .status = status, .body = body};
}
