#include "bot/media/silero.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bot/media/silero_net.h"
#include "common/err.h"
#include "common/mem.h"

static const char MAGIC[8] = "SILERO8K";

enum {
	ALIGN = 64, /* [bytes] of a cache line */
	BASIS = 2 * SILERO_BINS * SILERO_FRAME,
	TENSOR_MAX = SILERO_GATES * SILERO_HIDDEN, /* [floats] */
};

/* Taps [first, first + taps) of 3 are used: the others would meet nothing but
 * padding. */
struct shape {
	size_t in, out, first, taps;
};

static const struct shape conv[SILERO_LSTM] = {
	{SILERO_BINS, 128, 0, 3},
	{128, 64, 0, 3},
	{64, 64, 1, 2},
	{64, 128, 1, 1},
};

/* Hands out the file's tensors in their order. */
struct reader {
	FILE *file;
	float *scratch; /* the last tensor that was read */
	int err;
};

static const float *next(struct reader *rd, size_t n)
{
	if (!rd->err && fread(rd->scratch, sizeof(float), n, rd->file) != n)
		rd->err = ERR_PROTO;
	return rd->scratch;
}

/* The weight from input row @in to output @out. */
static float *weight(const struct silero_layer *l, size_t in, size_t out)
{
	return l->w + (out / SILERO_BLOCK * l->in + in) * SILERO_BLOCK +
	       out % SILERO_BLOCK;
}

static void read_conv(struct reader *rd, struct silero_layer *l,
                      const struct shape *s)
{
	const float *v = next(rd, s->out * s->in * 3);

	for (size_t o = 0; o < s->out; o++)
		for (size_t i = 0; i < s->in; i++)
			for (size_t k = 0; k < s->taps; k++)
				*weight(l, k * s->in + i, o) =
					v[(o * s->in + i) * 3 + s->first + k];
	memcpy(l->b, next(rd, s->out), s->out * sizeof(float));
}

static void read_lstm(struct reader *rd, struct silero_layer *l)
{
	for (size_t from = 0; from < l->in; from += SILERO_HIDDEN) {
		const float *v = next(rd, l->out * SILERO_HIDDEN);

		for (size_t o = 0; o < l->out; o++)
			for (size_t i = 0; i < SILERO_HIDDEN; i++)
				*weight(l, from + i, o) =
					v[o * SILERO_HIDDEN + i];
	}
	memset(l->b, 0, l->out * sizeof(float));
	for (int twice = 0; twice < 2; twice++) {
		const float *v = next(rd, l->out);

		for (size_t o = 0; o < l->out; o++)
			l->b[o] += v[o];
	}
}

static int read_all(struct silero *net, struct reader *rd)
{
	char magic[sizeof(MAGIC)];

	if (fread(magic, sizeof(magic), 1, rd->file) != 1 ||
	    memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return ERR_PROTO;
	/* The real part of bin 0 is the window itself. */
	memcpy(net->window, next(rd, BASIS), sizeof(net->window));
	for (size_t i = 0; i < SILERO_LSTM; i++)
		read_conv(rd, &net->layer[i], &conv[i]);
	read_lstm(rd, &net->layer[SILERO_LSTM]);
	memcpy(net->out_w, next(rd, SILERO_HIDDEN), sizeof(net->out_w));
	net->out_b = *next(rd, 1);
	if (!rd->err && fgetc(rd->file) != EOF)
		rd->err = ERR_PROTO;
	return rd->err;
}

static int lay_out(struct silero *net)
{
	size_t n = ALIGN / sizeof(float);
	uintptr_t at;

	for (size_t i = 0; i < SILERO_LAYERS; i++) {
		struct silero_layer *l = &net->layer[i];

		l->in = i < SILERO_LSTM ? conv[i].in * conv[i].taps
		                        : 2 * SILERO_HIDDEN;
		l->out = i < SILERO_LSTM ? conv[i].out : SILERO_GATES;
		n += (l->in + 1) * l->out;
	}
	net->memory = mem_zalloc(n * sizeof(float));
	if (!net->memory)
		return -ENOMEM;
	at = ((uintptr_t)net->memory + ALIGN - 1) / ALIGN * ALIGN;
	for (size_t i = 0; i < SILERO_LAYERS; i++) {
		struct silero_layer *l = &net->layer[i];

		l->w = (float *)at;
		l->b = l->w + l->in * l->out;
		at += (l->in + 1) * l->out * sizeof(float);
	}
	return 0;
}

static void fill_tables(struct silero *net)
{
	const size_t n = SILERO_FRAME / 2;
	const double pi = 3.14159265358979323846;

	for (size_t i = 0; i < n; i++) {
		const double angle = -2 * pi * (double)i / SILERO_FRAME;
		size_t reversed = 0;

		for (size_t bit = 1; bit < n; bit *= 2)
			reversed = reversed * 2 + ((i & bit) != 0);
		net->order[i] = (uint8_t)reversed;
		net->cos[i] = (float)cos(angle);
		net->sin[i] = (float)sin(angle);
	}
}

int silero_new(struct silero **sp, const char *path)
{
	struct reader rd = {.file = fopen(path, "rb")};
	struct silero *net = NULL;
	int err = -ENOMEM;

	if (!rd.file)
		return -errno;
	rd.scratch = mem_alloc(TENSOR_MAX * sizeof(float));
	net = mem_zalloc(sizeof(*net));
	if (!net || !rd.scratch)
		goto out;
	err = lay_out(net);
	if (err)
		goto out;
	err = read_all(net, &rd);
	if (err)
		goto out;
	fill_tables(net);
	net->kernel = silero_kernel_avx2();
	if (!net->kernel)
		net->kernel = silero_kernel_plain();
	*sp = net;
	net = NULL;
out:
	silero_free(&net);
	mem_free(rd.scratch);
	(void)fclose(rd.file);
	return err;
}

void silero_free(struct silero **sp)
{
	struct silero *net = *sp;

	if (!net)
		return;
	mem_free(net->memory);
	mem_free(net);
	*sp = NULL;
}

float silero_step(const struct silero *net, struct silero_state *state,
                  const int16_t chunk[SILERO_CHUNK])
{
	return net->kernel->one(net, state, chunk);
}

/* One less than a full row: quicker with a call made up. */
static void fill_up(const struct silero *net,
                    struct silero_state *const state[],
                    const int16_t *const chunk[], float prob[])
{
	struct silero_state nobody = {0}, *st[SILERO_ROWS];
	const int16_t *pcm[SILERO_ROWS];
	float p[SILERO_ROWS];

	for (size_t i = 0; i < SILERO_ROWS; i++) {
		bool last = i == SILERO_ROWS - 1;

		st[i] = last ? &nobody : state[i];
		pcm[i] = chunk[last ? 0 : i];
	}
	net->kernel->four(net, st, pcm, p);
	memcpy(prob, p, (SILERO_ROWS - 1) * sizeof(float));
}

void silero_step_many(const struct silero *net,
                      struct silero_state *const state[],
                      const int16_t *const chunk[], float prob[], size_t n)
{
	size_t i = 0;

	for (; i + SILERO_ROWS <= n; i += SILERO_ROWS)
		net->kernel->four(net, state + i, chunk + i, prob + i);
	if (n - i == SILERO_ROWS - 1) {
		fill_up(net, state + i, chunk + i, prob + i);
		return;
	}
	for (; i < n; i++)
		prob[i] = net->kernel->one(net, state[i], chunk[i]);
}

const char *silero_kernel_name(const struct silero *net)
{
	return net->kernel->name;
}

void silero_use_plain(struct silero *net)
{
	net->kernel = silero_kernel_plain();
}
