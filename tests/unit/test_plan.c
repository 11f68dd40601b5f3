/* server/plan.txt is what the installed libphonenumber's data give. */
#define _POSIX_C_SOURCE 200809L
#include "server/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

static const char plan[] = "server/plan.txt";

/* `make plan`, into a file of no name. */
static FILE *extract(void)
{
	FILE *f = tmpfile();
	int status = -1;
	pid_t pid;

	CHECK(f != NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		dup2(fileno(f), STDOUT_FILENO);
		execl("/usr/bin/python3", "python3", "deploy/plan.py",
		      "extract", (char *)NULL);
		_exit(127);
	}
	CHECK_INT(pid, waitpid(pid, &status, 0));
	if (status)
		test_fail(__FILE__, __LINE__,
		          "deploy/plan.py extract does not work: `make "
		          "deps-test` installs python3-phonenumbers");
	rewind(f);
	return f;
}

/* The next line, without its end; "" behind the last. */
static const char *line(FILE *f, char **text, size_t *cap)
{
	if (getline(text, cap, f) < 0)
		return "";
	(*text)[strcspn(*text, "\n")] = '\0';
	return *text;
}

static void the_plan_is_that_of_the_installed_data(void)
{
	char *is = NULL, *should = NULL;
	size_t is_cap = 0, should_cap = 0;
	FILE *f = fopen(plan, "r"), *g = extract();
	unsigned n = 0;

	CHECK(f != NULL);
	for (;;) {
		const char *a = line(f, &is, &is_cap);
		const char *b = line(g, &should, &should_cap);

		n++;
		if (strcmp(a, b) != 0)
			test_fail(__FILE__, __LINE__,
			          "%s:%u has \"%.60s\", the installed data "
			          "give \"%.60s\": run `make plan`, look at "
			          "the difference, and commit it",
			          plan, n, a, b);
		if (!*a && !*b)
			break;
	}
	/* Neither was empty. */
	CHECK(n > 1000);
	free(is);
	free(should);
	fclose(f);
	fclose(g);
}

static const struct test tests[] = {
	TEST_SLOW(the_plan_is_that_of_the_installed_data, 120),
};

TEST_MAIN(tests)
