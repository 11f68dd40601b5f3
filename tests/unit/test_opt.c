#define _POSIX_C_SOURCE 200809L
#include "common/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/dotenv.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/harness/test.h"

struct cfg {
	const char *name;
	const char *secret;
	uint32_t calls;
	int env;
};

static const struct opt table[] = {
	{"T_NAME", OPT_TEXT, OPT_EXAMPLE, offsetof(struct cfg, name), NULL, 0,
         0, NULL, "First", "What it is called."},
	{"T_SECRET_KEY", OPT_TEXT, OPT_SECRET, offsetof(struct cfg, secret),
         NULL, 0, 0, NULL, "First", "A secret."},
	{"T_CALLS", OPT_NUMBER, 0, offsetof(struct cfg, calls), "50", 1, 1000,
         NULL, "Second", "How many."},
	{"T_ENV", OPT_CHOICE, OPT_NOCASE, offsetof(struct cfg, env), "local", 0,
         0, "local|production", "Second", "Where it runs."},
};

static struct buf faults;
static char said[4096]; /* the faults of the last load */
static char path[64];

/* Load the table with @dotenv as the file's content. */
static int load(struct opt_set **sp, struct cfg *cfg, const char *dotenv)
{
	static const char *const known[] = {"T_CALLZ", NULL};
	FILE *f;
	int fd, err;

	snprintf(path, sizeof(path), "/tmp/test_opt.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	f = fdopen(fd, "w");
	fputs(dotenv, f);
	fclose(f);
	buf_init(&faults, 4096);
	memset(cfg, 0, sizeof(*cfg));
	err = opt_load(sp, table, ARRAY_LEN(table), cfg, path, known, &faults);
	unlink(path);
	snprintf(said, sizeof(said), "%s", buf_str(&faults));
	buf_fini(&faults);
	return err;
}

static const char *value(const char *text, const char *name)
{
	static char copy[256];
	struct dotenv *d;
	const char *v;

	buf_init(&faults, 4096);
	if (dotenv_parse(&d, str_of(text), ".env", &faults)) {
		snprintf(copy, sizeof(copy), "%s", buf_str(&faults));
	} else {
		v = dotenv_get(d, name);
		snprintf(copy, sizeof(copy), "%s", v ? v : "(absent)");
	}
	dotenv_free(&d);
	buf_fini(&faults);
	return copy;
}

static void a_dotenv_file_is_read_as_people_write_it(void)
{
	CHECK_STR("b", value("A=b", "A"));
	CHECK_STR("b", value("\xef\xbb\xbf"
	                     "A=b\r\n",
	                     "A"));
	CHECK_STR("b", value("export A=b\n", "A"));
	CHECK_STR("b c", value("A = b c  # comment\n", "A"));
	CHECK_STR("b#c", value("A=b#c", "A"));
	CHECK_STR("", value("A= # nothing\n", "A"));
	CHECK_STR("", value("A=\n", "A"));
	CHECK_STR(" b # c ", value("A=' b # c '", "A"));
	CHECK_STR("b\"c\n", value("A=\"b\\\"c\\n\" # d", "A"));
	CHECK_STR("\\d", value("A=\"\\d\"", "A"));
	CHECK_STR("2", value("A=1\nA=2\n", "A"));
	CHECK_STR("x-y", value("B=x\nA=${B}-y", "A"));
	CHECK_STR("x-y", value("B=x\nA=\"${B}-y\"", "A"));
	CHECK_STR("${B}-y", value("B=x\nA='${B}-y'", "A"));
	CHECK_STR("d", value("A=${NOT_THERE:-d}", "A"));
	CHECK_STR("$B", value("A=$B", "A"));
	CHECK_STR("(absent)", value("# A=1\n\n", "A"));
	setenv("T_OUTER", "o", 1);
	CHECK_STR("o", value("T_OUTER=i\nA=${T_OUTER}", "A"));
}

static void a_broken_line_is_named_by_its_number(void)
{
	CHECK_STR(".env: line 2: write NAME=value\n",
	          value("A=1\nnonsense\n", "A"));
	CHECK_STR(".env: line 1: write NAME=value\n", value("A='x\n", "A"));
	CHECK_STR(".env: line 1: write NAME=value\n", value("A='x' y\n", "A"));
	CHECK_STR(".env: line 1: write NAME=value\n", value("1A=x\n", "A"));
}

static void the_environment_wins_and_says_so(void)
{
	struct opt_set *s;
	struct cfg cfg;

	setenv("T_NAME", "outer", 1);
	setenv("T_CALLS", "", 1); /* empty is unset */
	CHECK_INT(0, load(&s, &cfg, "T_NAME=inner\nT_CALLS=7\nFOREIGN=x\n"));
	CHECK_STR("outer", cfg.name);
	CHECK_INT(7, cfg.calls);
	CHECK_INT(0, cfg.env);
	CHECK_STR("T_NAME", opt_shadowed(s));
	CHECK(opt_given(s, "T_CALLS"));
	CHECK(!opt_given(s, "T_ENV"));
	opt_free(&s);
	CHECK_INT(0, mem_live());
}

static void every_fault_is_named_not_only_the_first(void)
{
	static const char *const bad[] = {"T_CALLS=1001", "T_CALLS=-1",
	                                  "T_CALLS=7x"};
	struct opt_set *s;
	struct cfg cfg;

	CHECK_INT(-EINVAL, load(&s, &cfg, "T_CALLS=0\nT_ENV=staging\n"));
	CHECK_STR("T_CALLS must be a number from 1 to 1000: set one\n"
	          "T_ENV must be one of local|production: choose one\n",
	          said);
	CHECK_INT(50, cfg.calls);
	opt_free(&s);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(-EINVAL, load(&s, &cfg, bad[i]));
		opt_free(&s);
	}
	CHECK_INT(0, load(&s, &cfg, "T_ENV=PRODUCTION"));
	CHECK_INT(1, cfg.env);
	opt_free(&s);
}

static void a_name_nearly_ours_is_a_typing_mistake(void)
{
	struct opt_set *s;
	struct cfg cfg;

	CHECK_INT(-EINVAL, load(&s, &cfg, "T_SECERT_KEY=x\n"));
	CHECK_STR("T_SECERT_KEY in .env is unknown: write T_SECRET_KEY if you "
	          "mean that\n",
	          said);
	opt_free(&s);
	CHECK_INT(0, load(&s, &cfg, "T_CALLZ=x\nT_EMV_OTHER=1\n"));
	opt_free(&s);
}

static char logged[512];

static void sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	snprintf(logged, sizeof(logged), "%s", line);
}

static void the_effective_configuration_shows_no_secret(void)
{
	struct opt_set *s;
	struct cfg cfg;
	struct buf out;

	CHECK_INT(0, load(&s, &cfg, "T_SECRET_KEY=hush\nT_NAME=n\n"));
	buf_init(&out, 4096);
	CHECK_INT(0, opt_print(&out, table, ARRAY_LEN(table), &cfg));
	CHECK_STR("T_NAME=n\nT_SECRET_KEY=***\nT_CALLS=50\nT_ENV=local\n",
	          buf_str(&out));
	buf_fini(&out);
	opt_free(&s);
}

static void the_password_of_an_address_is_no_part_of_it(void)
{
	static const struct opt login = {"T_NAME",  OPT_TEXT,
	                                 OPT_LOGIN, offsetof(struct cfg, name),
	                                 NULL,      0,
	                                 0,         NULL,
	                                 "First",   "Where it is."};
	static const char *const shown[][2] = {
		{"sqlite:a.db", "sqlite:a.db"},
		{"postgres://u@h/d", "postgres://u@h/d"},
		{"postgres://u:verschwiegen@h:1/d?x=1",
	         "postgres://u:***@h:1/d?x=1"},
		{"postgres:///d?password=verschwiegen&host=/run",
	         "postgres:///d?password=***&host=/run"},
	};

	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		struct cfg cfg = {.name = shown[i][0]};
		char want[80];
		struct buf out;

		buf_init(&out, 256);
		CHECK_INT(0, opt_print(&out, &login, 1, &cfg));
		snprintf(want, sizeof(want), "T_NAME=%s\n", shown[i][1]);
		CHECK_STR(want, buf_str(&out));
		buf_fini(&out);
		opt_hide(&login, 1, &cfg);
	}
	log_set_sink(sink, NULL);
	log_line(LOG_ERROR, "x", NULL, "it is verschwiegen");
	CHECK(strstr(logged, "it is ************"));
}

static void two_tables_make_one_example_file(void)
{
	struct buf out, seen;

	buf_init(&out, 4096);
	buf_init(&seen, 4096);
	CHECK_INT(0, opt_example(&out, &seen, table, 2));
	CHECK_INT(0, opt_example(&out, &seen, table, ARRAY_LEN(table)));
	CHECK_STR("# ---- First ----\n\n# What it is called.\nT_NAME=\n"
	          "\n# A secret.\n#T_SECRET_KEY=\n"
	          "\n# ---- Second ----\n\n# How many.\n# (1 to 1000)\n"
	          "#T_CALLS=50\n\n# Where it runs.\n# (local|production)\n"
	          "#T_ENV=local\n",
	          buf_str(&out));
	buf_fini(&out);
	buf_fini(&seen);
}

static void no_memory_is_an_error_and_leaks_nothing(void)
{
	for (long i = 0; i < 200; i++) {
		struct opt_set *s = NULL;
		struct cfg cfg = {0};
		int err;

		buf_init(&faults, 4096);
		mem_fail_after(i);
		err = opt_load(&s, table, ARRAY_LEN(table), &cfg, NULL, NULL,
		               &faults);
		mem_fail_after(-1);
		buf_fini(&faults);
		CHECK(err == 0 || err == -ENOMEM);
		opt_free(&s);
		CHECK_INT(0, mem_live());
		if (!err)
			return;
	}
	test_fail(__FILE__, __LINE__, "it never succeeded");
}

static void secrets_stay_out_of_the_log(void)
{
	struct opt_set *s;
	struct cfg cfg;

	CHECK_INT(0, load(&s, &cfg,
	                  "T_SECRET_KEY=alpha-key-1, beta-key-2\n"
	                  "T_NAME=not-a-secret\n"));
	opt_hide(table, ARRAY_LEN(table), &cfg);
	log_set_sink(sink, NULL);
	log_line(LOG_ERROR, "x", NULL,
	         "a=alpha-key-1 b=beta-key-2 c=not-a-secret");
	CHECK(strstr(logged, "a=*********** b=********** c=not-a-secret"));
	opt_free(&s);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(secrets_stay_out_of_the_log),
	TEST(a_dotenv_file_is_read_as_people_write_it),
	TEST(a_broken_line_is_named_by_its_number),
	TEST(the_environment_wins_and_says_so),
	TEST(every_fault_is_named_not_only_the_first),
	TEST(a_name_nearly_ours_is_a_typing_mistake),
	TEST(the_effective_configuration_shows_no_secret),
	TEST(the_password_of_an_address_is_no_part_of_it),
	TEST(two_tables_make_one_example_file),
	TEST(no_memory_is_an_error_and_leaks_nothing),
};

TEST_MAIN(tests)
