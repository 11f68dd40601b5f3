/*
 * wordtone_int.h - which tones there are, for both directions
 *
 * Multiples of 40 Hz: in a window of 25 ms each of them is a whole number of
 * periods, so that none leaks into another, wherever the window lies.
 */
#ifndef TESTS_SIM_LIB_WORDTONE_INT_H
#define TESTS_SIM_LIB_WORDTONE_INT_H

#include <stdbool.h>

enum {
	WORDTONE_STEP_HZ = 40,
	WORDTONE_LOWS = 29,  /* 400 ... 1520 Hz */
	WORDTONE_HIGHS = 44, /* 1640 ... 3360 Hz */
	WORDTONE_CODES = WORDTONE_LOWS * WORDTONE_HIGHS,
};

#define WORDTONE_LOW_HZ(code) \
	(400 + WORDTONE_STEP_HZ * ((code) % WORDTONE_LOWS))
#define WORDTONE_HIGH_HZ(code) \
	(1640 + WORDTONE_STEP_HZ * ((code) / WORDTONE_LOWS))

/* The two dual tones of a word. */
void wordtone_code(const char *word, int code[2]);

#endif
