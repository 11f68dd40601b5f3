#include "bot/media/vad_batch.h"

#include <errno.h>

#include "bot/media/vad.h"
#include "common/mem.h"
#include "common/timer.h"

struct vad_batch {
	struct timers *timers;
	struct timer timer;
	struct vad_wait *wait[VAD_BATCH_MAX]; /* NULL: it went */
	size_t n;
	/* Those of a run: a handler may take away others, or itself. */
	struct vad_wait *told[VAD_BATCH_MAX];
	bool running;
};

int vad_batch_new(struct vad_batch **bp, struct timers *timers)
{
	struct vad_batch *b = mem_zalloc(sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->timers = timers;
	*bp = b;
	return 0;
}

void vad_batch_free(struct vad_batch **bp)
{
	struct vad_batch *b = *bp;

	if (!b)
		return;
	*bp = NULL;
	for (size_t i = 0; i < b->n; i++)
		ASSERT(!b->wait[i]);
	timer_stop(b->timers, &b->timer);
	mem_free(b);
}

/* Take those who still wait into @told; how many. */
static size_t collect(struct vad_batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (!b->wait[i])
			continue;
		b->told[n] = b->wait[i];
		b->told[n]->seat = &b->told[n];
		n++;
	}
	b->n = 0;
	return n;
}

static void run(void *arg)
{
	struct vad_batch *b = arg;
	const int16_t *pcm[VAD_BATCH_MAX];
	void *state[VAD_BATCH_MAX];
	float prob[VAD_BATCH_MAX];
	const size_t n = collect(b);

	ASSERT(!b->running);
	timer_stop(b->timers, &b->timer);
	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		pcm[i] = b->told[i]->pcm;
		state[i] = b->told[i]->state;
	}
	b->told[0]->ops->step_many(state, b->told[0]->model, pcm, prob, n);
	b->running = true;
	for (size_t i = 0; i < n; i++) {
		struct vad_wait *w = b->told[i];

		if (!w)
			continue;
		vad_wait_stop(w);
		w->doneh(w, prob[i]);
	}
	b->running = false;
}

void vad_wait_start(struct vad_batch *b, struct vad_wait *w)
{
	ASSERT(!w->seat && w->ops->step_many);
	if (b->n == VAD_BATCH_MAX)
		run(b);
	if (!timer_running(&b->timer))
		timer_start(b->timers, &b->timer, VAD_BATCH_MS, run, b);
	w->seat = &b->wait[b->n++];
	*w->seat = w;
}

void vad_wait_stop(struct vad_wait *w)
{
	if (!w->seat)
		return;
	*w->seat = NULL;
	w->seat = NULL;
}
