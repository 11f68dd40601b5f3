/*
 * The demonstration with its natural voice, which keeps up where it has a core:
 * this program runs alone.
 */
#include <stddef.h>

#include "tests/e2e/demo_rig.h"
#include "tests/harness/test.h"

static void the_recording_holds_what_the_bot_says_it_spoke(void)
{
	static const char *const checked[] = {
		"ok     words the bot says it spoke",
		"ok     word errors, read back by another net",
		"ok     \"John\" of the custom data was heard",
		"ok     loudest sample of the bot",
		"ok     longest hole that pacing made",
		NULL,
	};

	demo_run("", checked);
}

static const struct test tests[] = {
	TEST_SLOW(the_recording_holds_what_the_bot_says_it_spoke,
                  DEMO_LIMIT_SEC),
};

TEST_MAIN(tests)
