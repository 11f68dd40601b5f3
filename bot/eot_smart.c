#include "bot/eot_smart.h"

#include <errno.h>

#include "bot/engine/engine.h"
#include "bot/engine/smart_turn.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	/* [ms] of sound that a look has before the speech, as in what the net
	 * was trained on. */
	BEFORE_MS = 500,
	/* [ms] of silence after which nobody expects the turn to go on, so that
	 * its frames need not be at hand. */
	FOLLOW_MS = 4000,
};

struct smart {
	struct eot base;
	struct engine *engine;
	struct turn_mel *mel; /* of the line's rate; NULL: no sound yet */
	uint32_t hz;
	uint32_t quiet_ms; /* since speech was heard; up to FOLLOW_MS */
	uint64_t ticket;   /* of the question in the pool; 0: none */
};

struct question {
	struct pool_job base;
	struct smart *owner; /* gone if the job was cancelled */
	struct smart_turn *net;
	uint32_t ask;
	float probability;
	struct turn_frame frames[TURN_MEL_FRAMES];
};

static struct smart *smart_of(struct eot *e)
{
	return CONTAINER_OF(e, struct smart, base);
}

static void forget(struct smart *s)
{
	pool_cancel(engine_pool(s->engine), s->ticket);
	s->ticket = 0;
}

static int smart_open(struct eot **ep, void *env)
{
	struct smart *s;

	if (!env || !engine_turn(env))
		return -EINVAL;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->engine = env;
	s->quiet_ms = FOLLOW_MS;
	*ep = &s->base;
	return 0;
}

/* A line that came back may have another rate; its past is lost. */
static int set_rate(struct smart *s, uint32_t hz)
{
	if (s->mel && s->hz == hz)
		return 0;
	turn_mel_free(&s->mel);
	s->hz = hz;
	return turn_mel_new(&s->mel, smart_turn_kit(engine_turn(s->engine)),
	                    hz);
}

static void smart_push(struct eot *e, const struct pcm *pcm, bool speech)
{
	struct smart *s = smart_of(e);

	if (set_rate(s, pcm->hz))
		return;
	if (speech) {
		s->quiet_ms = 0;
		forget(s);
	} else if (s->quiet_ms < FOLLOW_MS) {
		s->quiet_ms += pcm_ms(pcm);
	}
	turn_mel_push(s->mel, pcm, s->quiet_ms < FOLLOW_MS);
}

static void smart_begin(struct eot *e, uint32_t ago_ms)
{
	struct smart *s = smart_of(e);

	forget(s);
	if (s->mel)
		turn_mel_begin(s->mel, ago_ms + BEFORE_MS);
}

static int work(struct pool_job *base)
{
	struct question *q = CONTAINER_OF(base, struct question, base);

	return smart_turn_judge(q->net, q->frames, &q->probability);
}

static void answer(struct smart *s, const struct question *q)
{
	enum endpoint_verdict verdict = ENDPOINT_NO_MODEL;

	if (q->probability > SMART_TURN_YES)
		verdict = ENDPOINT_COMPLETE;
	else if (q->probability < SMART_TURN_NO)
		verdict = ENDPOINT_INCOMPLETE;
	log_line(LOG_DEBUG, "eot", NULL, "event=judged probability=%.3f",
	         (double)q->probability);
	if (s->base.answerh)
		s->base.answerh(q->ask, verdict, s->base.arg);
}

static void done(struct pool_job *base, int err)
{
	struct question *q = CONTAINER_OF(base, struct question, base);

	smart_turn_give(q->net);
	if (err != -ECANCELED) {
		q->owner->ticket = 0;
		if (err)
			log_line(LOG_DEBUG, "eot", NULL,
			         "event=not_judged why=%s",
			         LOG_TEXT(err_str(err)));
		else
			answer(q->owner, q);
	}
	mem_free(q);
}

static int submit(struct smart *s, struct question *q, uint32_t within_ms)
{
	int err;

	if (!smart_turn_take(q->net))
		return -EAGAIN;
	turn_mel_look(s->mel, q->frames);
	q->base.work = work;
	q->base.done = done;
	q->base.urgency = POOL_NOW;
	q->base.is_long = false;
	q->base.deadline_ms = within_ms;
	err = pool_submit(engine_pool(s->engine), &q->base, &s->ticket);
	if (err)
		smart_turn_give(q->net);
	return err;
}

static void smart_ask(struct eot *e, uint32_t ask, uint32_t within_ms)
{
	struct smart *s = smart_of(e);
	struct question *q;
	int err = -ENOMEM;

	forget(s);
	if (!s->mel)
		return;
	q = mem_alloc(sizeof(*q));
	if (q) {
		q->owner = s;
		q->net = engine_turn(s->engine);
		q->ask = ask;
		err = submit(s, q, within_ms);
	}
	if (err) {
		log_line(LOG_DEBUG, "eot", NULL, "event=not_asked why=%s",
		         LOG_TEXT(err_str(err)));
		mem_free(q);
	}
}

static void smart_close(struct eot *e)
{
	struct smart *s = smart_of(e);

	forget(s);
	turn_mel_free(&s->mel);
	mem_free(s);
}

const struct eot_ops eot_smart_ops = {
	.name = "smart_turn",
	.open = smart_open,
	.push = smart_push,
	.begin = smart_begin,
	.ask = smart_ask,
	.close = smart_close,
};
