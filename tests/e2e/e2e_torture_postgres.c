/*
 * Starts through kills of servers that share a PostgreSQL, and of that.
 */
#include "tests/e2e/torture.h"
#include "tests/harness/test.h"

static void servers_on_postgresql_are_killed_and_so_is_that(void)
{
	const struct torture_opts opts = {
		.postgres = true,
		.servers = torture_size("TORTURE_SERVERS", 2),
		.clients = torture_size("TORTURE_CLIENTS", 24),
		.starts = torture_size("TORTURE_STARTS", 60),
		.kills = torture_size("TORTURE_KILLS", 4),
		.db_kills = torture_size("TORTURE_DB_KILLS", 2),
	};

	torture_run(&opts, torture_size("TORTURE_SEED", 20261125));
}

static void four_servers_keep_one_pace(void)
{
	const struct torture_opts opts = {.postgres = true,
	                                  .servers = 4,
	                                  .clients = 50,
	                                  .starts = 50,
	                                  .cps = 10};

	torture_run(&opts, 1);
}

static const struct test tests[] = {
	TEST_SLOW(four_servers_keep_one_pace, 60),
	TEST_SLOW(servers_on_postgresql_are_killed_and_so_is_that, 60),
};

TEST_MAIN(tests)
