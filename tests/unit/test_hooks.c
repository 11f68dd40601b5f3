/*
 * The code of agents: how it is found and refused, and what comes from other
 * threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/agent.h"
#include "bot/hook_lib.h"
#include "bot/hook_room.h"
#include "bot/net/net.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/harness/test.h"

static char fault[AGENT_FAULT_MAX];

/* BUILD/hooks/NAME.so */
static const char *object(const char *name)
{
	static char path[1024];
	char exe[512];
	const ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	CHECK(n > 0);
	exe[n] = '\0';
	for (int up = 0; up < 2; up++)
		*strrchr(exe, '/') = '\0';
	(void)snprintf(path, sizeof(path), "%s/hooks/%s.so", exe, name);
	return path;
}

static void the_survey_is_found_from_the_build_folder(void)
{
	const struct dialout_hooks *h, *again;

	CHECK_INT(0, hook_lib_find(&h, "bot/agents", "survey.so", fault));
	CHECK_STR("survey", h->name);
	CHECK_INT(0, hook_lib_find(&again, "bot/agents", "survey.so", fault));
	CHECK(h == again);
}

static void what_is_wrong_with_it_is_named(void)
{
	static const struct {
		const char *name, *why;
	} rows[] = {
		{"plain", "exports no dialout_hooks()"},
		{"old", "was made for another version of hooks.h"},
		{"short", "struct dialout_hooks has another size"},
		{"unwilling", "load() returned 7"},
		{"nothing", "No such file or directory"},
	};
	const struct dialout_hooks *h;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(hook_lib_find(&h, ".", object(rows[i].name), fault) < 0);
		CHECK(!h);
		if (!strstr(fault, rows[i].why) || !strstr(fault, rows[i].name))
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i].name,
			          fault);
	}
	CHECK_INT(-ENOENT, hook_lib_find(&h, ".", "nothing.so", fault));
	CHECK(strstr(fault, "nothing.so: is neither beside the agent file"));
	CHECK_INT(-ENOENT, hook_lib_find(&h, ".", "nothing", fault));
	CHECK(strstr(fault, "nothing: is not compiled in"));
}

static void an_agent_file_brings_its_code_along(void)
{
	struct agent *a = NULL;

	CHECK_INT(0, agent_load(&a, "bot/agents", "survey", fault));
	CHECK(a->hooks != NULL);
	CHECK_STR("survey", a->hooks->name);
	agent_free(&a);
}

static void or_is_refused_with_it(void)
{
	char dir[] = "/tmp/hooks_XXXXXX", path[64];
	struct agent *a = NULL;
	const size_t live = mem_live();
	FILE *file;

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/x.json", dir);
	file = fopen(path, "w");
	CHECK(file && fprintf(file, "{\"hooks\":\"%s\"}", object("old")) > 0 &&
	      fclose(file) == 0);
	CHECK_INT(-EINVAL, agent_load(&a, dir, "x", fault));
	CHECK(!a);
	CHECK(strstr(fault, "\"hooks\": "));
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, rmdir(dir));
	CHECK_INT(live, mem_live());
}

static void a_tool_of_hooks_needs_hooks(void)
{
	static const char *const rows[][2] = {
		{"{\"tools\":[{\"name\":\"a\",\"description\":\"d\","
	         "\"hook\":true}]}",
	         "\"tools\": a has \"hook\", and the file names no"},
		{"{\"hooks\":\"x\",\"tools\":[{\"name\":\"a\",\"description\":"
	         "\"d\",\"hook\":1}]}",
	         "\"tools\": a: hook must be true"},
		{"{\"hooks\":\"x\",\"tools\":[{\"name\":\"a\",\"description\":"
	         "\"d\",\"hook\":true,\"timeout_ms\":1}]}",
	         "\"tools\": a: timeout_ms must be a number from 100"},
		{"{\"hooks\":\"x\",\"tools\":[{\"name\":\"a\",\"description\":"
	         "\"d\",\"hook\":true,\"http\":{}}]}",
	         "\"tools\": a: http has no place beside"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct agent *a = NULL;

		CHECK_INT(-EINVAL, agent_parse(&a, "x", rows[i][0],
		                               strlen(rows[i][0]), fault));
		if (strncmp(fault, rows[i][1], strlen(rows[i][1])) != 0)
			test_fail(__FILE__, __LINE__, "%s", fault);
	}
}

static const struct dialout_hooks inside = {
	.abi = DIALOUT_ABI, .size = sizeof(inside), .name = "inside"};

static void what_is_compiled_in_is_known_by_its_name(void)
{
	const struct dialout_hooks *h;

	dialout_hooks_add(&inside);
	CHECK_INT(0, hook_lib_find(&h, ".", "inside", fault));
	CHECK(h == &inside);
}

static char logged[512];

static void keep(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	(void)snprintf(logged, sizeof(logged), "%s", line);
}

static void a_hook_that_is_slow_is_named_in_the_log(void)
{
	log_set_level(LOG_INFO);
	log_set_sink(keep, NULL);
	hook_watched(hook_watch() - 1000, "mine", "heard", "c-1");
	CHECK_STR("", logged);
	hook_watched(hook_watch() - 7100, "mine", "heard", "c-1");
	log_set_sink(NULL, NULL);
	CHECK(strstr(logged, "call=c-1 event=slow hooks=mine hook=heard ms=7 "
	                     "deadline=5"));
}

/* ---- other threads ---------------------------------------------------------- */

static struct net *net;
static unsigned ran;

static void on_post(void *arg)
{
	/* In the order in which they were handed in. */
	CHECK_INT((size_t)arg, ran);
	if (++ran == 100)
		net_stop(net);
}

static void *work(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < 100; i++)
		CHECK_INT(DIALOUT_OK, hook_room_host.post(on_post, (void *)i));
	return NULL;
}

static void what_a_thread_posts_runs_on_the_loop(void)
{
	pthread_t thread;

	CHECK_INT(DIALOUT_GONE, hook_room_host.post(on_post, NULL));
	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, hook_room_open(net));
	CHECK_INT(DIALOUT_INVALID, hook_room_host.post(NULL, NULL));
	CHECK_INT(0, pthread_create(&thread, NULL, work, NULL));
	CHECK_INT(0, net_run(net));
	CHECK_INT(0, pthread_join(thread, NULL));
	CHECK_INT(100, ran);
	/* What is not run any more is not lost either. */
	CHECK_INT(DIALOUT_OK, hook_room_host.post(on_post, NULL));
	hook_room_close();
	hook_room_close();
	CHECK_INT(DIALOUT_GONE, hook_room_host.post(on_post, NULL));
	net_free(&net);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(the_survey_is_found_from_the_build_folder),
	TEST(what_is_wrong_with_it_is_named),
	TEST(an_agent_file_brings_its_code_along),
	TEST(or_is_refused_with_it),
	TEST(a_tool_of_hooks_needs_hooks),
	TEST(what_is_compiled_in_is_known_by_its_name),
	TEST(a_hook_that_is_slow_is_named_in_the_log),
	TEST(what_a_thread_posts_runs_on_the_loop),
};

TEST_MAIN(tests)
