#include "common/timer.h"
#include "tests/harness/test.h"

static char ran[64];
static struct timers *ts;
static struct timer again;

static void note(void *arg)
{
	const char *name = arg;
	size_t n = strlen(ran);

	ran[n] = name[0];
	ran[n + 1] = '\0';
}

static void restart(void *arg)
{
	note(arg);
	timer_start(ts, &again, 0, restart, arg);
}

static void start(struct timer *t, uint32_t ms, const char *name)
{
	timer_start(ts, t, ms, note, (void *)(uintptr_t)name);
}

static void timers_run_in_order_of_time_then_of_start(void)
{
	struct timer t[5] = {{0}};

	CHECK_INT(0, timers_new(&ts, 1000));
	start(&t[0], 30, "d");
	start(&t[1], 10, "a");
	start(&t[2], 20, "b");
	start(&t[3], 20, "c");
	start(&t[4], 5, "x");
	timer_stop(ts, &t[4]);
	timer_stop(ts, &t[4]);
	timers_run(ts, 1000 + 25000);
	CHECK_STR("abc", ran);
	timers_run(ts, 1000 + 30000);
	CHECK_STR("abcd", ran);
	timers_free(&ts);
}

static void a_handler_cannot_starve_the_loop(void)
{
	CHECK_INT(0, timers_new(&ts, 0));
	timer_start(ts, &again, 0, restart, (void *)(uintptr_t) "r");
	timers_run(ts, 0);
	CHECK_STR("r", ran);
	timers_run(ts, 0);
	CHECK_STR("rr", ran);
	timer_stop(ts, &again);
	timers_free(&ts);
}

static void the_clock_never_goes_backwards(void)
{
	CHECK_INT(0, timers_new(&ts, 500));
	timers_update(ts, 400);
	CHECK_INT(500, timers_now(ts));
	timers_free(&ts);
}

/* A linear congruential generator: the same sequence in every run. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static uint64_t last_due;
static unsigned fired;

static void in_order(void *arg)
{
	struct timer *t = arg;

	CHECK(t->due_us >= last_due);
	last_due = t->due_us;
	fired++;
}

static void thousands_started_and_stopped_at_random_stay_in_order(void)
{
	static struct timer t[2000];
	uint32_t seed = 7;
	unsigned running = 0;

	CHECK_INT(0, timers_new(&ts, 0));
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_LEN(t); i++) {
			if (next_random(&seed) % 3 == 0)
				timer_stop(ts, &t[i]);
			else
				timer_start(ts, &t[i],
				            next_random(&seed) % 1000, in_order,
				            &t[i]);
		}
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		running += timer_running(&t[i]);
	for (uint64_t now = 0; now <= 1000000; now += 7000)
		timers_run(ts, now);
	timers_run(ts, 1000000);
	CHECK_INT(running, fired);
	timers_free(&ts);
}

static const struct test tests[] = {
	TEST(timers_run_in_order_of_time_then_of_start),
	TEST(a_handler_cannot_starve_the_loop),
	TEST(the_clock_never_goes_backwards),
	TEST(thousands_started_and_stopped_at_random_stay_in_order),
};

TEST_MAIN(tests)
