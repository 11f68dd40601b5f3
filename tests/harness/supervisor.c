#define _GNU_SOURCE /* pipe2() */
#include "tests/harness/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/harness/test.h"

static void *read_on(void *arg)
{
	const struct supervisor *s = arg;
	char state[SUPERVISOR_TEXT] = "";

	/* 0: the socket was shut down. */
	while (recv(s->fd, state, sizeof(state) - 1, 0) > 0) {
		if (write(s->in, state, sizeof(state)) != sizeof(state))
			break;
		memset(state, 0, sizeof(state));
	}
	return NULL;
}

void supervisor_open(struct supervisor *s, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int pipe_of[2];

	memset(s, 0, sizeof(*s));
	CHECK(len < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = '\0';
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(s->fd >= 0);
	CHECK_INT(0, pipe2(pipe_of, O_CLOEXEC));
	s->out = pipe_of[0];
	s->in = pipe_of[1];
	if (bind(s->fd, (const struct sockaddr *)(const void *)&addr,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)))
		test_fail(__FILE__, __LINE__, "bind %s: %d", path, errno);
	snprintf(s->env, sizeof(s->env), "NOTIFY_SOCKET=%s", path);
	CHECK_INT(0, pthread_create(&s->reader, NULL, read_on, s));
}

void supervisor_close(struct supervisor *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->reader, NULL);
	close(s->fd);
	close(s->in);
	close(s->out);
}

bool supervisor_hear(struct supervisor *s, int ms)
{
	struct pollfd pfd = {.fd = s->out, .events = POLLIN};

	if (poll(&pfd, 1, ms) <= 0)
		return false;
	CHECK_INT(sizeof(s->got), read(s->out, s->got, sizeof(s->got)));
	return true;
}

unsigned supervisor_wait(struct supervisor *s, const char *state, int ms)
{
	unsigned beats = 0;

	for (;;) {
		if (!supervisor_hear(s, ms))
			test_fail(__FILE__, __LINE__, "no %s came", state);
		if (!strcmp(s->got, state))
			return beats;
		CHECK_STR("WATCHDOG=1", s->got);
		beats++;
	}
}
