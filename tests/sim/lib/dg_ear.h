/*
 * dg_ear.h - bytes as declared to frames of 10 ms that are speech or are not
 *
 * Audio is decoded by the encoding that the client declared. Speech is what is
 * loud. Bytes in another encoding than declared are loud for long, without a
 * pause: no decoder could make sense of them.
 */
#ifndef TESTS_SIM_LIB_DG_EAR_H
#define TESTS_SIM_LIB_DG_EAR_H

#include "tests/sim/lib/dg_query.h"

enum {
	DG_FRAME_MS = 10,
	DG_FRAME_MAX = 480, /* [samples] at 48 kHz */
};

struct dg_ear {
	enum dg_encoding encoding;
	uint32_t hz;
	double threshold; /* RMS from which a frame is speech */
	int16_t frame[DG_FRAME_MAX];
	size_t fill;
	uint8_t odd; /* first byte of a 16-bit sample */
	bool has_odd;
	double energy[2]; /* of even and odd samples of the last 100 ms */
	unsigned window_frames, odd_windows;
};

typedef void dg_frame_h(bool speech, const int16_t *pcm, size_t n, void *arg);

void dg_ear_init(struct dg_ear *e, const struct dg_params *p, double threshold);

/* Calls @frameh for every whole frame. ERR_PROTO: not in the encoding that was
 * declared. */
int dg_ear_feed(struct dg_ear *e, const void *v, size_t len, dg_frame_h *frameh,
                void *arg) MUST_CHECK;

#endif
