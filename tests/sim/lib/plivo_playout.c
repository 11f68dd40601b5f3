#include "tests/sim/lib/plivo_playout.h"

#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"

struct checkpoint {
	struct link link;
	uint64_t at; /* samples of the queue before it */
	char name[];
};

enum {
	FIRST_CAP = 8000, /* samples */
	QUEUE_MAX = PSIM_PLAYOUT_MAX_MS * (PSIM_HZ / 1000),
};

void psim_playout_init(struct psim_playout *p, uint32_t hole_max_ms,
                       const struct psim_playout_h *h, void *arg)
{
	*p = (struct psim_playout){
		.hole_max_ms = hole_max_ms, .h = h, .arg = arg, .dry = true};
	list_init(&p->checkpoints);
}

static int make_room(struct psim_playout *p, size_t n)
{
	const size_t waiting = p->n - p->at;
	size_t cap = p->cap ? p->cap : FIRST_CAP;
	int16_t *v;

	if (p->n + n <= p->cap)
		return 0;
	if (p->at)
		memmove(p->v, p->v + p->at, waiting * sizeof(*p->v));
	p->at = 0;
	p->n = waiting;
	while (cap < waiting + n)
		cap *= 2;
	if (cap == p->cap)
		return 0;
	v = mem_realloc(p->v, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->v = v;
	p->cap = cap;
	return 0;
}

int psim_playout_add(struct psim_playout *p, const int16_t *v, size_t n)
{
	int err;

	if (p->n - p->at + n > QUEUE_MAX)
		return ERR_LIMIT;
	err = make_room(p, n);
	if (err)
		return err;
	if (p->dry && p->at == p->n)
		p->hole_checkpoint = p->checkpoint_last;
	memcpy(p->v + p->n, v, n * sizeof(*v));
	p->n += n;
	p->queued += n;
	p->checkpoint_last = false;
	return 0;
}

int psim_playout_checkpoint(struct psim_playout *p, const char *name)
{
	const size_t len = strlen(name) + 1;
	struct checkpoint *c;

	if (p->checkpoint_count == PSIM_CHECKPOINTS_MAX)
		return ERR_LIMIT;
	c = mem_alloc(sizeof(*c) + len);
	if (!c)
		return -ENOMEM;
	c->at = p->queued;
	memcpy(c->name, name, len);
	list_append(&p->checkpoints, &c->link);
	p->checkpoint_count++;
	p->checkpoint_last = true;
	return 0;
}

static void drop_checkpoint(struct psim_playout *p, struct checkpoint *c)
{
	list_remove(&c->link);
	p->checkpoint_count--;
	mem_free(c);
}

uint32_t psim_playout_clear(struct psim_playout *p)
{
	const uint32_t ms = psim_playout_waiting_ms(p);

	while (!list_empty(&p->checkpoints))
		drop_checkpoint(p, CONTAINER_OF(p->checkpoints.next,
		                                struct checkpoint, link));
	p->queued -= p->n - p->at;
	p->at = p->n = 0;
	p->dry = true;
	p->spoke = false; /* silence from here on is wanted */
	return ms;
}

/* Does this frame end a hole, or begin one? */
static void watch(struct psim_playout *p, size_t n, uint32_t now_ms)
{
	const uint32_t ms = (uint32_t)(n / (PSIM_HZ / 1000));

	if (n && p->dry) {
		const struct psim_underrun u = {p->dry_since_ms, now_ms,
		                                p->hole_checkpoint};

		p->dry = false;
		if (p->spoke && now_ms > p->dry_since_ms &&
		    now_ms - p->dry_since_ms <= p->hole_max_ms)
			p->h->underrun(&u, p->arg);
	}
	if (n < PSIM_FRAME && !p->dry) {
		p->dry = true;
		p->spoke = true;
		p->dry_since_ms = now_ms + ms;
	}
}

size_t psim_playout_pull(struct psim_playout *p, int16_t *frame,
                         uint32_t now_ms)
{
	size_t n = p->n - p->at;

	if (n > PSIM_FRAME)
		n = PSIM_FRAME;
	if (n)
		memcpy(frame, p->v + p->at, n * sizeof(*frame));
	memset(frame + n, 0, (PSIM_FRAME - n) * sizeof(*frame));
	watch(p, n, now_ms);
	p->at += n;
	p->played += n;
	if (p->at == p->n)
		p->at = p->n = 0;
	while (!list_empty(&p->checkpoints)) {
		struct checkpoint *c = CONTAINER_OF(p->checkpoints.next,
		                                    struct checkpoint, link);

		if (c->at > p->played)
			break;
		p->h->reached(c->name, p->arg);
		drop_checkpoint(p, c);
	}
	return n;
}

uint32_t psim_playout_waiting_ms(const struct psim_playout *p)
{
	return (uint32_t)((p->n - p->at) / (PSIM_HZ / 1000));
}

void psim_playout_fini(struct psim_playout *p)
{
	(void)psim_playout_clear(p);
	mem_free(p->v);
	p->v = NULL;
	p->cap = 0;
}

enum psim_ear_event psim_ear_hear(struct psim_ear *e, const int16_t *frame,
                                  uint32_t now_ms)
{
	if (psim_rms(frame, PSIM_FRAME) >= PSIM_EAR_LOUD) {
		if (!e->frames)
			e->from_ms = now_ms;
		e->frames++;
		e->loud_ms = now_ms + PSIM_FRAME_MS;
		if (!e->speaking &&
		    e->frames * PSIM_FRAME_MS >= PSIM_EAR_BEGIN_MS) {
			e->speaking = true;
			return PSIM_EAR_BEGIN;
		}
		return PSIM_EAR_NOTHING;
	}
	if (!e->speaking) {
		e->frames = 0;
		return PSIM_EAR_NOTHING;
	}
	if (now_ms + PSIM_FRAME_MS - e->loud_ms < PSIM_EAR_END_MS)
		return PSIM_EAR_NOTHING;
	e->speaking = false;
	e->frames = 0;
	return PSIM_EAR_END;
}
