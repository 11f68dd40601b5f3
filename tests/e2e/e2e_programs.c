/*
 * What both programs say of themselves: options, faults, readiness, ends.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static const char *const programs[] = {"dialout-server", "dialout-bot"};

#define API_KEY    "API_KEY=0123456789abcdef0123456789abcdef"
#define BOT_SECRET "BOT_SECRET=0123456789abcdef0123456789abcdef"

/* Enough for both of them. */
static const char *const enough[] = {"PLIVO_AUTH_ID=MAXXXXXXXXXXXXXXXXXX",
                                     "PLIVO_AUTH_TOKEN=secret-token",
                                     "PLIVO_PHONE_NUMBER=+15557654321",
                                     API_KEY,
                                     BOT_SECRET,
                                     "LISTEN=127.0.0.1:0",
                                     "BOT_LISTEN=127.0.0.1:0",
                                     "DEEPGRAM_API_KEY=secret-dg",
                                     "OPENAI_API_KEY=secret-oa",
                                     "CARTESIA_API_KEY=secret-ca",
                                     NULL};

static struct proc p;

/* A folder of its own, with @dotenv as .env where there is one. */
static const char *folder(const char *dotenv)
{
	static char dir[256];
	static unsigned n;
	char path[300];
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/p%u", proc_temp_dir(), n++);
	CHECK(!mkdir(dir, 0700));
	if (!dotenv)
		return dir;
	snprintf(path, sizeof(path), "%s/.env", dir);
	f = fopen(path, "w");
	CHECK(f != NULL);
	fputs(dotenv, f);
	fclose(f);
	return dir;
}

/* The exit code with one argument, or none. */
static int run(const char *program, const char *arg, const char *dotenv,
               const char *const *env)
{
	const char *args[] = {arg, NULL};

	return proc_run(&p, program, folder(dotenv), args, env);
}

static void both_tell_their_version_and_usage(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		char want[64];

		CHECK_INT(0, run(programs[i], "--version", NULL, NULL));
		snprintf(want, sizeof(want), "%s ", programs[i]);
		CHECK(!strncmp(proc_log(&p), want, strlen(want)));
		CHECK_INT(0, run(programs[i], "--help", NULL, NULL));
		CHECK(strstr(proc_log(&p), "--check"));
		CHECK(strstr(proc_log(&p), "--ready-file PATH"));
		CHECK_INT(2, run(programs[i], "--nonsense", NULL, NULL));
		CHECK(strstr(proc_log(&p), "--nonsense"));
	}
}

/* Every variable of env.example is one program's or both's. */
static void check_prints_every_option_and_no_secret(void)
{
	char *printed[ARRAY_LEN(programs)], *example, *line, *save;
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		CHECK_INT(0, run(programs[i], "--check", NULL, enough));
		CHECK(!strstr(proc_log(&p), "secret-"));
		CHECK(!strstr(proc_log(&p), SECRET));
		CHECK(strstr(proc_log(&p), "PLIVO_AUTH_TOKEN=***\n"));
		CHECK(strstr(proc_log(&p), "BOT_SECRET=***\n"));
		CHECK(asprintf(&printed[i], "\n%s", proc_log(&p)) > 0);
	}
	example = strdup(proc_file("env.example"));
	for (line = strtok_r(example, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[64];

		if (*line == '#')
			line++;
		if (strcspn(line, "=") ==
		            strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") &&
		    strchr(line, '=')) {
			snprintf(name, sizeof(name),
			         "\n%.*s=", (int)strcspn(line, "="), line);
			if (!strstr(printed[0], name) &&
			    !strstr(printed[1], name))
				test_fail(__FILE__, __LINE__, "%s is not there",
				          name + 1);
			n++;
		}
	}
	CHECK(n > 40);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		free(printed[i]);
	free(example);
}

static void check_names_every_fault(void)
{
	static const char dotenv[] = "ENV=Production\nBOT_SECRET=short\n";
	static const char *const of_server[] = {
		"PLIVO_AUTH_ID",     "PLIVO_AUTH_TOKEN", "PLIVO_PHONE_NUMBER",
		"API_KEY",           "PUBLIC_URL",       "AGENT_NAME",
		"ORGANIZATION_NAME", "BOT_SECRET",
	};
	static const char *const of_bot[] = {"STT=embedded", "LLM=script",
	                                     "TTS=embedded", "BOT_SECRET"};

	CHECK_INT(2, run("dialout-server", "--check", dotenv, NULL));
	for (size_t i = 0; i < ARRAY_LEN(of_server); i++)
		CHECK(strstr(proc_log(&p), of_server[i]));
	CHECK_INT(2, run("dialout-bot", "--check", dotenv, NULL));
	for (size_t i = 0; i < ARRAY_LEN(of_bot); i++)
		CHECK(strstr(proc_log(&p), of_bot[i]));
	/* Nor do they serve. */
	CHECK_INT(2, run("dialout-server", NULL, dotenv, NULL));
	CHECK_INT(2, run("dialout-bot", NULL, dotenv, NULL));
}

static void an_environment_that_is_none_is_an_error(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		CHECK_INT(2,
		          run(programs[i], "--check", "ENV=staging\n", enough));
		CHECK(strstr(proc_log(&p), "ENV=staging"));
		CHECK(strstr(proc_log(&p), "took it as local"));
	}
}

static void a_number_out_of_bounds_names_its_variable(void)
{
	CHECK_INT(2,
	          run("dialout-server", "--check", "RING_TIMEOUT=1\n", enough));
	CHECK(strstr(proc_log(&p), "RING_TIMEOUT"));
	CHECK_INT(2, run("dialout-bot", "--check", "BOT_CAPACITY=x\n", enough));
	CHECK(strstr(proc_log(&p), "BOT_CAPACITY"));
}

/* As people's files are. */
static void env_files_are_read_as_they_come(void)
{
	CHECK_INT(0, run("dialout-server", "--check",
	                 "\xef\xbb\xbfPLIVO_AUTH_ID=\"MAFILE\" # mine\r\n"
	                 "export PLIVO_AUTH_TOKEN='t # t'\r\n"
	                 "\r\n# a comment\r\n"
	                 "NUMBER=15557654321\r\n"
	                 "PLIVO_PHONE_NUMBER=+${NUMBER}\r\n"
	                 "SOMETHING_ELSE=1\r\nBOT_URL=\r\n",
	                 NULL));
	CHECK(strstr(proc_log(&p), "PLIVO_AUTH_ID=MAFILE\n"));
	CHECK(strstr(proc_log(&p), "PLIVO_PHONE_NUMBER=+15557654321\n"));
	CHECK(strstr(proc_log(&p), "BOT_URL=http://127.0.0.1:7861\n"));
	/* The environment wins, which is said once. */
	CHECK_INT(0, run("dialout-server", "--check", "PLIVO_AUTH_ID=MAFILE\n",
	                 enough));
	CHECK(strstr(proc_log(&p), "PLIVO_AUTH_ID=MAXXXXXXXXXXXXXXXXXX\n"));
	CHECK(strstr(proc_log(&p), "event=env_wins"));
}

/* PORT is a container's, and a file may be copied there from anywhere. */
static void a_port_counts_in_the_environment_alone(void)
{
	static const char *const env[] = {"PORT=8080", "LLM=script",
	                                  "STT=embedded", "TTS=embedded", NULL};

	CHECK_INT(0, run("dialout-bot", "--check", NULL, env));
	CHECK(strstr(proc_log(&p), "BOT_LISTEN=0.0.0.0:8080\n"));
	CHECK_INT(0, run("dialout-bot", "--check", "PORT=8080\n", env + 1));
	CHECK(strstr(proc_log(&p), "BOT_LISTEN=127.0.0.1:7861\n"));
}

static void both_say_where_they_serve_and_end_in_order(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		char line[200], url[200];
		struct http_answer a;

		proc_start(&p, programs[i], folder(NULL), NULL, enough);
		CHECK(!strncmp(p.url, "http://127.0.0.1:", 17));
		CHECK(strcmp(p.url, "http://127.0.0.1:0") != 0);
		snprintf(line, sizeof(line), "listening url=%s\n", p.url);
		CHECK(proc_wait_log(&p, line, 5000));
		CHECK(!strstr(strstr(proc_log(&p), line) + 1, "listening"));
		snprintf(url, sizeof(url), "%s/healthz", p.url);
		http_get(&a, url);
		CHECK_INT(200, a.status);
		http_done(&a);
		CHECK_INT(0, proc_stop(&p));
	}
}

static void what_local_mode_leaves_open_is_told(void)
{
	const char *env[ARRAY_LEN(enough)];

	memcpy(env, enough, sizeof(enough));
	env[3] = "ENV=local"; /* in place of the key */
	proc_start(&p, "dialout-server", folder(NULL), NULL, env);
	CHECK(proc_wait_log(&p, "may place calls: set API_KEY", 5000));
	CHECK_INT(0, proc_stop(&p));
	proc_start(&p, "dialout-server", folder(NULL), NULL, enough);
	CHECK_INT(0, proc_stop(&p));
	CHECK(!strstr(proc_log(&p), "may place calls"));
}

static void an_address_that_cannot_be_had_is_told(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		const char *env[ARRAY_LEN(enough)];
		char listen[160];
		struct proc first;
		int code;

		proc_start(&first, programs[i], folder(NULL), NULL, enough);
		memcpy(env, enough, sizeof(enough));
		snprintf(listen, sizeof(listen), "%s=%s",
		         i ? "BOT_LISTEN" : "LISTEN",
		         first.url + strlen("http://"));
		env[i ? 6 : 5] = listen;
		code = run(programs[i], NULL, NULL, env);
		CHECK(code == 1 || code == 2);
		CHECK(strstr(proc_log(&p), listen + strcspn(listen, "1")));
		CHECK_INT(0, proc_stop(&first));
	}
}

/* Whatever the providers are: voice activity is always ours. */
static void missing_models_name_the_command_that_makes_them(void)
{
	const char *env[ARRAY_LEN(enough) + 1] = {"MODELS_DIR=/nonexistent"};

	memcpy(env + 1, enough, sizeof(enough));
	CHECK_INT(1, run("dialout-bot", NULL, NULL, env));
	CHECK(strstr(proc_log(&p), "file=\"/nonexistent/silero-8k.bin\""));
	CHECK(strstr(proc_log(&p), "hint=\"make deps"));
	CHECK(!strstr(proc_log(&p), "listening"));
}

static const struct test tests[] = {
	TEST(missing_models_name_the_command_that_makes_them),
	TEST(both_tell_their_version_and_usage),
	TEST(check_prints_every_option_and_no_secret),
	TEST(check_names_every_fault),
	TEST(an_environment_that_is_none_is_an_error),
	TEST(a_number_out_of_bounds_names_its_variable),
	TEST(env_files_are_read_as_they_come),
	TEST(a_port_counts_in_the_environment_alone),
	TEST_SLOW(both_say_where_they_serve_and_end_in_order, 40),
	TEST_SLOW(what_local_mode_leaves_open_is_told, 40),
	TEST_SLOW(an_address_that_cannot_be_had_is_told, 60),
};

TEST_MAIN(tests)
