#define _GNU_SOURCE
#include "bot/admit.h"

#include <time.h>

#include "common/crypto.h"

enum {
	BLOCK = 16 * 1024, /* [bytes] hashed at once */
	ROUNDS = 5,        /* the best of them counts */
	PER_ROUND = 16,    /* blocks */

	/* The machine of the measurements hashed a block in this time [us]
	 * and carried so many calls of the whole pipeline on a core, at 70 %
	 * of what it could. */
	REFERENCE_US = 36,
	REFERENCE_CALLS = 270,
	/* Per core, speaking and listening in process. */
	REFERENCE_EMBEDDED = 2,

	CALLS_MIN = 1,
	CALLS_MAX = 1500,
};

bool admit_step(struct admit *a, uint32_t p99_us, uint64_t count,
                uint64_t now_us)
{
	if (count < ADMIT_COUNT_MIN)
		p99_us = 0;
	if (p99_us > ADMIT_SHUT_US) {
		a->shut = true;
		a->good_since_us = 0;
	} else if (p99_us >= ADMIT_OPEN_US) {
		a->good_since_us = 0;
	} else if (a->shut) {
		if (!a->good_since_us)
			a->good_since_us = now_us;
		if (now_us - a->good_since_us >= ADMIT_GOOD_US)
			a->shut = false;
	}
	return !a->shut;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Best time of a block [us], so that a neighbour's time slice does not make
 * the machine look slow. */
static unsigned block_us(void)
{
	static uint8_t block[BLOCK];
	uint8_t digest[CRYPTO_SHA256_LEN];
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t begin = now_us(), us;

		for (int k = 0; k < PER_ROUND; k++)
			crypto_sha256(digest, block, sizeof(block));
		us = (now_us() - begin) / PER_ROUND;
		if (us < best)
			best = us;
	}
	return best ? (unsigned)best : 1;
}

unsigned admit_measure(bool embedded, unsigned cores)
{
	unsigned us = block_us();
	unsigned calls = embedded ? REFERENCE_EMBEDDED * (cores ? cores : 1)
	                          : REFERENCE_CALLS;

	calls = calls * REFERENCE_US / us;
	if (calls < CALLS_MIN)
		return CALLS_MIN;
	return calls < CALLS_MAX ? calls : CALLS_MAX;
}
