/*
 * env.example says what the option tables say. After a change of a table:
 *
 *	UPDATE=1 build/unit/test_env_example
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/opt.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

/* The two headers cannot be read together: each program has a "config". */
extern const struct opt server_options[], bot_options[];
extern const size_t server_options_n, bot_options_n;

static const char head[] =
	"# dialout: options of both programs. Copy this file to .env and fill "
	"in "
	"what\n"
	"# you need; what is commented out shows its default. The environment "
	"wins\n"
	"# over .env. `dialout-server --check` and `dialout-bot --check` say "
	"what "
	"is\n"
	"# missing.\n\n";

static void env_example_is_what_the_tables_say(void)
{
	struct buf out, seen;

	buf_init(&out, 256 * 1024);
	buf_init(&seen, 64 * 1024);
	CHECK_INT(0,
	          opt_example(&out, &seen, server_options, server_options_n));
	CHECK_INT(0, buf_adds(&out, "\n"));
	CHECK_INT(0, opt_example(&out, &seen, bot_options, bot_options_n));
	if (getenv("UPDATE")) {
		FILE *f = fopen("env.example", "w");

		CHECK(f != NULL);
		fprintf(f, "%s%s", head, buf_str(&out));
		fclose(f);
	}
	if (strncmp(proc_file("env.example"), head, strlen(head)) != 0 ||
	    strcmp(proc_file("env.example") + strlen(head), buf_str(&out)) != 0)
		test_fail(__FILE__, __LINE__,
		          "env.example is stale: UPDATE=1 "
		          "build/unit/test_env_example");
	buf_fini(&out);
	buf_fini(&seen);
}

static const struct test tests[] = {
	TEST(env_example_is_what_the_tables_say),
};

TEST_MAIN(tests)
