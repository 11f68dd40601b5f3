/* Cost of the voice detector: microseconds a chunk of 32 ms. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bot/media/silero.h"

enum { CHUNKS = 200, ROUNDS = 30, CALLS_MAX = 64 };

static int16_t audio[CHUNKS + CALLS_MAX][SILERO_CHUNK];
static struct silero_state states[CALLS_MAX];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static double best(const struct silero *net, size_t calls)
{
	struct silero_state *st[CALLS_MAX];
	const int16_t *chunk[CALLS_MAX];
	float prob[CALLS_MAX];
	double least = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double from = now_us(), us;

		for (size_t k = 0; k < CHUNKS; k++) {
			for (size_t i = 0; i < calls; i++) {
				st[i] = &states[i];
				chunk[i] = audio[k + i];
			}
			silero_step_many(net, st, chunk, prob, calls);
		}
		us = (now_us() - from) / CHUNKS / (double)calls;
		if (us < least)
			least = us;
	}
	return least;
}

int main(int argc, char **argv)
{
	static const size_t calls[] = {1, 4, 16, 64};
	struct silero *net = NULL;
	int err;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bench_silero silero-8k.bin\n");
		return 2;
	}
	srand(1);
	for (size_t k = 0; k < ARRAY_LEN(audio); k++)
		for (size_t i = 0; i < SILERO_CHUNK; i++)
			audio[k][i] = (int16_t)(rand() % 8000 - 4000);
	err = silero_new(&net, argv[1]);
	if (err)
		return 1;
	for (int plain = 0; plain < 2; plain++) {
		if (plain)
			silero_use_plain(net);
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			printf("%-6s %2zu calls together: %5.1f us a chunk\n",
			       silero_kernel_name(net), calls[i],
			       best(net, calls[i]));
	}
	silero_free(&net);
	return 0;
}
