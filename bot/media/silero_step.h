/*
 * silero_step.h - one step of the net, for one call or for four
 *
 * Compiled once for each set of instructions; see silero_vec.h.
 */
#include "bot/media/silero_dense.h"
#include "bot/media/silero_spectra.h"

KERNEL void prepare(const struct silero *net, struct silero_state *st,
                    const int16_t *chunk, struct work *w)
{
	const float *x[SILERO_FRAMES];
	float *y[SILERO_FRAMES];

	memset(w->mag[0], 0, sizeof(w->mag[0]));
	memset(w->mag[SILERO_FRAMES + 1], 0, sizeof(w->mag[0]));
	memset(w->c0[0], 0, sizeof(w->c0[0]));
	spectra(net, st, chunk, w);
	for (size_t f = 0; f < SILERO_FRAMES; f++) {
		x[f] = w->mag[f];
		y[f] = w->c0[1 + f];
	}
	dense(&net->layer[0], SILERO_FRAMES, x, y, true);
	memcpy(w->xh + SILERO_HIDDEN, st->h, sizeof(st->h));
}

KERNEL float finish(const struct silero *net, struct silero_state *st,
                    const struct work *w)
{
	enum { H = SILERO_HIDDEN };
	vec sum = all(0);
	float total = net->out_b;

	for (size_t j = 0; j < H; j += KERNEL_LANES) {
		vec c = sigmoid(load(w->gate + H + j)) * load(st->c + j) +
		        sigmoid(load(w->gate + j)) *
		                tanh_of(load(w->gate + 2 * H + j));
		vec h = sigmoid(load(w->gate + 3 * H + j)) * tanh_of(c);

		store(st->c + j, c);
		store(st->h + j, h);
		sum += relu(h) * load(net->out_w + j);
	}
	for (size_t l = 0; l < KERNEL_LANES; l++)
		total += sum[l];
	return sigmoid(all(total))[0];
}

/* @n calls, 1 or SILERO_ROWS; known when this is compiled. */
KERNEL void step(const struct silero *net, struct silero_state *const st[],
                 const int16_t *const chunk[], float prob[], size_t n)
{
	struct work w[SILERO_ROWS];
	const float *x[SILERO_ROWS];
	float *y[SILERO_ROWS];

	for (size_t i = 0; i < n; i++)
		prepare(net, st[i], chunk[i], &w[i]);
	/* Two outputs a call, from taps 0 to 2 and 2 to 4. */
	for (size_t out = 0; out < 2; out++) {
		for (size_t i = 0; i < n; i++) {
			x[i] = w[i].c0[2 * out];
			y[i] = w[i].c1[out];
		}
		dense(&net->layer[1], n, x, y, true);
	}
	for (size_t i = 0; i < n; i++) {
		x[i] = w[i].c1[0];
		y[i] = w[i].c2;
	}
	dense(&net->layer[2], n, x, y, true);
	for (size_t i = 0; i < n; i++) {
		x[i] = w[i].c2;
		y[i] = w[i].xh;
	}
	dense(&net->layer[3], n, x, y, true);
	for (size_t i = 0; i < n; i++) {
		x[i] = w[i].xh;
		y[i] = w[i].gate;
	}
	dense(&net->layer[SILERO_LSTM], n, x, y, false);
	for (size_t i = 0; i < n; i++)
		prob[i] = finish(net, st[i], &w[i]);
}

KERNEL_TARGET static float step_one(const struct silero *net,
                                    struct silero_state *state,
                                    const int16_t *chunk)
{
	float prob;

	step(net, &state, &chunk, &prob, 1);
	return prob;
}

KERNEL_TARGET static void step_four(const struct silero *net,
                                    struct silero_state *const state[],
                                    const int16_t *const chunk[], float prob[])
{
	step(net, state, chunk, prob, SILERO_ROWS);
}
