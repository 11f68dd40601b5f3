/* The bot's events with a folder: over restarts, deaths and full disks. */
#define _GNU_SOURCE
#include "bot/events.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static char dir[256], address[64], url[96];
static struct net *net;
static struct events *events;
static struct ws_server *server;
static struct timer watchdog, pause_timer;

/* What the server has of them, "TYPE TYPE ". */
static char seen[4096];
static unsigned answer = 200, posts;

static void request(const struct ws_request *req, struct ws_response *res,
                    void *arg)
{
	const char *at = req->body;

	(void)arg;
	posts++;
	res->status = (int)answer;
	while (answer == 200 && (at = strstr(at, "\"type\":\""))) {
		size_t n = strlen(seen);

		at += strlen("\"type\":\"");
		snprintf(seen + n, sizeof(seen) - n, "%.*s ",
		         (int)strcspn(at, "\""), at);
	}
}

static void late(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: \"%s\"", seen);
}

static void stop(void *arg)
{
	(void)arg;
	net_stop(net);
}

static void pass(uint32_t ms)
{
	timer_start(net_timers(net), &pause_timer, ms, stop, NULL);
	net_run(net);
}

static void serve(void)
{
	static const struct ws_handlers h = {.request = request,
	                                     .max_body = 1 << 20};

	CHECK_INT(0, ws_listen(&server, net, address, &h, NULL));
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	         ws_server_port(server));
	snprintf(url, sizeof(url), "http://%s/e", address);
}

static void open_net(void)
{
	CHECK_INT(0, net_new(&net, NULL));
	timer_start(net_timers(net), &watchdog, test_ms(10000), late, NULL);
}

static void close_net(void)
{
	events_free(&events);
	ws_server_close(&server);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, mem_live());
}

static void begin(void)
{
	snprintf(dir, sizeof(dir), "%s/state", proc_temp_dir());
	snprintf(address, sizeof(address), "127.0.0.1:0");
	open_net();
	serve();
	CHECK_INT(0, events_new(&events, net, NULL, dir));
}

/* Events of a call that has ended, one of each of the types. */
static void add(const char *call_id, const char *types)
{
	struct events_feed *f;
	char type[16];
	int n;

	CHECK_INT(0, events_open(&f, events, url, call_id));
	for (; (n = (int)strcspn(types, " ")) > 0;
	     types += n + (types[n] > 0)) {
		snprintf(type, sizeof(type), "%.*s", n, types);
		events_add(f, type, timers_now(net_timers(net)), "", false);
	}
	events_close(&f);
}

static unsigned files(void)
{
	unsigned n = 0;
	DIR *d = opendir(dir);

	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The last file's text. */
static const char *on_disk(void)
{
	const char *text = "";
	char path[600];
	DIR *d = opendir(dir);

	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		text = proc_file(path);
	}
	closedir(d);
	return text;
}

static size_t waiting(void)
{
	struct events_stats st;

	events_stats(events, &st);
	return st.waiting;
}

static void what_waits_outlives_a_restart(void)
{
	begin();
	answer = 503;
	add("c1", "a b c");
	while (!posts)
		pass(5);
	events_free(&events);
	CHECK_INT(1, files());
	CHECK_STR("", seen);
	answer = 200;
	CHECK_INT(0, events_new(&events, net, NULL, dir));
	while (!strstr(seen, "c "))
		pass(5);
	CHECK_STR("a b c ", seen);
	while (waiting())
		pass(5);
	events_free(&events);
	CHECK_INT(0, files());
	close_net();
}

static void what_was_delivered_is_not_sent_again(void)
{
	begin();
	add("c1", "a b");
	while (!strstr(seen, "b "))
		pass(5);
	answer = 503;
	posts = 0;
	add("c2", "c");
	while (!posts)
		pass(5);
	events_free(&events);
	answer = 200;
	CHECK_INT(0, events_new(&events, net, NULL, dir));
	while (!strstr(seen, "c "))
		pass(5);
	CHECK_STR("a b c ", seen);
	close_net();
}

/* Killed: nothing of it runs any more, and what it made is there. */
static void what_waits_outlives_the_death_of_a_bot(void)
{
	int status;
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/state", proc_temp_dir());
	snprintf(address, sizeof(address), "127.0.0.1:0");
	open_net();
	serve();
	ws_server_close(&server); /* its port is free, and nobody there */
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	pid = fork();
	if (!pid) {
		struct events_feed *f;

		open_net();
		if (events_new(&events, net, NULL, dir) ||
		    events_open(&f, events, url, "c1"))
			_exit(9);
		events_add(f, "a", timers_now(net_timers(net)), "", true);
		events_add(f, "b", timers_now(net_timers(net)), "", false);
		while (!strstr(on_disk(), "\"type\":\"b\""))
			pass(5);
		raise(SIGKILL);
	}
	CHECK_INT(pid, waitpid(pid, &status, 0));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_INT(1, files());
	open_net();
	serve();
	CHECK_INT(0, events_new(&events, net, NULL, dir));
	while (!strstr(seen, "b "))
		pass(5);
	CHECK_STR("a b ", seen);
	close_net();
}

/* Several bots use one folder. */
static void the_files_of_all_that_are_gone_are_inherited(void)
{
	struct events *first;

	begin();
	answer = 503;
	add("c1", "a");
	first = events;
	CHECK_INT(0, events_new(&events, net, NULL, dir));
	add("c2", "b");
	while (posts < 2)
		pass(5);
	events_free(&first);
	events_free(&events);
	CHECK_INT(2, files());
	answer = 200;
	CHECK_INT(0, events_new(&events, net, NULL, dir));
	while (strlen(seen) < 4)
		pass(5);
	while (waiting())
		pass(5);
	CHECK(strstr(seen, "a ") && strstr(seen, "b "));
	events_free(&events);
	CHECK_INT(0, files());
	close_net();
}

static void a_disk_that_takes_nothing_costs_the_file_alone(void)
{
	static const struct rlimit none = {0, RLIM_INFINITY};
	struct events_stats st;

	signal(SIGXFSZ, SIG_IGN);
	begin();
	CHECK_INT(0, setrlimit(RLIMIT_FSIZE, &none));
	answer = 503;
	add("c1", "a b");
	for (events_stats(events, &st); st.unkept < 2;
	     events_stats(events, &st))
		pass(5);
	answer = 200;
	while (!strstr(seen, "b "))
		pass(5);
	CHECK_STR("a b ", seen);
	close_net();
}

static void a_folder_that_cannot_be_had_is_an_error(void)
{
	open_net();
	CHECK(events_new(&events, net, NULL, "/proc/1/no-such-folder") < 0);
	CHECK(!events);
	CHECK_INT(0, events_new(&events, net, NULL, NULL));
	close_net();
}

/* The file is a help: what has no memory for it is still told. */
static void no_memory_is_an_error_and_leaks_nothing(void)
{
	begin();
	events_free(&events);
	for (long n = 0;; n++) {
		struct events_feed *f = NULL;
		int err;

		mem_fail_after(n);
		err = events_new(&events, net, "secret", dir);
		if (!err) {
			err = events_open(&f, events, url, "c1");
			if (!err)
				events_add(f, "a", 0, "", false);
			events_close(&f);
		}
		mem_fail_after(-1);
		events_free(&events);
		if (!err)
			break;
		CHECK_INT(-ENOMEM, err);
		CHECK(n < 1000);
	}
	close_net();
}

static const struct test tests[] = {
	TEST(what_waits_outlives_a_restart),
	TEST(what_was_delivered_is_not_sent_again),
	TEST(what_waits_outlives_the_death_of_a_bot),
	TEST(the_files_of_all_that_are_gone_are_inherited),
	TEST(a_disk_that_takes_nothing_costs_the_file_alone),
	TEST(a_folder_that_cannot_be_had_is_an_error),
	TEST(no_memory_is_an_error_and_leaks_nothing),
};

TEST_MAIN(tests)
