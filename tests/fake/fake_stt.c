/* A recogniser that says what the script says, when it says it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/flow/flow_impl.h"

enum { LOUD = 1000 };

struct fake_stt {
	struct stt base;
	struct flow *f;
	struct timer next;
	bool dead, later; /* not the first of the call */
	uint32_t hz;
	uint64_t samples; /* pushed */
};

static void arm(struct fake_stt *p);

/* A moment of the call in the sound that was pushed; 0: the last one [ms] */
static uint32_t place_ms(const struct fake_stt *p, uint32_t upto_ms)
{
	const uint32_t pushed = (uint32_t)(p->samples * 1000 / p->hz);
	const uint32_t ago = upto_ms ? flow_now(p->f) - upto_ms : 0;

	return pushed > ago ? pushed - ago : 0;
}

static void on_next(void *arg)
{
	struct fake_stt *p = arg;
	struct flow *f = p->f;

	for (size_t i = 0; i < f->n_news; i++) {
		struct flow_news *n = &f->news[i];
		struct stt_event ev = {0};

		if (n->type < 0 || n->at_ms > flow_now(f))
			continue;
		ev.type = (enum stt_event_type)n->type;
		ev.text = n->text;
		ev.text_len = n->text ? strlen(n->text) : 0;
		ev.err = n->err;
		ev.begin_ms = ev.end_ms = place_ms(p, n->upto_ms);
		n->type = -1;
		n->told_ms = flow_now(f);
		p->dead = ev.type == STT_FAILED;
		if (!stt_emit(&p->base, &ev) || p->dead)
			return;
	}
	arm(p);
}

static void arm(struct fake_stt *p)
{
	uint32_t first = UINT32_MAX;

	for (size_t i = 0; i < p->f->n_news; i++)
		if (p->f->news[i].type >= 0 && p->f->news[i].at_ms < first)
			first = p->f->news[i].at_ms;
	timer_stop(p->f->ts, &p->next);
	if (first != UINT32_MAX)
		timer_start_at(p->f->ts, &p->next, flow_us(first), on_next, p);
}

void fake_stt_look(struct stt *stt)
{
	struct fake_stt *p = CONTAINER_OF(stt, struct fake_stt, base);

	if (!p->dead)
		arm(p);
}

static int fake_open(struct stt **sttp, struct net *net,
                     const struct stt_params *prm)
{
	struct fake_stt *p = mem_zalloc(sizeof(*p));

	(void)net;
	if (!p)
		return -ENOMEM;
	p->f = flow_of(prm->cfg);
	p->hz = prm->hz;
	p->f->stt_opens++;
	p->later = p->f->stt_opens > 1;
	p->f->second[0] += flow_is_second(prm->cfg);
	arm(p);
	*sttp = &p->base;
	return 0;
}

static int fake_push(struct stt *stt, const struct pcm *pcm)
{
	struct fake_stt *p = CONTAINER_OF(stt, struct fake_stt, base);

	p->samples += pcm->n;
	p->f->stt_samples += pcm->n;
	if (p->later && !p->f->replayed)
		p->f->replayed = pcm->n;
	for (size_t i = 0; i < pcm->n; i++)
		p->f->stt_loud += abs(pcm->v[i]) > LOUD;
	return 0;
}

static int fake_flush(struct stt *stt)
{
	struct fake_stt *p = CONTAINER_OF(stt, struct fake_stt, base);
	struct flow *f = p->f;
	const uint32_t at = flow_now(f) + f->opts.flush_ms;

	f->flushes++;
	/* Finals without a time of their own come now. */
	for (size_t i = 0; i < f->n_news; i++)
		if (f->news[i].type == STT_FINAL &&
		    f->news[i].at_ms == UINT32_MAX && f->news[i].err == 0) {
			f->news[i].at_ms = at;
			break;
		}
	if (!f->opts.never_flushed)
		flow_flushed(f, at);
	arm(p);
	return 0;
}

static void fake_close(struct stt *stt)
{
	struct fake_stt *p = CONTAINER_OF(stt, struct fake_stt, base);

	timer_stop(p->f->ts, &p->next);
	mem_free(p);
}

const struct stt_ops fake_stt_ops = {
	.name = "fake",
	.open = fake_open,
	.push = fake_push,
	.flush = fake_flush,
	.close = fake_close,
};

const struct stt_ops fake_flux_ops = {
	.name = "fake",
	.decides_turns = true,
	.open = fake_open,
	.push = fake_push,
	.flush = fake_flush,
	.close = fake_close,
};

/* ---- the net and the listener -------------------------------------------- */

static float fake_step(void *state, const void *model,
                       const int16_t pcm[VAD_CHUNK])
{
	int loud = 0;

	(void)state;
	(void)model;
	for (int i = 0; i < VAD_CHUNK; i++)
		loud += abs(pcm[i]) > LOUD;
	return loud > VAD_CHUNK / 4 ? 0.95F : 0.02F;
}

const struct vad_ops fake_vad_ops = {
	.name = "fake",
	.state_size = 1,
	.step = fake_step,
};

struct fake_eot {
	struct eot base;
	struct flow *f;
	struct timer answer;
	uint32_t ask;
	enum endpoint_verdict verdict;
};

static int eot_open_fake(struct eot **ep, void *env)
{
	struct fake_eot *p = mem_zalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->f = env;
	*ep = &p->base;
	return 0;
}

static void on_answer(void *arg)
{
	struct fake_eot *p = arg;

	if (p->base.answerh)
		p->base.answerh(p->ask, p->verdict, p->base.arg);
}

static void eot_push_fake(struct eot *e, const struct pcm *pcm, bool speech)
{
	(void)e;
	(void)pcm;
	(void)speech;
}

static void eot_begin_fake(struct eot *e, uint32_t ago_ms)
{
	struct fake_eot *p = CONTAINER_OF(e, struct fake_eot, base);

	p->f->turns_begun++;
	p->f->turn_ago_ms = ago_ms;
}

static void eot_ask_fake(struct eot *e, uint32_t ask, uint32_t within_ms)
{
	struct fake_eot *p = CONTAINER_OF(e, struct fake_eot, base);
	struct flow *f = p->f;
	char verdict = 'C';

	if (f->verdicts && f->verdicts[0]) {
		verdict = f->verdicts[0];
		if (f->verdicts[1])
			f->verdicts++;
	}
	f->verdicts_asked++;
	f->verdict_within_ms = within_ms;
	p->ask = ask;
	p->verdict = verdict == 'C'   ? ENDPOINT_COMPLETE
	             : verdict == 'I' ? ENDPOINT_INCOMPLETE
	                              : ENDPOINT_NO_MODEL;
	if (verdict != '-')
		timer_start(f->ts, &p->answer, f->verdict_ms, on_answer, p);
}

static void eot_close_fake(struct eot *e)
{
	struct fake_eot *p = CONTAINER_OF(e, struct fake_eot, base);

	timer_stop(p->f->ts, &p->answer);
	mem_free(p);
}

const struct eot_ops fake_eot_ops = {
	.name = "fake",
	.open = eot_open_fake,
	.push = eot_push_fake,
	.begin = eot_begin_fake,
	.ask = eot_ask_fake,
	.close = eot_close_fake,
};
