/*
 * How often the loop may turn.
 */
#include "bot/net/pace.h"
#include "tests/harness/test.h"

enum { START_US = 5000000 };

/* Turns that begin at once, from @now_us on, before one has to wait. */
static unsigned burst(struct pace *p, uint64_t now_us)
{
	unsigned n = 0;

	while (!pace_turn(p, now_us))
		n++;
	return n;
}

static void a_loop_with_little_to_do_is_never_held_up(void)
{
	struct pace p = {0};

	for (unsigned i = 0; i < 1000; i++)
		CHECK(!pace_turn(&p, START_US + 1100ULL * i));
}

static void a_burst_after_a_pause_begins_at_once(void)
{
	struct pace p = {0};

	CHECK_INT(PACE_SAVED, burst(&p, START_US));
	CHECK(burst(&p, START_US + 100000) >= PACE_SAVED);
}

static void a_loop_that_never_rests_turns_once_a_millisecond(void)
{
	struct pace p = {0};
	uint64_t now = START_US;

	burst(&p, now);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t until = pace_turn(&p, now);

		CHECK(until > now);
		CHECK(until <= now + PACE_TURN_US);
		now = until + 10; /* the turn's own work */
	}
	CHECK(now >= START_US + 999 * PACE_TURN_US);
	CHECK(now <= START_US + 1002 * PACE_TURN_US);
}

static void a_turn_that_took_its_millisecond_is_followed_at_once(void)
{
	struct pace p = {0};
	uint64_t now = START_US + PACE_TURN_US; /* the wait is over */

	burst(&p, START_US);
	for (unsigned i = 0; i < 100; i++) {
		now += 1500;
		CHECK(!pace_turn(&p, now));
	}
}

static void a_wait_that_is_cut_short_does_not_set_the_pace_back(void)
{
	struct pace p = {0};
	uint64_t until;

	burst(&p, START_US);
	until = pace_turn(&p, START_US + 10);
	CHECK(until > START_US + 10);
	/* A signal: the loop is here earlier than it was told. */
	until = pace_turn(&p, START_US + 20);
	CHECK(until <= START_US + 20 + 3 * PACE_TURN_US);
}

static const struct test tests[] = {
	TEST(a_loop_with_little_to_do_is_never_held_up),
	TEST(a_burst_after_a_pause_begins_at_once),
	TEST(a_loop_that_never_rests_turns_once_a_millisecond),
	TEST(a_turn_that_took_its_millisecond_is_followed_at_once),
	TEST(a_wait_that_is_cut_short_does_not_set_the_pace_back),
};

TEST_MAIN(tests)
