/*
 * vad_batch.h - the voice detectors of many calls, stepped together
 *
 * A net that is run for four calls at once costs half as much for each, because
 * a weight is fetched once for all of them. A vad with a batch hands in its
 * chunk instead of running the net; the batch runs it a few milliseconds later
 * together with what other calls have handed in, and the vad then judges its
 * chunk as if nothing had happened. All of a batch's vads are of one kind and
 * have one model.
 */
#ifndef BOT_MEDIA_VAD_BATCH_H
#define BOT_MEDIA_VAD_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	VAD_BATCH_MS = 3,   /* a chunk waits at most [ms]; itself is 32 */
	VAD_BATCH_MAX = 32, /* chunks of one run; then it runs at once */
};

struct timers;
struct vad_batch;
struct vad_ops;

/* -ENOMEM. */
int vad_batch_new(struct vad_batch **bp, struct timers *timers) MUST_CHECK;

/* No vad may wait. NULLs the caller's pointer. NULL is fine. */
void vad_batch_free(struct vad_batch **bp);

/* ---- for vad.c ------------------------------------------------------------ */

struct vad_wait {
	struct vad_wait **seat; /* in the batch; NULL: it does not wait */
	const struct vad_ops *ops;
	const void *model;
	void *state;
	const int16_t *pcm;
	/* The probability of @pcm. */
	void (*doneh)(struct vad_wait *w, float prob);
};

/* @w and what it points to stay as they are until doneh or vad_wait_stop(). */
void vad_wait_start(struct vad_batch *b, struct vad_wait *w);

/* doneh will not be called. Harmless when not waiting. */
void vad_wait_stop(struct vad_wait *w);

static inline bool vad_waiting(const struct vad_wait *w)
{
	return w->seat != NULL;
}

#endif
