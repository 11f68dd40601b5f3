/*
 * CALLS_PER_SECOND is the pace of all servers of a ledger together.
 */
#include "tests/e2e/torture.h"
#include "tests/harness/test.h"

static void four_servers_keep_one_pace(void)
{
	const struct torture_opts opts = {.postgres = true,
	                                  .servers = 4,
	                                  .clients = 40,
	                                  .starts = 40,
	                                  .cps = 10};

	torture_run(&opts, 1);
}

static const struct test tests[] = {
	TEST_SLOW(four_servers_keep_one_pace, 60),
};

TEST_MAIN(tests)
