/*
 * turn_mel.h - what the callee's turn sounds like, computed as it is heard
 *
 * Keeps the last eight seconds of a call and, while somebody speaks, the frames
 * of them, so that at the end of a turn next to nothing is left to compute.
 * What lies before the turn's beginning counts as silence.
 */
#ifndef BOT_MEDIA_TURN_MEL_H
#define BOT_MEDIA_TURN_MEL_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/media/pcm.h"
#include "bot/media/turn_kit.h"
#include "common/attr.h"

enum {
	TURN_MEL_FRAMES = 800, /* of a look: eight seconds */
};

struct turn_mel;

/* For a line of 8000 or 16000 @hz; others are -EINVAL. -ENOMEM. @kit is
 * borrowed. */
int turn_mel_new(struct turn_mel **mp, const struct turn_kit *kit,
                 uint32_t hz) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void turn_mel_free(struct turn_mel **mp);

/* The next sound of the call, at most a second of it. @follow: compute its
 * frames now; otherwise that is done when they are needed. */
void turn_mel_push(struct turn_mel *m, const struct pcm *pcm, bool follow);

/* A turn begins, @ago_ms before now. */
void turn_mel_begin(struct turn_mel *m, uint32_t ago_ms);

/* The eight seconds up to now, or up to 10 ms less: whole hops. */
void turn_mel_look(struct turn_mel *m,
                   struct turn_frame frames[TURN_MEL_FRAMES]);

#endif
