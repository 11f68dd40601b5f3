/* Requests in the loop of others. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "common/mem.h"
#include "tests/fake/fetched.h"
#include "tests/harness/test.h"

/* A poll(2) loop in the place of libuv. */
static struct pollfd fds[16];
static long timer_ms = -1;

static void watch(int fd, unsigned events, void *arg)
{
	size_t i, slot = ARRAY_LEN(fds);

	(void)arg;
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		bool unused = fds[i].fd < 0 && slot == ARRAY_LEN(fds);

		if (fds[i].fd == fd || unused)
			slot = i;
		if (fds[i].fd == fd)
			break;
	}
	CHECK(slot < ARRAY_LEN(fds));
	fds[slot].fd = events ? fd : -1;
	fds[slot].events = (short)((events & FETCH_IN ? POLLIN : 0) |
	                           (events & FETCH_OUT ? POLLOUT : 0));
}

static void set_timer(long ms, void *arg)
{
	(void)arg;
	timer_ms = ms;
}

static void turn(void)
{
	size_t i;
	int n = poll(fds, ARRAY_LEN(fds), (int)timer_ms);

	if (!n) {
		fetch_timeout(fetched_pool);
		return;
	}
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		unsigned events = 0;

		if (fds[i].fd < 0 || !fds[i].revents)
			continue;
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			events |= FETCH_IN;
		if (fds[i].revents & POLLOUT)
			events |= FETCH_OUT;
		fetch_ready(fetched_pool, fds[i].fd, events);
	}
}

static void a_foreign_loop_drives_it(void)
{
	const struct fetch_driver driver = {watch, set_timer, NULL};
	const struct fetch_opts opts = {.driver = &driver};
	struct peer *p = peer_new(fetched_pieces, &fetched_pool);
	struct peer *q = peer_new(fetched_hello, NULL);
	struct fetched s, hello;
	struct fetch_params prm;
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		fds[i].fd = -1;
	CHECK_INT(0, fetch_new(&fetched_pool, &opts));
	prm = fetched_get(&s, peer_url(p));
	prm.data = fetched_data;
	prm.total_ms = 0;
	prm.stall_ms = 200;
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	prm = fetched_get(&hello, peer_url(q));
	CHECK_INT(0, fetch_start(fetched_pool, &hello.req, &prm));
	for (i = 0; i < FETCHED_TURNS_MAX && !(s.done && hello.done); i++)
		turn();
	CHECK_STR("hello", hello.body);
	CHECK_STR("one two", s.text);
	CHECK_INT(-ETIMEDOUT, s.r.err);
	fetch_free(&fetched_pool);
	peer_free(&p);
	peer_free(&q);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(a_foreign_loop_drives_it),
};

TEST_MAIN(tests)
