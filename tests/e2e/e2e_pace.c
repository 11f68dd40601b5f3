/*
 * CALLS_PER_SECOND is the pace of all servers of a ledger together: no second,
 * wherever it begins, has more calls, and nearly all of the pace is used.
 * PACE_SECONDS makes the runs longer.
 */
#include "tests/e2e/torture.h"
#include "tests/harness/test.h"

static void four_servers_keep(unsigned cps, unsigned sample_sec)
{
	const struct torture_opts opts = {
		.postgres = true,
		.servers = 4,
		/* Somewhat more than the pace takes, each for a second. */
		.clients = cps < 34 ? 40 : cps * 6 / 5,
		.starts = cps * torture_size("PACE_SECONDS", sample_sec),
		.cps = cps};

	torture_run(&opts, 1);
}

static void four_servers_keep_plivos_own_pace(void)
{
	four_servers_keep(2, 6);
}

static void four_servers_keep_a_pace_of_ten(void)
{
	four_servers_keep(10, 4);
}

static void four_servers_keep_a_pace_of_fifty(void)
{
	four_servers_keep(50, 4);
}

static const struct test tests[] = {
	TEST_SLOW(four_servers_keep_plivos_own_pace, 600),
	TEST_SLOW(four_servers_keep_a_pace_of_ten, 600),
	TEST_SLOW(four_servers_keep_a_pace_of_fifty, 600),
};

TEST_MAIN(tests)
