/*
 * Starts through kills of servers that share a PostgreSQL, and of that, while
 * Plivo's answers often say nothing clear.
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
		.unclear = torture_size("TORTURE_UNCLEAR", 30),
		.stalls = torture_size("TORTURE_STALLS", 0),
		.later = torture_size("TORTURE_LATER", 25),
	};

	torture_run(&opts, torture_size("TORTURE_SEED", 20261125));
}

static const struct test tests[] = {
	TEST_SLOW(servers_on_postgresql_are_killed_and_so_is_that, 60),
};

TEST_MAIN(tests)
