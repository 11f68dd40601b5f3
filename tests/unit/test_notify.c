#define _GNU_SOURCE
#include "common/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/harness/proc.h"
#include "tests/harness/supervisor.h"
#include "tests/harness/test.h"

static void set_socket(const char *path)
{
	CHECK_INT(0, setenv("NOTIFY_SOCKET", path, 1));
}

static void a_state_is_one_datagram(void)
{
	struct supervisor s;
	char path[160];

	snprintf(path, sizeof(path), "%s/notify", proc_temp_dir());
	supervisor_open(&s, path);
	set_socket(path);
	notify_send("READY=1");
	notify_send("STOPPING=1");
	CHECK(supervisor_hear(&s, 1000));
	CHECK_STR("READY=1", s.got);
	CHECK(supervisor_hear(&s, 1000));
	CHECK_STR("STOPPING=1", s.got);
	CHECK(!supervisor_hear(&s, 0));
	supervisor_close(&s);
}

static void the_socket_may_be_an_abstract_one(void)
{
	struct supervisor s;
	char path[64];

	snprintf(path, sizeof(path), "@dialout-test-%d", (int)getpid());
	supervisor_open(&s, path);
	set_socket(path);
	notify_send("READY=1");
	CHECK(supervisor_hear(&s, 1000));
	CHECK_STR("READY=1", s.got);
	supervisor_close(&s);
}

static void without_a_listener_nothing_happens(void)
{
	char path[256];

	unsetenv("NOTIFY_SOCKET");
	notify_send("READY=1");
	set_socket("");
	notify_send("READY=1");
	snprintf(path, sizeof(path), "%s/nobody", proc_temp_dir());
	set_socket(path);
	notify_send("READY=1");
	/* Longer than any address of a socket. */
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	set_socket(path);
	notify_send("READY=1");
}

static void a_listener_that_is_stuck_stops_nobody(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char state[64];
	unsigned n = 0;

	CHECK(snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/stuck",
	               proc_temp_dir()) < (int)sizeof(addr.sun_path));
	CHECK_INT(0, bind(fd, (const struct sockaddr *)(const void *)&addr,
	                  sizeof(addr)));
	set_socket(addr.sun_path);
	for (unsigned i = 0; i < 2000; i++)
		notify_send("WATCHDOG=1");
	while (recv(fd, state, sizeof(state), MSG_DONTWAIT) > 0)
		n++;
	CHECK(n > 0 && n < 2000);
	close(fd);
}

static void the_watchdog_is_told_twice_in_its_time(void)
{
	static const struct {
		const char *usec;
		uint32_t ms;
	} rows[] = {
		{"30000000", 15000},
		{"200000", 100},
		{"1", 1},
		{"0", 0},
		{"", 0},
		{"-5000000", 0},
		{" 5000000", 0},
		{"5s", 0},
		{"99999999999999999999", 0},
		{"2000", 1},
		{"18446744073709551615", UINT32_MAX},
	};

	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	CHECK_INT(0, notify_watchdog_ms());
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		setenv("WATCHDOG_USEC", rows[i].usec, 1);
		CHECK_INT(rows[i].ms, notify_watchdog_ms());
	}
}

static void another_process_s_watchdog_is_not_ours(void)
{
	char pid[24];

	setenv("WATCHDOG_USEC", "2000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	CHECK_INT(1000, notify_watchdog_ms());
	snprintf(pid, sizeof(pid), "%d", (int)getppid());
	setenv("WATCHDOG_PID", pid, 1);
	CHECK_INT(0, notify_watchdog_ms());
	setenv("WATCHDOG_PID", "no number", 1);
	CHECK_INT(0, notify_watchdog_ms());
}

static const struct test tests[] = {
	TEST(a_state_is_one_datagram),
	TEST(the_socket_may_be_an_abstract_one),
	TEST(without_a_listener_nothing_happens),
	TEST(a_listener_that_is_stuck_stops_nobody),
	TEST(the_watchdog_is_told_twice_in_its_time),
	TEST(another_process_s_watchdog_is_not_ours),
};

TEST_MAIN(tests)
