#include "tests/sim/lib/dg_ear.h"

#include <math.h>

#include "common/err.h"
#include "tests/sim/lib/wordtone.h"

enum {
	WINDOW_FRAMES = 10, /* 100 ms */
	ODD_WINDOWS = 3,    /* in a row that no speech has */
};

/* Speech on a telephone has an RMS of 1,000 to 6,000. */
static const double loud_rms = 13000;
static const double quiet_rms = 500;

/* Nor is every other sample of it louder than those between them, which
 * halves of 16-bit samples are when they are taken for whole ones. */
static const double lopsided = 0.5;

void dg_ear_init(struct dg_ear *e, const struct dg_params *p, double threshold)
{
	*e = (struct dg_ear){
		.encoding = p->encoding, .hz = p->hz, .threshold = threshold};
}

static int16_t from_alaw(uint8_t byte)
{
	const int v = byte ^ 0x55, exponent = (v & 0x70) >> 4;
	int t = (v & 0x0f) << 4;

	t += exponent == 0 ? 8 : 0x108;
	if (exponent > 1)
		t <<= exponent - 1;
	return (int16_t)(v & 0x80 ? t : -t);
}

static bool is_odd(const struct dg_ear *e)
{
	const double n = e->hz * WINDOW_FRAMES * DG_FRAME_MS / 1000.0;
	const double sum = e->energy[0] + e->energy[1];

	if (sum > loud_rms * loud_rms * n)
		return true;
	return sum > quiet_rms * quiet_rms * n &&
	       fabs(e->energy[0] - e->energy[1]) > lopsided * sum;
}

/* One more frame is whole. */
static int close_frame(struct dg_ear *e, dg_frame_h *frameh, void *arg)
{
	const size_t n = e->fill;
	double energy[2] = {0, 0}, rms;

	for (size_t i = 0; i < n; i++)
		energy[i & 1] += (double)e->frame[i] * e->frame[i];
	rms = sqrt((energy[0] + energy[1]) / (double)n);
	e->fill = 0;
	e->energy[0] += energy[0];
	e->energy[1] += energy[1];
	if (++e->window_frames == WINDOW_FRAMES) {
		e->odd_windows = is_odd(e) ? e->odd_windows + 1 : 0;
		e->window_frames = 0;
		e->energy[0] = e->energy[1] = 0;
		if (e->odd_windows == ODD_WINDOWS)
			return ERR_PROTO;
	}
	frameh(rms >= e->threshold, e->frame, n, arg);
	return 0;
}

int dg_ear_feed(struct dg_ear *e, const void *v, size_t len, dg_frame_h *frameh,
                void *arg)
{
	const uint8_t *p = v, *end = p + len;
	const size_t frame = e->hz * DG_FRAME_MS / 1000;
	int err = 0;

	while (p < end && !err) {
		int16_t sample;

		if (e->encoding == DG_LINEAR16 && !e->has_odd) {
			e->odd = *p++;
			e->has_odd = true;
			continue;
		}
		if (e->encoding == DG_LINEAR16)
			sample = (int16_t)(e->odd | *p++ << 8);
		else if (e->encoding == DG_MULAW)
			sample = wordtone_ulaw(*p++);
		else
			sample = from_alaw(*p++);
		e->has_odd = false;
		e->frame[e->fill++] = sample;
		if (e->fill == frame)
			err = close_frame(e, frameh, arg);
	}
	return err;
}
