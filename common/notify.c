#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "common/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
	    0) {
		close(fd);
		return;
	}
	close(fd);
}
