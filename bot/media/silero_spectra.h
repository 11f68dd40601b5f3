/*
 * silero_spectra.h - the four spectra of a chunk
 *
 * Compiled once for each set of instructions; see silero_vec.h. The frames are
 * computed side by side, one in each lane of a vector of four.
 */
#include <math.h>

#include "bot/media/silero_vec.h"

/* What one chunk goes through. Rows of zeros stand for the padding. */
struct work {
	float mag[SILERO_FRAMES + 2][SILERO_BINS];
	float c0[SILERO_FRAMES + 2][128];
	float c1[2][64];
	float c2[64];
	float xh[2 * SILERO_HIDDEN]; /* output of the convolutions, then h */
	float gate[SILERO_GATES];
};

typedef float vec4 __attribute__((vector_size(16)));

/* Context, chunk, and a mirror image of its end; frames into lanes. */
KERNEL void window(const struct silero *net, struct silero_state *st,
                   const int16_t *chunk, vec4 re[], vec4 im[])
{
	enum { LEN = SILERO_CONTEXT + SILERO_CHUNK };
	float x[LEN + SILERO_CONTEXT];

	memcpy(x, st->context, sizeof(st->context));
	for (size_t i = 0; i < SILERO_CHUNK; i++)
		x[SILERO_CONTEXT + i] = (float)chunk[i] * (1.0f / 32768);
	for (size_t i = 0; i < SILERO_CONTEXT; i++)
		x[LEN + i] = x[LEN - 2 - i];
	memcpy(st->context, x + SILERO_CHUNK, sizeof(st->context));
	for (size_t i = 0; i < SILERO_FRAME / 2; i++) {
		const size_t at = 2 * (size_t)net->order[i];
		const float *f = x + at;

		re[i] = (vec4){f[0], f[SILERO_HOP], f[2 * SILERO_HOP],
		               f[3 * SILERO_HOP]} *
		        net->window[at];
		f++;
		im[i] = (vec4){f[0], f[SILERO_HOP], f[2 * SILERO_HOP],
		               f[3 * SILERO_HOP]} *
		        net->window[at + 1];
	}
}

/* Even samples are real parts and odd ones imaginary: half the work. */
KERNEL void transform(const struct silero *net, vec4 re[], vec4 im[])
{
	enum { N = SILERO_FRAME / 2 };

	for (size_t half = 1; half < N; half *= 2)
		for (size_t i = 0; i < N; i += 2 * half)
			for (size_t j = 0; j < half; j++) {
				const float c = net->cos[j * (N / half)];
				const float s = net->sin[j * (N / half)];
				const size_t a = i + j, b = a + half;
				vec4 tr = re[b] * c - im[b] * s;
				vec4 ti = re[b] * s + im[b] * c;

				re[b] = re[a] - tr;
				im[b] = im[a] - ti;
				re[a] += tr;
				im[a] += ti;
			}
}

KERNEL void put(struct work *w, size_t bin, vec4 re, vec4 im)
{
	vec4 power = re * re + im * im;

	for (size_t f = 0; f < SILERO_FRAMES; f++)
		w->mag[1 + f][bin] = sqrtf(power[f]);
}

KERNEL void spectra(const struct silero *net, struct silero_state *st,
                    const int16_t *chunk, struct work *w)
{
	enum { N = SILERO_FRAME / 2 };
	vec4 re[N], im[N];

	window(net, st, chunk, re, im);
	transform(net, re, im);
	put(w, 0, re[0] + im[0], (vec4){0});
	put(w, N, re[0] - im[0], (vec4){0});
	for (size_t k = 1; k < N; k++) {
		vec4 ar = (re[k] + re[N - k]) * 0.5f;
		vec4 ai = (im[k] - im[N - k]) * 0.5f;
		vec4 br = (im[k] + im[N - k]) * 0.5f;
		vec4 bi = (re[N - k] - re[k]) * 0.5f;

		put(w, k, ar + br * net->cos[k] - bi * net->sin[k],
		    ai + br * net->sin[k] + bi * net->cos[k]);
	}
}
