/*
 * test.h - a test program is a table of functions, run by Check
 *
 * Each test runs in a process of its own with a time limit, so a crash, a hang
 * or a leak is the failure of that test alone. The program prints one line a
 * failure and closes with "N passed, N failed"; an argument runs only the
 * tests whose names contain it.
 */
#ifndef TESTS_HARNESS_TEST_H
#define TESTS_HARNESS_TEST_H

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/attr.h"

struct test {
	const char *name;
	void (*run)(void);
	unsigned limit_sec; /* 0: 20 s */
};

/* The running test has failed. */
NORETURN void test_fail(const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* How long to wait for what must come: @ms, or a multiple where everything is
 * slower (TEST_TIME_SCALE). Not for what is being measured. */
unsigned test_ms(unsigned ms);

/* Wait @ms before the next look at what another process or thread brings about.
 */
void test_pause(unsigned ms);

/* How much of something: a number of the environment (`make torture`), or the
 * sample's. */
unsigned test_size(const char *name, unsigned sample);

/* A number below @n. The same @state gives the same numbers. */
unsigned test_draw(uint64_t *state, unsigned n);

int test_main(int argc, char **argv, const struct test *tests, size_t n);

/* @before runs once, ahead of all; each test has a copy of what it left behind,
 * such as models that take long to load. It starts no thread. */
int test_main_after(void (*before)(void), int argc, char **argv,
                    const struct test *tests, size_t n);

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_INT(want, have)                                                \
	do {                                                                 \
		const intmax_t w_ = (intmax_t)(want), h_ = (intmax_t)(have); \
		if (w_ != h_)                                                \
			test_fail(__FILE__, __LINE__,                        \
			          "%s: want %" PRIdMAX ", have %" PRIdMAX,   \
			          #have, w_, h_);                            \
	} while (0)

#define CHECK_NEAR(want, have, eps)                                           \
	do {                                                                  \
		const double w_ = (want), h_ = (have);                        \
		if (!(fabs(w_ - h_) <= (eps)))                                \
			test_fail(__FILE__, __LINE__, "%s: want %g, have %g", \
			          #have, w_, h_);                             \
	} while (0)

#define CHECK_STR(want, have)                                                \
	do {                                                                 \
		const char *w_ = (want), *h_ = (have);                       \
		if (!h_ || strcmp(w_, h_) != 0)                              \
			test_fail(__FILE__, __LINE__,                        \
			          "%s: want \"%s\", have \"%s\"", #have, w_, \
			          h_ ? h_ : "(null)");                       \
	} while (0)

/* clang-format off */
#define TEST(fn) {#fn, fn, 0}
#define TEST_SLOW(fn, sec) {#fn, fn, sec}
/* clang-format on */

#define TEST_MAIN(tests)                                               \
	int main(int argc, char **argv)                                \
	{                                                              \
		return test_main(argc, argv, tests, ARRAY_LEN(tests)); \
	}
#define TEST_MAIN_AFTER(before, tests)                            \
	int main(int argc, char **argv)                           \
	{                                                         \
		return test_main_after(before, argc, argv, tests, \
		                       ARRAY_LEN(tests));         \
	}

#endif
