#include "bot/media/loudness.h"

#include <math.h>
#include <string.h>

enum {
	HALF = LOUDNESS_CHUNK / 2,
	/* Mean square of a sample, -65 dB of full scale: weighting, 4 dB at
	 * most, cannot lift it to where anything is decided. */
	QUIET = 340,
};

/* y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2] */
struct biquad {
	double b0, b1, b2, a1, a2;
};

/* The two stages for 8 kHz: a shelf of +4 dB above 1.5 kHz (Q 0.7071) and a
 * high pass at 38 Hz (Q 0.5); filled before main(). */
static struct biquad shelf, pass;

__attribute__((constructor)) static void design(void)
{
	static const double pi = 3.14159265358979323846;
	double a = pow(10, 4.0 / 40), w = 2 * pi * 1500 / 8000, c = cos(w);
	double s = 2 * sqrt(a) * sin(w) / (2 * sqrt(0.5));
	double a0 = (a + 1) - (a - 1) * c + s;

	shelf.b0 = a * ((a + 1) + (a - 1) * c + s) / a0;
	shelf.b1 = -2 * a * ((a - 1) + (a + 1) * c) / a0;
	shelf.b2 = a * ((a + 1) + (a - 1) * c - s) / a0;
	shelf.a1 = 2 * ((a - 1) - (a + 1) * c) / a0;
	shelf.a2 = ((a + 1) - (a - 1) * c - s) / a0;

	w = 2 * pi * 38 / 8000;
	c = cos(w);
	s = sin(w); /* 2 Q is 1 */
	a0 = 1 + s;
	pass.b0 = (1 + c) / 2 / a0;
	pass.b1 = -(1 + c) / a0;
	pass.b2 = (1 + c) / 2 / a0;
	pass.a1 = -2 * c / a0;
	pass.a2 = (1 - s) / a0;
}

void loudness_init(struct loudness *l)
{
	memset(l, 0, sizeof *l);
}

/* One sample through one stage, transposed direct form II. */
static inline double run(const struct biquad *f, double m[2], double x)
{
	double y = f->b0 * x + m[0];

	m[0] = f->b1 * x - f->a1 * y + m[1];
	m[1] = f->b2 * x - f->a2 * y;
	return y;
}

static int64_t squares(const int16_t *pcm)
{
	int64_t sum = 0;

	for (int i = 0; i < HALF; i++)
		sum += (int32_t)pcm[i] * pcm[i];
	return sum;
}

static double weighted(struct loudness *l, const int16_t *pcm)
{
	double sum = 0;

	for (int i = 0; i < HALF; i++) {
		double y = run(&pass, l->pass, run(&shelf, l->shelf, pcm[i]));

		sum += y * y;
	}
	return sum;
}

float loudness_add(struct loudness *l, const int16_t pcm[LOUDNESS_CHUNK])
{
	static const double full = 32768.0 * 32768.0;
	double total = 0;

	for (int part = 0; part < 2; part++, pcm += HALF) {
		double sum = (double)squares(pcm);

		if (sum < QUIET * HALF) {
			memset(l->shelf, 0, sizeof l->shelf);
			memset(l->pass, 0, sizeof l->pass);
		} else {
			sum = weighted(l, pcm);
		}
		l->power[l->next] = (float)(sum / HALF / full);
		l->next = (l->next + 1) % LOUDNESS_PARTS;
	}
	for (int i = 0; i < LOUDNESS_PARTS; i++)
		total += (double)l->power[i];
	total /= LOUDNESS_PARTS;
	return total < 1e-12 ? -120 : (float)(-0.691 + 10 * log10(total));
}
