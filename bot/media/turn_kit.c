#include "bot/media/turn_kit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/mem.h"

enum {
	HALF = TURN_WINDOW / 2,
	BINS = HALF + 1,
	TAPS = TURN_UP_BACK + TURN_UP_AHEAD + 1,
	LANES = 8, /* sums that do not wait for each other */
	APART = 1, /* the bin that the mean reaches */
};

_Static_assert(TAPS % LANES == 0, "taps are taken in groups");

#define PI 3.14159265358979323846

/* The filter is the reference's resampler's, as its answer to an impulse shows:
 * a sinc under a Kaiser window a little wider than the taps, flat to 3650 Hz
 * and 120 dB down at 4000. */
#define CUTOFF       (3827.487 / TURN_HZ)
#define KAISER_BETA  13.1328
#define KAISER_REACH 195.198 /* [samples at 16 kHz] to either side */

#define VARIANCE_LEAST 1e-7 /* added, so that silence has no infinite gain */
#define POWER_LEAST    1e-10F
#define DECADES        8.0F /* below the loudest band counts as silence */

struct cpx {
	double re, im;
};

struct turn_kit {
	float up[2][TAPS]; /* of samples on the old ones, and between them */
	double window[TURN_WINDOW];
	struct cpx turn[TURN_WINDOW]; /* exp(-2 pi i k / TURN_WINDOW) */
	uint8_t first[TURN_BANDS], count[TURN_BANDS]; /* bins of a band */
	float weight[TURN_BANDS][BINS];
};

/* ---- constants ------------------------------------------------------------- */

static double bessel_i0(double x)
{
	double sum = 1, term = 1;

	for (int k = 1; k < 64; k++) {
		term *= (x / 2 / k) * (x / 2 / k);
		sum += term;
	}
	return sum;
}

/* The filter @n samples at 16 kHz from its middle. */
static double tap(int n)
{
	const double x = 2 * PI * CUTOFF * n, at = n / KAISER_REACH;
	const double sinc = n ? sin(x) / x : 1;

	return 4 * CUTOFF * sinc * bessel_i0(KAISER_BETA * sqrt(1 - at * at)) /
	       bessel_i0(KAISER_BETA);
}

/* Slaney's scale: linear to 1 kHz, logarithmic above. */
static double mel_of(double hz)
{
	return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static double hz_of(double mel)
{
	return mel < 15 ? mel * 200 / 3
	                : 1000 * exp((mel - 15) * log(6.4) / 27);
}

/* A triangle over three edges, its area the same for all bands. */
static void fill_band(struct turn_kit *k, int band, const double edge[3])
{
	const double norm = 2 / (edge[2] - edge[0]);

	for (int bin = 0; bin < BINS; bin++) {
		const double hz = (double)bin * TURN_HZ / TURN_WINDOW;
		const double rise = (hz - edge[0]) / (edge[1] - edge[0]);
		const double fall = (edge[2] - hz) / (edge[2] - edge[1]);
		const double w = rise < fall ? rise : fall;

		if (w <= 0)
			continue;
		if (!k->count[band])
			k->first[band] = (uint8_t)bin;
		k->count[band] = (uint8_t)(bin + 1 - k->first[band]);
		k->weight[band][bin] = (float)(w * norm);
	}
}

static void fill_bands(struct turn_kit *k)
{
	const double step = mel_of((double)TURN_HZ / 2) / (TURN_BANDS + 1);

	for (int b = 0; b < TURN_BANDS; b++) {
		const double edge[] = {hz_of(b * step), hz_of((b + 1) * step),
		                       hz_of((b + 2) * step)};

		fill_band(k, b, edge);
	}
}

int turn_kit_new(struct turn_kit **kp)
{
	struct turn_kit *k = mem_zalloc(sizeof(*k));

	if (!k)
		return -ENOMEM;
	for (int t = 0; t < TAPS; t++) {
		k->up[0][t] = (float)tap(2 * (TURN_UP_BACK - t));
		k->up[1][t] = (float)tap(2 * (TURN_UP_BACK - t) + 1);
	}
	for (int i = 0; i < TURN_WINDOW; i++) {
		const double phase = 2 * PI * i / TURN_WINDOW;

		k->window[i] = 0.5 - 0.5 * cos(phase);
		k->turn[i] = (struct cpx){cos(phase), -sin(phase)};
	}
	fill_bands(k);
	*kp = k;
	return 0;
}

void turn_kit_free(struct turn_kit **kp)
{
	mem_free(*kp);
	*kp = NULL;
}

/* ---- 8 kHz to 16 kHz ------------------------------------------------------- */

static float dot(const float *a, const float *b)
{
	float lane[LANES] = {0}, sum = 0;

	for (size_t i = 0; i < TAPS; i += LANES)
		for (size_t j = 0; j < LANES; j++)
			lane[j] += a[i + j] * b[i + j];
	for (size_t j = 0; j < LANES; j++)
		sum += lane[j];
	return sum;
}

void turn_kit_up(const struct turn_kit *k, float *dst, size_t n,
                 const float *at, bool odd)
{
	for (size_t i = 0; i < n; i++) {
		const size_t place = i + odd;

		dst[i] = dot(k->up[place % 2], at + place / 2 - TURN_UP_BACK);
	}
}

/* ---- a frame --------------------------------------------------------------- */

static struct cpx times(struct cpx a, struct cpx b)
{
	return (struct cpx){a.re * b.re - a.im * b.im,
	                    a.re * b.im + a.im * b.re};
}

/* One butterfly of @r inputs, @step apart: the small transform, term by term,
 * and the turn of each result by @spin, less than TURN_WINDOW / @r. */
static void butterfly(const struct turn_kit *k, const struct cpx *in,
                      size_t step, struct cpx *out, size_t out_step, size_t r,
                      size_t spin)
{
	for (size_t f = 0; f < r; f++) {
		const size_t angle = f * (TURN_WINDOW / r);
		struct cpx sum = in[0];
		size_t at = 0;

		for (size_t j = 1; j < r; j++) {
			struct cpx t;

			at += angle;
			at -= at < TURN_WINDOW ? 0 : TURN_WINDOW;
			t = times(in[j * step], k->turn[at]);
			sum.re += t.re;
			sum.im += t.im;
		}
		out[f * out_step] = times(sum, k->turn[f * spin]);
	}
}

/* The transform of HALF complex numbers, in order (Stockham); the result is
 * in @a. */
static void transform(const struct turn_kit *k, struct cpx *a, struct cpx *b)
{
	static const size_t radix[] = {5, 5, 4, 2};
	struct cpx *x = a, *y = b;
	size_t n = HALF, s = 1;

	for (size_t stage = 0; stage < ARRAY_LEN(radix); stage++) {
		const size_t r = radix[stage], m = n / r;
		struct cpx *swap = x;

		for (size_t p = 0; p < m; p++)
			for (size_t q = 0; q < s; q++)
				butterfly(k, x + q + s * p, s * m,
				          y + q + s * r * p, s, r,
				          p * (TURN_WINDOW / n));
		x = y;
		y = swap;
		n = m;
		s *= r;
	}
}

/* Even and odd samples were transformed as one complex sequence; take it
 * apart. */
static struct cpx bin_of(const struct turn_kit *k, const struct cpx *z,
                         size_t bin)
{
	const struct cpx a = z[bin % HALF], b = z[(HALF - bin) % HALF];
	const struct cpx even = {(a.re + b.re) / 2, (a.im - b.im) / 2};
	const struct cpx odd = {(a.im + b.im) / 2, (b.re - a.re) / 2};
	const struct cpx t = times(odd, k->turn[bin]);

	return (struct cpx){even.re + t.re, even.im + t.im};
}

void turn_kit_frame(const struct turn_kit *k, struct turn_frame *dst,
                    const float *samples)
{
	struct cpx z[HALF], spare[HALF], x;
	double power[BINS];

	for (size_t i = 0; i < HALF; i++)
		z[i] = (struct cpx){samples[2 * i] * k->window[2 * i],
		                    samples[2 * i + 1] * k->window[2 * i + 1]};
	transform(k, z, spare);
	for (size_t i = 0; i < BINS; i++) {
		x = bin_of(k, z, i);
		power[i] = x.re * x.re + x.im * x.im;
	}
	x = bin_of(k, z, APART);
	dst->re = (float)x.re;
	dst->im = (float)x.im;
	power[APART] = 0;
	for (size_t b = 0; b < TURN_BANDS; b++) {
		const size_t first = k->first[b];
		double sum = 0;

		for (size_t i = first; i < first + k->count[b]; i++)
			sum += (double)k->weight[b][i] * power[i];
		dst->band[b] = (float)sum;
	}
	dst->sum = dst->squares = 0;
	for (size_t i = HALF; i < HALF + TURN_HOP; i++) {
		dst->sum += (double)samples[i];
		dst->squares += (double)samples[i] * (double)samples[i];
	}
}

/* ---- all of them ----------------------------------------------------------- */

/* The mean of all samples, and the factor that makes their variance 1. */
static double level(const struct turn_frame *frames, size_t n, double *mean)
{
	const double samples = (double)n * TURN_HOP;
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		sum += frames[i].sum;
		squares += frames[i].squares;
	}
	*mean = sum / samples;
	return 1 / (squares / samples - *mean * *mean + VARIANCE_LEAST);
}

void turn_kit_features(const struct turn_kit *k, float *dst,
                       const struct turn_frame *frames, size_t n)
{
	double mean;
	const double gain = level(frames, n, &mean);
	float most = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		/* A constant's spectrum in that bin is -100 of it: the sum of
		 * the window times the bin's cosine. */
		const double re =
			(double)frames[i].re + TURN_WINDOW * 0.25 * mean;
		const double im = (double)frames[i].im;

		for (size_t b = 0; b < TURN_BANDS; b++) {
			const double apart = (double)k->weight[b][APART] *
			                     (re * re + im * im);
			const float p =
				(float)(gain *
			                ((double)frames[i].band[b] + apart));
			const float v =
				log10f(p > POWER_LEAST ? p : POWER_LEAST);

			dst[b * n + i] = v;
			most = v > most ? v : most;
		}
	}
	for (size_t i = 0; i < n * TURN_BANDS; i++) {
		const float v =
			dst[i] > most - DECADES ? dst[i] : most - DECADES;

		dst[i] = (v + 4) / 4;
	}
}
