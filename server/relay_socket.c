#define _GNU_SOURCE /* SOCK_NONBLOCK, TCP_USER_TIMEOUT */
#include "server/relay_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/relay_client.h"

enum { TICK_MS = 10000 /* a wait without a deadline looks again */ };

int64_t relay_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left until @until, as poll() wants it. */
static int left_ms(int64_t until)
{
	int64_t left = until - relay_now_ms();

	return left > 0 ? (int)left : 0;
}

/* Wait for @events on @fd. */
static int wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, left_ms(until));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static void set_options(int fd)
{
	const int on = 1;
	const unsigned lost_ms = RELAY_LOST_MS;

	/* Audio waits for nobody; a host that is gone is noticed while we
	 * send, which with audio is always. Neither is needed to work. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_ms,
	                 sizeof(lost_ms));
}

static int connect_one(const struct addrinfo *ai, int64_t until)
{
	int fd = socket(ai->ai_family,
	                ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0, fault = 0;
	socklen_t n = sizeof(fault);

	if (fd < 0)
		return -errno;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? wait_for(fd, POLLOUT, until)
		                           : -errno;
	if (!err && getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &n) < 0)
		err = -errno;
	if (!err)
		err = -fault;
	if (!err) {
		set_options(fd);
		return fd;
	}
	(void)close(fd);
	return err;
}

int relay_connect(const char *host, unsigned port, uint32_t ms)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	                         .ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_NUMERICSERV};
	struct addrinfo *all = NULL;
	int64_t until;
	char service[8];
	int fd = -ENOENT;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &all))
		return -ENOENT;
	until = relay_now_ms() + ms;
	for (const struct addrinfo *ai = all; ai && fd < 0; ai = ai->ai_next)
		fd = connect_one(ai, until);
	freeaddrinfo(all);
	return fd;
}

int relay_write(int fd, const void *v, size_t len, uint32_t ms)
{
	const char *at = v;
	int64_t until = -1;
	int err;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n >= 0) {
			at += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		/* Only who has to wait needs to know the time. */
		if (until < 0)
			until = relay_now_ms() + ms;
		err = wait_for(fd, POLLOUT, until);
		if (err)
			return err;
	}
	return 0;
}

ssize_t relay_read(int fd, void *dst, size_t cap, int64_t until, int stop_fd)
{
	for (;;) {
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN},
		                      {.fd = stop_fd, .events = POLLIN}};
		int n = poll(p, 2, until < 0 ? TICK_MS : left_ms(until));
		ssize_t got;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0) {
			if (until >= 0 && relay_now_ms() >= until)
				return -ETIMEDOUT;
			continue;
		}
		if (p[1].revents)
			return -ECANCELED;
		got = recv(fd, dst, cap, 0);
		if (got >= 0)
			return got;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}
