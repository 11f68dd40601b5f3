/*
 * loudness.h - how loud the last 400 ms were, as ITU-R BS.1770 has it
 *
 * K-weighted power over a sliding window, moved on by chunks of 256 samples at
 * 8 kHz. What lies before the first sample counts as silence. Chunks that are
 * far too quiet to matter are taken unweighted, which costs a tenth.
 */
#ifndef BOT_MEDIA_LOUDNESS_H
#define BOT_MEDIA_LOUDNESS_H

#include <stdint.h>

enum {
	LOUDNESS_CHUNK = 256, /* [samples] */
	LOUDNESS_PARTS = 25,  /* half chunks in 400 ms */
};

struct loudness {
	double shelf[2], pass[2];    /* the filters' memories */
	float power[LOUDNESS_PARTS]; /* of the half chunks; full scale is 1 */
	unsigned next;
};

/* Silence before everything. */
void loudness_init(struct loudness *l);

/* Loudness of the 400 ms that end with @pcm [LUFS]; -120 for silence. */
float loudness_add(struct loudness *l, const int16_t pcm[LOUDNESS_CHUNK]);

#endif
