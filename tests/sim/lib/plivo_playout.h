/*
 * plivo_playout.h - Plivo's play-out buffer, and the ear of the person called
 *
 * The bot's audio waits here and is heard at the line's pace, 20 ms for 20 ms.
 * Checkpoints lie between the samples and come up when all before them has
 * been heard; to clear takes audio and checkpoints away together.
 */
#ifndef TESTS_SIM_LIB_PLIVO_PLAYOUT_H
#define TESTS_SIM_LIB_PLIVO_PLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/list.h"

enum {
	PSIM_PLAYOUT_MAX_MS = 60000, /* Plivo's queue, by its guide */
	PSIM_CHECKPOINTS_MAX = 4096, /* of one call, waiting */
};

/* The buffer ran dry and filled again: what the callee heard as a hole. */
struct psim_underrun {
	uint32_t from_ms, to_ms; /* of the media clock */
	bool at_checkpoint;      /* a checkpoint was the last thing before */
};

struct psim_playout_h {
	void (*reached)(const char *name, void *arg);
	void (*underrun)(const struct psim_underrun *u, void *arg);
};

struct psim_playout {
	int16_t *v; /* samples that wait are v[at..n) */
	size_t at, n, cap;
	uint64_t queued, played; /* samples, ever */
	struct link checkpoints;
	size_t checkpoint_count;
	uint32_t dry_since_ms;
	bool dry, spoke;
	bool checkpoint_last; /* the last thing that was queued */
	bool hole_checkpoint; /* ... before the buffer ran dry */
	uint32_t hole_max_ms; /* longer than this is a pause, no underrun */
	const struct psim_playout_h *h;
	void *arg;
};

void psim_playout_init(struct psim_playout *p, uint32_t hole_max_ms,
                       const struct psim_playout_h *h, void *arg);

/* Samples at 8,000 Hz. ERR_LIMIT: the queue is full, nothing was taken. */
int psim_playout_add(struct psim_playout *p, const int16_t *v,
                     size_t n) MUST_CHECK;

/* -ENOMEM, ERR_LIMIT. */
int psim_playout_checkpoint(struct psim_playout *p,
                            const char *name) MUST_CHECK;

/* Forget what waits. Returns the milliseconds dropped. */
uint32_t psim_playout_clear(struct psim_playout *p);

/* The next frame of PSIM_FRAME samples; silence where nothing waits.
 * @now_ms is the media clock at its beginning. Returns samples that came from
 * the bot. */
size_t psim_playout_pull(struct psim_playout *p, int16_t *frame,
                         uint32_t now_ms);

uint32_t psim_playout_waiting_ms(const struct psim_playout *p);
void psim_playout_fini(struct psim_playout *p);

/* Speech, found by loudness: where it begins and where it has ended. */
struct psim_ear {
	uint32_t from_ms, loud_ms; /* loud_ms: end of the last loud frame */
	uint32_t frames;           /* loud ones of this run */
	bool speaking;
};

enum psim_ear_event { PSIM_EAR_NOTHING, PSIM_EAR_BEGIN, PSIM_EAR_END };

enum {
	PSIM_EAR_LOUD = 200,    /* RMS, about -44 dBFS */
	PSIM_EAR_BEGIN_MS = 40, /* loud for so long begins speech */
	PSIM_EAR_END_MS = 300,  /* quiet for so long ends it */
};

/* One frame that began at @now_ms. After PSIM_EAR_END the speech was from
 * from_ms to loud_ms. */
enum psim_ear_event psim_ear_hear(struct psim_ear *e, const int16_t *frame,
                                  uint32_t now_ms);

#endif
