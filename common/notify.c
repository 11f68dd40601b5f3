#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "common/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

void notify_send(const char *state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* The supervisor is local; MSG_DONTWAIT keeps a stuck one from
	 * stopping us. */
	if (sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
	           (const struct sockaddr *)(const void *)&addr,
	           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) <
	    0)
		log_line(LOG_DEBUG, "notify", NULL, "event=not_told code=%d",
		         errno);
	close(fd);
}

/* A positive decimal number without anything else; 0: it is none. */
static unsigned long long number(const char *name)
{
	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	const char *text = getenv(name);
	char *end;
	unsigned long long v;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	v = strtoull(text, &end, 10);
	return errno || *end ? 0 : v;
}

uint32_t notify_watchdog_ms(void)
{
	unsigned long long usec = number("WATCHDOG_USEC");
	unsigned long long ms = usec / 2000;

	// Nobody changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
	if (getenv("WATCHDOG_PID") &&
	    number("WATCHDOG_PID") != (unsigned long long)getpid())
		return 0;
	if (usec && !ms)
		ms = 1;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}
