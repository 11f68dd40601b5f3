/*
 * All rates are multiples of 8 kHz, so a ratio is up / down with both at most
 * 3. Seen at rate from * up the filter is one windowed sinc of length
 * 2 * half + 1; phase p of it are the taps that meet a real sample when the
 * output lies p steps after one.
 */
#include "bot/media/resample.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"

enum {
	UNIT_HZ = 8000,
	UP_MAX = 3,
	/* Reach of the filter to each side, in samples of the slower rate. */
	REACH = 24,
	HALF_MAX = REACH * 3, /* the same in samples of the source */
	TAPS_MAX = 2 * HALF_MAX + 1,
	BLOCK = 256, /* [samples] taken at once */
	/* Of a tap. The taps' magnitudes add up to less than 3, so that a sum
	 * of full-scale samples stays within 32 bits. */
	UNITY_BITS = 14,
	UNITY = 1 << UNITY_BITS,
};

struct resample {
	unsigned up, down;
	unsigned half;    /* samples of the source to each side */
	unsigned taps;    /* a phase */
	unsigned phase;   /* of the next output, below up */
	size_t skip;      /* source samples until the next output's window */
	size_t have;      /* samples in hist */
	uint64_t in, out; /* samples of this sound so far */
	int16_t hist[TAPS_MAX + BLOCK];
	int16_t filter[UP_MAX][TAPS_MAX]; /* 1 is UNITY */
};

/* Modified Bessel function of the first kind, order zero. */
static double bessel(double x)
{
	double sum = 1, term = 1;

	for (int k = 1; term > sum * 1e-12; k++) {
		term *= x / (2 * k) * (x / (2 * k));
		sum += term;
	}
	return sum;
}

/* @t in source samples from the middle. */
static double window(double t, double half)
{
	static const double beta = 7;
	double x = t / half;

	return fabs(x) >= 1 ? 0 : bessel(beta * sqrt(1 - x * x)) / bessel(beta);
}

static double sinc(double x)
{
	static const double pi = 3.14159265358979323846;

	return fabs(x) < 1e-9 ? 1 : sin(pi * x) / (pi * x);
}

static void design_phase(struct resample *r, unsigned p, double cutoff)
{
	double v[TAPS_MAX], sum = 0;
	int total = 0;

	for (unsigned i = 0; i < r->taps; i++) {
		double t = (double)i - r->half - (double)p / r->up;

		v[i] = sinc(cutoff * t) * window(t, r->half + 0.5);
		sum += v[i];
	}
	for (unsigned i = 0; i < r->taps; i++) {
		r->filter[p][i] = (int16_t)lrint(v[i] / sum * UNITY);
		total += r->filter[p][i];
	}
	/* Every phase lets a constant through unchanged. */
	r->filter[p][r->half] =
		(int16_t)(r->filter[p][r->half] + UNITY - total);
}

static void design(struct resample *r)
{
	double slower = r->up < r->down ? (double)r->up / r->down : 1;
	/* A little below half the slower rate: 3.7 kHz of 4. */
	double cutoff = slower * 0.925;

	for (unsigned p = 0; p < r->up; p++)
		design_phase(r, p, cutoff);
}

void resample_reset(struct resample *r)
{
	memset(r->hist, 0, sizeof r->hist);
	r->have = r->half; /* before the first sample there was silence */
	r->phase = 0;
	r->skip = 0;
	r->in = r->out = 0;
}

static bool good_rate(uint32_t hz)
{
	return hz == UNIT_HZ || hz == 2 * UNIT_HZ || hz == 3 * UNIT_HZ;
}

int resample_new(struct resample **rp, uint32_t from, uint32_t to)
{
	struct resample *r;

	if (!good_rate(from) || !good_rate(to))
		return -EINVAL;
	r = mem_zalloc(sizeof *r);
	if (!r)
		return -ENOMEM;
	r->up = to == from ? 1 : to / UNIT_HZ;
	r->down = to == from ? 1 : from / UNIT_HZ;
	r->half = r->up == r->down  ? 0
	          : r->up < r->down ? REACH * r->down / r->up
	                            : REACH;
	r->taps = 2 * r->half + 1;
	if (r->half)
		design(r);
	resample_reset(r);
	*rp = r;
	return 0;
}

void resample_free(struct resample **rp)
{
	mem_free(*rp);
	*rp = NULL;
}

size_t resample_room(const struct resample *r, size_t n)
{
	return (n + r->half + 1) * r->up / r->down + 2;
}

/* Plain enough for the compiler to multiply eight samples at a time. */
static int16_t convolve(const int16_t *v, const int16_t *filter, unsigned taps)
{
	int32_t sum = UNITY / 2;

	for (unsigned i = 0; i < taps; i++)
		sum += (int32_t)v[i] * filter[i];
	sum >>= UNITY_BITS;
	return (int16_t)(sum > INT16_MAX   ? INT16_MAX
	                 : sum < INT16_MIN ? INT16_MIN
	                                   : sum);
}

/* What the samples in hist give. */
static size_t drain(struct resample *r, int16_t *dst)
{
	size_t n = 0;

	while (r->skip + r->taps <= r->have) {
		unsigned next = r->phase + r->down;

		dst[n++] = convolve(r->hist + r->skip, r->filter[r->phase],
		                    r->taps);
		r->skip += next / r->up;
		r->phase = next % r->up;
	}
	/* The window may begin beyond what is here. */
	if (r->skip > r->have) {
		r->skip -= r->have;
		r->have = 0;
	} else {
		r->have -= r->skip;
		memmove(r->hist, r->hist + r->skip,
		        r->have * sizeof r->hist[0]);
		r->skip = 0;
	}
	return n;
}

static size_t feed(struct resample *r, int16_t *dst, const int16_t *src,
                   size_t n)
{
	size_t out = 0;

	while (n) {
		size_t piece = n < BLOCK ? n : BLOCK;

		memcpy(r->hist + r->have, src, piece * sizeof src[0]);
		r->have += piece;
		src += piece;
		n -= piece;
		out += drain(r, dst + out);
	}
	return out;
}

size_t resample_run(struct resample *r, int16_t *dst, const int16_t *src,
                    size_t n)
{
	size_t out;

	if (!r->half) {
		memcpy(dst, src, n * sizeof src[0]);
		return n;
	}
	out = feed(r, dst, src, n);
	r->in += n;
	r->out += out;
	return out;
}

size_t resample_flush(struct resample *r, int16_t *dst)
{
	static const int16_t silence[HALF_MAX];
	size_t out = 0;

	/* Exactly the samples that the silence after the end completes. */
	if (r->half && r->in)
		out = feed(r, dst, silence, r->half);
	resample_reset(r);
	return out;
}
