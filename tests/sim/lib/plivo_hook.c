#define _GNU_SOURCE
#include "tests/sim/lib/plivo_hook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_fetch.h"
#include "tests/sim/lib/plivo_sign.h"

enum {
	RETRY_MS = 100,    /* between tries; Plivo's spacing is not known */
	SHUFFLE_MS = 1500, /* a shuffled callback is at most this late */
	ONCE_CT_MS = 2000, /* time-outs where the rule does not apply */
	ONCE_RT_MS = 5000,
	FORM_MAX = 64 * 1024, /* [bytes] of parameters */
};

struct psim_hook {
	struct link link;
	struct psim *sim;
	const char *label;
	char call[PSIM_UUID_LEN];
	struct psim_url url; /* with the parameters, for GET */
	struct psim_rule rule;
	struct psim_pairs pairs;
	struct buf form;
	bool get, last, again;
	unsigned tries;
	uint64_t began_us, try_us;
	struct psim_fetch *fetch;
	struct timer timer;
	psim_hook_h *handler;
	void *arg;
};

int psim_hook_sign(const struct psim *s, struct buf *out, const char *url,
                   const struct psim_pairs *body)
{
	const char *token = s->o->auth_token;
	const char *main = s->o->main_token ? s->o->main_token : token;
	char own[PSIM_SIGNATURE_LEN], ma[PSIM_SIGNATURE_LEN];
	char nonce[PSIM_NONCE_LEN];
	int err;

	if (s->o->sign == PSIM_SIGN_OFF)
		return 0;
	psim_nonce(nonce);
	err = psim_sign(own, url, body, nonce, token);
	if (!err)
		err = psim_sign(ma, url, body, nonce, main);
	if (err)
		return err;
	if (s->o->sign == PSIM_SIGN_BAD) {
		own[3] = own[3] == 'A' ? 'B' : 'A';
		ma[3] = ma[3] == 'A' ? 'B' : 'A';
	}
	return buf_addf(out,
	                "X-Plivo-Signature-V3: %s\r\n"
	                "X-Plivo-Signature-Ma-V3: %s\r\n"
	                "X-Plivo-Signature-V3-Nonce: %s\r\n",
	                own, ma, nonce);
}

static void hook_free(struct psim_hook *h)
{
	psim_timer_stop(&h->sim->loop, &h->timer);
	psim_fetch_close(&h->fetch);
	list_remove(&h->link);
	h->sim->hook_count--;
	psim_pairs_fini(&h->pairs);
	buf_fini(&h->form);
	mem_free(h);
}

static void start_try(void *arg);

static void finish(struct psim_hook *h, const struct psim_message *m)
{
	struct psim *s = h->sim;
	const bool last = h->last;

	if (h->handler) {
		h->handler(m, h->arg);
		return;
	}
	if (h->again) {
		h->again = false;
		h->tries = 0;
		psim_fetch_close(&h->fetch);
		psim_timer(&s->loop, &h->timer, RETRY_MS, start_try, h);
		return;
	}
	hook_free(h);
	if (last || s->stopping)
		psim_settled(s);
}

static bool worth_a_retry(const struct psim_hook *h, enum psim_fetch_end end,
                          int status)
{
	const uint64_t spent = (psim_now_us() - h->began_us) / 1000;

	if (h->tries > h->rule.retries || spent + RETRY_MS >= h->rule.tt_ms)
		return false;
	switch (end) {
	case PSIM_FETCH_CONNECT:
		return h->rule.on_connect;
	case PSIM_FETCH_READ:
		return h->rule.on_read;
	case PSIM_FETCH_DONE:
		return (status / 100 == 4 && h->rule.on_4xx) ||
		       (status / 100 == 5 && h->rule.on_5xx);
	case PSIM_FETCH_TORN:
	default:
		return false;
	}
}

static json_t *params_json(const struct psim_hook *h)
{
	json_t *o = json_object();

	for (size_t i = 0; i < h->pairs.n; i++)
		json_object_set_new(o, h->pairs.v[i].k,
		                    json_string(h->pairs.v[i].v));
	return o;
}

static void report(struct psim_hook *h, enum psim_fetch_end end, int err,
                   int status)
{
	static const char *const ends[] = {"", "connect", "read", "torn"};
	json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:f, s:s, s:o}", "hook",
	                      h->label, "method", h->get ? "GET" : "POST",
	                      "try", (int)h->tries, "status", status, "ms",
	                      (double)(psim_now_us() - h->try_us) / 1000, "url",
	                      h->url.text, "params", params_json(h));

	if (end != PSIM_FETCH_DONE)
		json_object_set_new(o, "failed", json_string(ends[end]));
	if (err)
		json_object_set_new(o, "error", json_string(err_str(err)));
	psim_journal_put(&h->sim->journal, "webhook",
	                 h->call[0] ? h->call : NULL, -1, o);
}

static void on_fetched(enum psim_fetch_end end, int err,
                       const struct psim_message *m, void *arg)
{
	struct psim_hook *h = arg;
	const int status = m ? m->status : 0;

	report(h, end, err, status);
	if (worth_a_retry(h, end, status)) {
		psim_fetch_close(&h->fetch);
		psim_timer(&h->sim->loop, &h->timer, RETRY_MS, start_try, h);
		return;
	}
	finish(h, status / 100 == 2 ? m : NULL);
}

static void start_try(void *arg)
{
	struct psim_hook *h = arg;
	struct psim_fetch_params p = {.method = h->get ? "GET" : "POST",
	                              .ct_ms = h->rule.ct_ms,
	                              .rt_ms = h->rule.rt_ms};
	struct buf headers;
	uint64_t left;
	int err;

	h->tries++;
	h->try_us = psim_now_us();
	left = h->rule.tt_ms - (h->try_us - h->began_us) / 1000;
	if (p.rt_ms > left)
		p.rt_ms = (uint32_t)left;
	if (!h->get)
		p.body = str_n(buf_str(&h->form), h->form.len);
	buf_init(&headers, PSIM_HEAD_MAX);
	err = psim_hook_sign(h->sim, &headers, h->url.text,
	                     h->get ? NULL : &h->pairs);
	p.headers = buf_str(&headers);
	if (!err)
		err = psim_fetch_open(&h->fetch, &h->sim->loop, &h->url, &p,
		                      on_fetched, h);
	buf_fini(&headers);
	if (err)
		on_fetched(PSIM_FETCH_CONNECT, err, NULL, h);
}

/* GET: the parameters join the query that the URL already has. */
static int extend_url(struct psim_hook *h)
{
	struct buf b;
	int err;

	buf_init(&b, PSIM_URL_MAX - 1);
	err = buf_addf(&b, "%s%s", h->url.text,
	               strchr(h->url.text, '?') ? "&" : "?");
	if (!err)
		err = buf_add(&b, h->form.v, h->form.len);
	if (!err)
		err = psim_url_parse(&h->url, b.v);
	buf_fini(&b);
	return err;
}

static int prepare(struct psim_hook *h, const struct psim_hook_params *p)
{
	char why[32];
	int err = psim_url_parse(&h->url, p->url);

	if (!err && p->once)
		h->rule = (struct psim_rule){.ct_ms = ONCE_CT_MS,
		                             .rt_ms = ONCE_RT_MS,
		                             .tt_ms = ONCE_CT_MS + ONCE_RT_MS};
	else if (!err && psim_rule_parse(&h->rule, h->url.fragment, why)) {
		psim_journal_put(&h->sim->journal, "violation", p->call, -1,
		                 json_pack("{s:s, s:s, s:s}", "what",
		                           "retry rule in the fragment", "key",
		                           why, "url", p->url));
		err = psim_rule_parse(&h->rule, "", why);
	}
	if (!err)
		err = psim_pairs_encode(&h->pairs, &h->form);
	if (!err && h->get && h->pairs.n)
		err = extend_url(h);
	return err;
}

int psim_hook_open(struct psim_hook **hp, struct psim *s,
                   const struct psim_hook_params *p, psim_hook_h *handler,
                   void *arg)
{
	struct psim_hook *h = mem_zalloc(sizeof(*h));
	uint32_t delay = p->delay_ms + s->o->hook_ms;
	int err;

	if (!h)
		return -ENOMEM;
	list_init(&h->link);
	h->sim = s;
	h->label = p->label;
	(void)snprintf(h->call, sizeof(h->call), "%s", p->call ? p->call : "");
	h->get = p->get;
	h->last = p->last;
	h->again = s->o->duplicate && !handler;
	h->handler = handler;
	h->arg = arg;
	h->pairs = *p->pairs;
	p->pairs->n = 0;
	buf_init(&h->form, FORM_MAX);
	s->hook_count++;
	err = prepare(h, p);
	if (err) {
		hook_free(h);
		return err;
	}
	list_append(&s->hooks, &h->link);
	if (s->o->shuffle && !handler) {
		uint16_t r;

		crypto_random(&r, sizeof(r));
		delay += r % SHUFFLE_MS;
	}
	h->began_us = psim_now_us() + delay * UINT64_C(1000);
	psim_timer(&s->loop, &h->timer, delay, start_try, h);
	if (handler)
		*hp = h;
	return 0;
}

void psim_hook_close(struct psim_hook **hp)
{
	if (*hp)
		hook_free(*hp);
	*hp = NULL;
}

void psim_hook_close_all(struct psim *s)
{
	while (!list_empty(&s->hooks))
		hook_free(CONTAINER_OF(s->hooks.next, struct psim_hook, link));
}
