#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum { ANSWER_MAX = 8192, TTL_SEC = 600, EVENTS_MAX = 64 * 1024 };

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons(port),
	                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct timeval patience = {.tv_sec = 5};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

/* Is a whole message of head and body there? */
static bool complete(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4), *cl;

	if (!end)
		return false;
	cl = strcasestr(text, "content-length:");
	if (!cl || cl > end)
		return true;
	return len >= (size_t)(end + 4 - text) + strtoul(cl + 15, NULL, 10);
}

static int exchange(struct load *l, const char *req, size_t len, char *answer)
{
	size_t n = 0;

	if (l->control < 0)
		l->control = connect_to(l->port);
	if (l->control < 0)
		return l->control;
	if (send(l->control, req, len, MSG_NOSIGNAL) != (ssize_t)len)
		goto lost;
	do {
		ssize_t k = recv(l->control, answer + n, ANSWER_MAX - 1 - n, 0);

		if (k <= 0)
			goto lost;
		n += (size_t)k;
		answer[n] = '\0';
	} while (!complete(answer, n));
	if (strcasestr(answer, "\r\nconnection: close")) {
		close(l->control);
		l->control = -1;
	}
	return 0;
lost:
	close(l->control);
	l->control = -1;
	return -ECONNRESET;
}

int load_reserve(struct load *l, unsigned index, char id[64])
{
	char body[512], req[1024], answer[ANSWER_MAX];
	const char *at;
	int n, err;

	n = snprintf(body, sizeof(body),
	             "{\"call_id\":\"bench-%u\",\"to\":\"+15551234567\","
	             "\"from\":\"+15557654321\",\"agent\":\"bench\","
	             "\"events_url\":\"http://127.0.0.1:%u/bot-events\","
	             "\"body\":{\"name\":\"caller %u\"},\"ttl\":%d}",
	             index, l->events_port, index, TTL_SEC);
	n = snprintf(req, sizeof(req),
	             "POST /reserve HTTP/1.1\r\nHost: bot\r\n"
	             "Authorization: Bearer %s\r\n"
	             "Content-Type: application/json\r\n"
	             "Content-Length: %d\r\n\r\n%s",
	             l->secret, n, body);
	err = exchange(l, req, (size_t)n, answer);
	if (err)
		return err;
	if (!strncmp(answer, "HTTP/1.1 503", 12))
		return -EAGAIN;
	at = strstr(answer, "\"id\":\"");
	if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || !at) {
		(void)fprintf(stderr, "load: %s\n", answer);
		return -EPROTO;
	}
	(void)snprintf(id, 64, "%.*s", (int)strcspn(at + 6, "\""), at + 6);
	return 0;
}

int load_prepare(struct load *l, unsigned index, const char *id)
{
	char body[64], req[512], answer[ANSWER_MAX];
	int n, err;

	n = snprintf(body, sizeof(body), "{\"call_uuid\":\"bench-uuid-%u\"}",
	             index);
	n = snprintf(req, sizeof(req),
	             "POST /reserve/%s/prepare HTTP/1.1\r\nHost: bot\r\n"
	             "Authorization: Bearer %s\r\n"
	             "Content-Type: application/json\r\n"
	             "Content-Length: %d\r\n\r\n%s",
	             id, l->secret, n, body);
	err = exchange(l, req, (size_t)n, answer);
	if (!err && strncmp(answer, "HTTP/1.1 202", 12) != 0) {
		(void)fprintf(stderr, "load: %s\n", answer);
		err = -EPROTO;
	}
	return err;
}

/* ---- the server that hears of the calls ------------------------------- */

int load_events_open(struct load *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct epoll_event ev = {.events = EPOLLIN};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&a, &len))
		return -errno;
	l->listener = fd;
	l->events_port = ntohs(a.sin_port);
	ev.data.u64 = (uint64_t)(unsigned)fd << 32 | UINT32_MAX;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

void load_events_accept(struct load *l)
{
	int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data = {.u64 = (uint64_t)(unsigned)fd << 32 | UINT32_MAX}};

	if (fd >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev))
		close(fd);
}

/* Requests are taken when they are whole: until then they stay where they
 * are, in the socket. */
void load_events_readable(int fd)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: "
				 "application/json\r\nContent-Length: 2\r\n"
				 "\r\n{}";
	static char text[EVENTS_MAX];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_PEEK);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			close(fd);
		return;
	}
	text[n] = '\0';
	if (!complete(text, (size_t)n) && (size_t)n < sizeof(text) - 1)
		return;
	(void)recv(fd, text, (size_t)n, 0);
	if (send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) < 0)
		close(fd);
}
