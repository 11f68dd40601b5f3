#define _POSIX_C_SOURCE 200809L
#include "tests/fake/http_client.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/harness/test.h"

int client_connect(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons((uint16_t)port)};
	struct timeval limit = {.tv_sec = 15};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0);
	CHECK_INT(0, connect(fd, (struct sockaddr *)&a, sizeof(a)));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

void client_send(int fd, const char *v, size_t len)
{
	while (len) {
		ssize_t n = send(fd, v, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		v += n;
		len -= (size_t)n;
	}
}

const char *client_header(const struct http_answer *a, const char *name)
{
	static _Thread_local char value[1024];
	const char *line = strstr(a->head, "\r\n");
	size_t n = strlen(name);

	value[0] = '\0';
	for (; line; line = strstr(line + 2, "\r\n")) {
		const char *v = line + 2, *end;

		if (strncasecmp(v, name, n) != 0 || v[n] != ':')
			continue;
		for (v += n + 1; *v == ' '; v++)
			;
		end = strstr(v, "\r\n");
		snprintf(value, sizeof(value), "%.*s", (int)(end ? end - v : 0),
		         v);
		break;
	}
	return value;
}

void client_read(int fd, struct http_answer *a, int have_body)
{
	size_t n = 0, want = 0;
	char *end = NULL;

	memset(a, 0, sizeof(*a));
	while (!end && n < sizeof(a->head) - 1) {
		/* Byte by byte: what follows is the body's or the next's. */
		if (recv(fd, a->head + n, 1, 0) != 1)
			return;
		a->head[++n] = '\0';
		end = n >= 4 ? strstr(a->head + n - 4, "\r\n\r\n") : NULL;
	}
	if (strncmp(a->head, "HTTP/1.", 7) != 0)
		test_fail(__FILE__, __LINE__, "no answer: %s", a->head);
	a->status = (int)strtol(a->head + 9, NULL, 10);
	want = strtoul(client_header(a, "Content-Length"), NULL, 10);
	CHECK(want < sizeof(a->body));
	while (have_body && a->body_len < want) {
		ssize_t got =
			recv(fd, a->body + a->body_len, want - a->body_len, 0);

		if (got <= 0)
			break;
		a->body_len += (size_t)got;
	}
	a->body[a->body_len] = '\0';
}

void client_do(unsigned port, struct http_answer *a, const char *method,
               const char *target, const char *headers, const char *body)
{
	int fd = client_connect(port);
	char head[16384];
	int n;

	n = snprintf(
		head, sizeof(head), "%s %s HTTP/1.1\r\n%s%s", method, target,
		strstr(headers, "Host:") ? "" : "Host: localhost\r\n", headers);
	if (body)
		n += snprintf(head + n, sizeof(head) - (size_t)n,
		              "Content-Length: %zu\r\n", strlen(body));
	n += snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
	client_send(fd, head, (size_t)n);
	if (body)
		client_send(fd, body, strlen(body));
	client_read(fd, a, strcmp(method, "HEAD") != 0);
	close(fd);
}
