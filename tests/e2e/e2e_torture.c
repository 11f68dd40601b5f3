/*
 * Starts through kills of a server on SQLite, while Plivo's answers often say
 * nothing clear: placed or not, in time, late or never. `make torture` has them in the
 * thousands; here is a sample.
 */
#include "tests/e2e/torture.h"
#include "tests/harness/test.h"

static void a_server_on_sqlite_is_killed(void)
{
	const struct torture_opts opts = {
		.servers = 1,
		.clients = torture_size("TORTURE_CLIENTS", 24),
		.starts = torture_size("TORTURE_STARTS", 100),
		.kills = torture_size("TORTURE_KILLS", 6),
		.unclear = torture_size("TORTURE_UNCLEAR", 30),
		.stalls = torture_size("TORTURE_STALLS", 0),
		.later = torture_size("TORTURE_LATER", 25),
	};

	torture_run(&opts, torture_size("TORTURE_SEED", 20261125));
}

static const struct test tests[] = {
	TEST_SLOW(a_server_on_sqlite_is_killed, 60),
};

TEST_MAIN(tests)
