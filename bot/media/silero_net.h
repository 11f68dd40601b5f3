/*
 * silero_net.h - the shape of the net, between silero.c and its kernels
 *
 * Four convolutions and one LSTM. Padding and strides are a matter of where a
 * row of input begins, so each layer is the same operation: rows of @in values
 * times a matrix. A row of a convolution holds its taps one after another.
 */
#ifndef BOT_MEDIA_SILERO_NET_H
#define BOT_MEDIA_SILERO_NET_H

#include <stddef.h>
#include <stdint.h>

#include "bot/media/silero.h"

enum {
	SILERO_FRAME = 128, /* [samples] of one spectrum, hop 64 */
	SILERO_HOP = 64,
	SILERO_FRAMES = 4, /* spectra of a chunk */
	SILERO_BINS = 65,
	SILERO_LAYERS = 5, /* convolutions 0 to 3, then the LSTM's gates */
	SILERO_LSTM = 4,
	SILERO_GATES = 4 * SILERO_HIDDEN, /* in, forget, cell, out */
	SILERO_ROWS = 4,   /* rows that share one fetch of a weight */
	SILERO_BLOCK = 16, /* outputs whose weights lie together */
};

struct silero_layer {
	float *w; /* [out / SILERO_BLOCK][in][SILERO_BLOCK] */
	float *b; /* [out] */
	size_t in, out;
};

/* Step one call, or SILERO_ROWS of them. */
struct silero_kernel {
	const char *name;
	float (*one)(const struct silero *net, struct silero_state *state,
	             const int16_t *chunk);
	void (*four)(const struct silero *net,
	             struct silero_state *const state[],
	             const int16_t *const chunk[], float prob[]);
};

struct silero {
	const struct silero_kernel *kernel;
	struct silero_layer layer[SILERO_LAYERS];
	float out_w[SILERO_HIDDEN], out_b;
	float window[SILERO_FRAME];
	/* Of a complex transform of half the length, and of its unfolding. */
	float cos[SILERO_FRAME / 2], sin[SILERO_FRAME / 2];
	uint8_t order[SILERO_FRAME / 2];
	void *memory; /* of all weights */
};

const struct silero_kernel *silero_kernel_plain(void);
const struct silero_kernel *silero_kernel_avx2(void); /* NULL: cannot be */

#endif
