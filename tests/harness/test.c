#define _POSIX_C_SOURCE 200809L
#include "tests/harness/test.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEFAULT_LIMIT_SEC = 20 };

static const struct test *table;

void test_fail(const char *file, int line, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!table) { /* a bench, or ahead of all tests */
		fprintf(stderr, "%s:%d: %s\n", file, line, text);
		exit(EXIT_FAILURE);
	}
	_ck_assert_failed(file, line, text, NULL);
	abort(); /* not reached: Check leaves by longjmp or exit */
}

START_TEST(run_one)
{
	table[_i].run();
	mark_point();
}
END_TEST

/* A sanitizer's bookkeeping costs a multiple; give it the time. */
static double time_scale(void)
{
	const char *scale = getenv("TEST_TIME_SCALE");

	return scale ? strtod(scale, NULL) : 1;
}

unsigned test_ms(unsigned ms)
{
	return (unsigned)(time_scale() * ms);
}

void test_pause(unsigned ms)
{
	const struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

unsigned test_size(const char *name, unsigned sample)
{
	const char *v = getenv(name);

	return v ? (unsigned)strtoul(v, NULL, 10) : sample;
}

unsigned test_draw(uint64_t *state, unsigned n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % n;
}

int test_main(int argc, char **argv, const struct test *tests, size_t n)
{
	Suite *suite = suite_create(argv[0]);
	SRunner *runner;
	int run, failed;

	table = tests;
	for (size_t i = 0; i < n; i++) {
		unsigned limit = tests[i].limit_sec;
		TCase *tc;

		if (argc > 1 && !strstr(tests[i].name, argv[1]))
			continue;
		tc = tcase_create(tests[i].name);
		tcase_set_timeout(
			tc, time_scale() * (limit ? limit : DEFAULT_LIMIT_SEC));
		tcase_add_loop_test(tc, run_one, (int)i, (int)i + 1);
		suite_add_tcase(suite, tc);
	}

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_SILENT);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_print(runner, CK_NORMAL);
	printf("%d passed, %d failed\n", run - failed, failed);
	srunner_free(runner);
	return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}

int test_main_after(void (*before)(void), int argc, char **argv,
                    const struct test *tests, size_t n)
{
	before();
	return test_main(argc, argv, tests, n);
}
