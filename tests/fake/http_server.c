#define _POSIX_C_SOURCE 200809L
#include "tests/fake/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/test.h"

struct fake_http {
	int fd;
	fake_http_h *handler;
	void *arg;
};

struct session {
	const struct fake_http *f;
	int fd;
	struct fake_request req;
	struct fake_answer answer;
};

/* The head up to and with the empty line; 0 at the end of the connection. */
static int read_head(struct session *s, char *head, size_t cap)
{
	size_t n = 0;

	while (n < cap - 1) {
		if (recv(s->fd, head + n, 1, 0) != 1)
			return 0;
		head[++n] = '\0';
		if (n >= 4 && !strcmp(head + n - 4, "\r\n\r\n"))
			return 1;
	}
	return 0;
}

static int read_request(struct session *s)
{
	const char *length, *lines;
	size_t want = 0;

	if (!read_head(s, s->req.head, sizeof(s->req.head)))
		return 0;
	/* NOLINTNEXTLINE: the widths are those of the members */
	if (sscanf(s->req.head, "%15s %511s", s->req.method, s->req.path) != 2)
		return 0;
	for (lines = strstr(s->req.head, "\r\n"); lines;
	     lines = strstr(lines + 2, "\r\n")) {
		length = lines + 2;
		if (!strncasecmp(length, "Content-Length:", 15))
			want = strtoul(length + 15, NULL, 10);
	}
	if (want >= FAKE_BODY_MAX)
		return 0;
	for (s->req.body_len = 0; s->req.body_len < want;) {
		ssize_t got = recv(s->fd, s->req.body + s->req.body_len,
		                   want - s->req.body_len, 0);

		if (got <= 0)
			return 0;
		s->req.body_len += (size_t)got;
	}
	s->req.body[s->req.body_len] = '\0';
	return 1;
}

static void send_all(int fd, const char *v, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, v, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		v += sent;
		n -= (size_t)sent;
	}
}

static void *serve(void *arg)
{
	struct session *s = arg;
	char head[1024];

	while (read_request(s)) {
		memset(&s->answer, 0, sizeof(s->answer));
		s->answer.status = 200;
		s->f->handler(&s->req, &s->answer, s->f->arg);
		if (!s->answer.status)
			break;
		if (s->answer.status == 101)
			goto out;
		snprintf(head, sizeof(head),
		         "HTTP/1.1 %d Scripted\r\n%s"
		         "Content-Length: %zu\r\n\r\n",
		         s->answer.status, s->answer.headers,
		         strlen(s->answer.body));
		send_all(s->fd, head, strlen(head));
		send_all(s->fd, s->answer.body, strlen(s->answer.body));
	}
	close(s->fd);
out:
	free(s->req.body);
	free(s);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct fake_http *f = arg;
	const int on = 1;
	pthread_t thread;

	for (;;) {
		struct session *s = calloc(1, sizeof(*s));

		CHECK(s);
		s->f = f;
		s->req.body = malloc(FAKE_BODY_MAX);
		s->fd = accept(f->fd, NULL, NULL);
		CHECK(s->fd >= 0 && s->req.body);
		/* Head and body go out one after the other. */
		CHECK_INT(0, setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on,
		                        sizeof(on)));
		s->req.fd = s->fd;
		CHECK_INT(0, pthread_create(&thread, NULL, serve, s));
		pthread_detach(thread);
	}
	return NULL;
}

unsigned fake_http_open(fake_http_h *handler, void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	struct fake_http *f = calloc(1, sizeof(*f));
	pthread_t thread;

	CHECK(f);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->handler = handler;
	f->arg = arg;
	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(f->fd >= 0);
	CHECK_INT(0, bind(f->fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK_INT(0, listen(f->fd, 64));
	CHECK_INT(0, getsockname(f->fd, (struct sockaddr *)&a, &len));
	CHECK_INT(0, pthread_create(&thread, NULL, accept_all, f));
	pthread_detach(thread);
	return ntohs(a.sin_port);
}
