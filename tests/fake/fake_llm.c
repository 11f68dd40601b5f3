/* A model that gives its scripted answers word by word. */
#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/flow_impl.h"

enum { FIRST_TOKEN_MS = 8000, STALL_MS = 5000 /* unless asked otherwise */ };

struct fake_llm {
	struct llm base;
	struct flow *f;
	struct flow_answer answer;
	struct flow_request *req;
	struct timer next;
	const char *left;
	size_t tokens;
	uint32_t stall_ms; /* it is given up after so long */
};

static void note_request(struct flow_request *req, const struct llm_params *prm)
{
	static const char *const roles[] = {"system", "callee", "bot", "tool"};
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < prm->n_msgs; i++) {
		const struct llm_msg *m = &prm->msgs[i];
		int err = buf_addf(&b, "%s%s: %s", b.len ? "|" : "",
		                   roles[m->role], m->text);

		for (size_t k = 0; k < m->n_calls && !err; k++)
			err = buf_addf(&b, "[%s %s]", m->calls[k].name,
			               m->calls[k].id);
		ASSERT(!err);
	}
	req->text = mem_strdup(buf_str(&b));
	buf_fini(&b);
}

static bool give_call(struct fake_llm *p, const char *name, const char *args,
                      const char *id)
{
	const struct llm_event ev = {
		.type = LLM_TOOL_CALL,
		.call = {.id = id, .name = name, .arguments = args},
	};

	return !name || llm_emit(&p->base, &ev);
}

static void finish(struct fake_llm *p)
{
	struct llm_event ev = {.type = LLM_DONE};

	if (p->answer.err) {
		ev.type = LLM_FAILED;
		ev.err = p->answer.err;
		ev.retry_ms = p->answer.retry_ms;
	} else if (!give_call(p, p->answer.call, p->answer.args, "c1") ||
	           !give_call(p, p->answer.call2, p->answer.args2, "c2")) {
		return;
	}
	p->req->done = true;
	llm_emit(&p->base, &ev);
}

/* As the vtable's law has it: silence beyond the limits is a failure. */
static void on_late(void *arg)
{
	struct fake_llm *p = arg;

	p->answer.err = -ETIMEDOUT;
	finish(p);
}

static void on_next(void *arg)
{
	struct fake_llm *p = arg;
	const char *text = p->left;
	struct llm_event ev = {.type = LLM_TEXT};
	size_t n = 0;

	if (!text || !*text) {
		finish(p);
		return;
	}
	if (p->answer.stall_after && p->tokens == p->answer.stall_after) {
		timer_start(p->f->ts, &p->next, p->stall_ms, on_late, p);
		return;
	}
	while (text[n] == ' ')
		n++;
	while (text[n] && text[n] != ' ')
		n++;
	p->left = text + n;
	p->tokens++;
	ev.text = text;
	ev.text_len = n;
	timer_start(p->f->ts, &p->next, p->answer.token_ms, on_next, p);
	llm_emit(&p->base, &ev);
}

static int fake_open(struct llm **llmp, struct net *net,
                     const struct llm_params *prm)
{
	struct fake_llm *p = mem_zalloc(sizeof(*p));
	struct flow *f = flow_of(prm->cfg);
	uint32_t patience;

	(void)net;
	if (!p)
		return -ENOMEM;
	ASSERT(f->n_requests < FLOW_REQUESTS);
	p->f = f;
	f->second[1] += flow_is_second(prm->cfg);
	p->req = &f->requests[f->n_requests++];
	p->req->at_ms = flow_now(f);
	note_request(p->req, prm);
	p->answer = (struct flow_answer){.text = "Yes.", .first_ms = 100};
	if (f->used_answers < f->n_answers)
		p->answer = f->answers[f->used_answers++];
	p->left = p->answer.text;
	p->stall_ms = prm->stall_ms ? prm->stall_ms : STALL_MS;
	patience = prm->first_token_ms ? prm->first_token_ms : FIRST_TOKEN_MS;
	if (p->answer.first_ms > patience)
		timer_start(f->ts, &p->next, patience, on_late, p);
	else
		timer_start(f->ts, &p->next, p->answer.first_ms, on_next, p);
	if (f->askedh)
		f->askedh(f);
	*llmp = &p->base;
	return 0;
}

static void fake_close(struct llm *llm)
{
	struct fake_llm *p = CONTAINER_OF(llm, struct fake_llm, base);

	if (!p->req->done && !p->req->closed_ms)
		p->req->closed_ms = flow_now(p->f);
	timer_stop(p->f->ts, &p->next);
	mem_free(p);
}

const struct llm_ops fake_llm_ops = {
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
};
