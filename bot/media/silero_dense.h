/*
 * silero_dense.h - rows times a matrix, where the net spends its time
 *
 * Compiled once for each set of instructions; see silero_vec.h.
 */
#include "bot/media/silero_vec.h"

KERNEL void put_block(float *y, vec s0, vec s1, bool positive)
{
	store(y, positive ? relu(s0) : s0);
	store(y + KERNEL_LANES, positive ? relu(s1) : s1);
}

/* One product of a row: two vectors of weights, one value of input. */
#define TAKE(s, value)                           \
	do {                                     \
		const vec v_ = all(value);       \
		s##0 = KERNEL_FMA(w0, v_, s##0); \
		s##1 = KERNEL_FMA(w1, v_, s##1); \
	} while (0)

/* Four rows at once: each weight is fetched once for all of them. The sums
 * are named one by one because only then do compilers keep them in registers.
 */
KERNEL void dense_four(const struct silero_layer *layer, const float *const x[],
                       float *const y[], bool positive)
{
	const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];

	for (size_t o = 0; o < layer->out; o += 2 * KERNEL_LANES) {
		const float *w = layer->w + o % SILERO_BLOCK +
		                 o / SILERO_BLOCK * SILERO_BLOCK * layer->in;
		vec a0 = load(layer->b + o);
		vec a1 = load(layer->b + o + KERNEL_LANES);
		vec b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;

		for (size_t i = 0; i < layer->in; i++, w += SILERO_BLOCK) {
			const vec w0 = load(w), w1 = load(w + KERNEL_LANES);

			TAKE(a, x0[i]);
			TAKE(b, x1[i]);
			TAKE(c, x2[i]);
			TAKE(d, x3[i]);
		}
		put_block(y[0] + o, a0, a1, positive);
		put_block(y[1] + o, b0, b1, positive);
		put_block(y[2] + o, c0, c1, positive);
		put_block(y[3] + o, d0, d1, positive);
	}
}

/* A single row: four sums side by side, that none need wait for another.
 * The layer's @in is a multiple of 4. */
KERNEL void dense_one(const struct silero_layer *layer, const float *x,
                      float *y, bool positive)
{
	for (size_t o = 0; o < layer->out; o += 2 * KERNEL_LANES) {
		const float *w = layer->w + o % SILERO_BLOCK +
		                 o / SILERO_BLOCK * SILERO_BLOCK * layer->in;
		vec a0 = load(layer->b + o);
		vec a1 = load(layer->b + o + KERNEL_LANES);
		vec b0 = all(0), b1 = b0, c0 = b0, c1 = b0, d0 = b0, d1 = b0;

		for (size_t i = 0; i < layer->in; i += 4) {
			vec w0 = load(w), w1 = load(w + KERNEL_LANES);

			TAKE(a, x[i]);
			w0 = load(w + SILERO_BLOCK);
			w1 = load(w + SILERO_BLOCK + KERNEL_LANES);
			TAKE(b, x[i + 1]);
			w0 = load(w + 2 * SILERO_BLOCK);
			w1 = load(w + 2 * SILERO_BLOCK + KERNEL_LANES);
			TAKE(c, x[i + 2]);
			w0 = load(w + 3 * SILERO_BLOCK);
			w1 = load(w + 3 * SILERO_BLOCK + KERNEL_LANES);
			TAKE(d, x[i + 3]);
			w += 4 * SILERO_BLOCK;
		}
		put_block(y + o, a0 + b0 + c0 + d0, a1 + b1 + c1 + d1,
		          positive);
	}
}

/* @n is 1 or SILERO_ROWS, and known when this is compiled. */
KERNEL void dense(const struct silero_layer *layer, size_t n,
                  const float *const x[], float *const y[], bool positive)
{
	if (n == SILERO_ROWS)
		dense_four(layer, x, y, positive);
	else
		dense_one(layer, x[0], y[0], positive);
}
