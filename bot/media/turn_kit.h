/*
 * turn_kit.h - the arithmetic of what a turn sounds like
 *
 * Upsampling, spectrum and mel bands as Whisper's front end has them, for 25 ms
 * of sound at a time. The constants are made once and shared by all calls;
 * nothing here keeps a state, so any thread may use a kit.
 */
#ifndef BOT_MEDIA_TURN_KIT_H
#define BOT_MEDIA_TURN_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	TURN_HZ = 16000,
	TURN_WINDOW = 400, /* [samples] of a frame: 25 ms */
	TURN_HOP = 160,    /* [samples] from frame to frame: 10 ms */
	TURN_BANDS = 80,
	TURN_UP_BACK = 95,  /* [samples at 8 kHz] that upsampling looks back */
	TURN_UP_AHEAD = 96, /* ... and ahead */
};

/*
 * A frame before the level of the whole is known. The mean of the whole is
 * later taken away from every sample; of the spectrum that concerns one bin
 * only, the first above zero frequency, which is therefore kept apart.
 */
struct turn_frame {
	float band[TURN_BANDS]; /* power, without that bin's */
	float re, im;           /* that bin */
	double sum, squares;    /* of the hop that begins at the centre */
};

struct turn_kit;

/* -ENOMEM. */
int turn_kit_new(struct turn_kit **kp) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void turn_kit_free(struct turn_kit **kp);

/* @n samples at 16 kHz, from twice the place of @at on. @at has what comes
 * before and after it: TURN_UP_BACK and (@n + 1) / 2 + TURN_UP_AHEAD samples.
 * @odd: begin one sample later. */
void turn_kit_up(const struct turn_kit *k, float *dst, size_t n,
                 const float *at, bool odd);

/* The frame of TURN_WINDOW samples. The hop's sums cover those from its
 * middle on. */
void turn_kit_frame(const struct turn_kit *k, struct turn_frame *dst,
                    const float *samples);

/* The logarithms of @n frames, levelled as the model wants them, as @dst[band *
 * n + frame]. */
void turn_kit_features(const struct turn_kit *k, float *dst,
                       const struct turn_frame *frames, size_t n);

#endif
