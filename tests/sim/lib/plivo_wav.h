/*
 * plivo_wav.h - recordings: what callees play, and what calls leave behind
 */
#ifndef TESTS_SIM_LIB_PLIVO_WAV_H
#define TESTS_SIM_LIB_PLIVO_WAV_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct psim_clip {
	int16_t *v; /* mono, 8,000 Hz */
	size_t n;
};

/* Read a RIFF file of 16-bit PCM, mono, 8,000 Hz. @c is released with
 * psim_clip_fini(). -ENOENT and other errno, -EINVAL: another format. */
int psim_clip_load(struct psim_clip *c, const char *path) MUST_CHECK;

/* Cut the silence at both ends off, but for a few hundredths of a second. */
void psim_clip_trim(struct psim_clip *c);
void psim_clip_fini(struct psim_clip *c);

struct psim_recorder;

/* A stereo file, 16 bit, 8,000 Hz; complete once closed. errno, -ENOMEM. */
int psim_recorder_open(struct psim_recorder **rp, const char *path) MUST_CHECK;

/* @n samples of each channel. Errors show when it is closed. */
void psim_recorder_add(struct psim_recorder *r, const int16_t *left,
                       const int16_t *right, size_t n);
int psim_recorder_close(struct psim_recorder **rp) MUST_CHECK;

#endif
