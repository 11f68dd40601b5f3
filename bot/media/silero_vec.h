/*
 * silero_vec.h - vectors of the net's kernels, and functions over them
 *
 * This and the headers that build on it are compiled once for each set of
 * instructions, into static functions. The includer defines KERNEL_LANES
 * (floats in a vector), KERNEL_TARGET (attribute of each function) and
 * KERNEL_FMA(w, x, acc).
 */
#ifndef BOT_MEDIA_SILERO_VEC_H
#define BOT_MEDIA_SILERO_VEC_H

#include <stdbool.h>
#include <string.h>

#include "bot/media/silero_net.h"

#define KERNEL static inline __attribute__((always_inline)) KERNEL_TARGET

typedef float vec
	__attribute__((vector_size(4 * KERNEL_LANES), aligned(4), may_alias));
typedef int32_t veci
	__attribute__((vector_size(4 * KERNEL_LANES), aligned(4), may_alias));

KERNEL vec load(const float *p)
{
	return *(const vec *)(const void *)p;
}

KERNEL void store(float *p, vec v)
{
	*(vec *)(void *)p = v;
}

KERNEL vec all(float x)
{
	return (vec){0} + x;
}

KERNEL vec choose(veci mask, vec yes, vec no)
{
	return (vec)((mask & (veci)yes) | (~mask & (veci)no));
}

KERNEL vec relu(vec x)
{
	return choose(x > all(0), x, all(0));
}

/* A Taylor series over half a binade, the rest by the exponent's bits; the
 * relative error is below 3e-7. */
KERNEL vec exp_of(vec x)
{
	const vec to_int = all(12582912.0f); /* 1.5 * 2^23: rounds */
	vec t, n, r, p;

	x = choose(x > all(60), all(60), x);
	x = choose(x < all(-60), all(-60), x);
	t = x * 1.44269504f + to_int;
	n = t - to_int;
	r = x - n * 0.693145752f;
	r = r - n * 1.42860677e-6f;
	p = 1.0f / 120 + r * (1.0f / 720 + r * (1.0f / 5040));
	p = 1 + r * (1 + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * p))));
	return (vec)((veci)p + ((veci)t << 23));
}

KERNEL vec sigmoid(vec x)
{
	return 1.0f / (1.0f + exp_of(-x));
}

KERNEL vec tanh_of(vec x)
{
	return 1.0f - 2.0f / (1.0f + exp_of(2.0f * x));
}

#endif
