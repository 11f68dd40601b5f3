/*
 * http_client.h - a client that says exactly what a test tells it to
 */
#ifndef TESTS_FAKE_HTTP_CLIENT_H
#define TESTS_FAKE_HTTP_CLIENT_H

#include <stddef.h>

enum { HTTP_ANSWER_MAX = 256 * 1024 };

struct http_answer {
	int status; /* 0: the connection ended without one */
	char head[8192];
	char body[HTTP_ANSWER_MAX]; /* terminated */
	size_t body_len;
};

/* A connection to 127.0.0.1:@port; the test fails when there is none. */
int client_connect(unsigned port);

/* Send @len bytes as they are; ends early when the peer has closed. */
void client_send(int fd, const char *v, size_t len);

/* Read one answer, by its Content-Length. @have_body: false after HEAD. */
void client_read(int fd, struct http_answer *a, int have_body);

/* One request on a connection of its own. @headers: complete lines, or "".
 * With @body a Content-Length is added. */
void client_do(unsigned port, struct http_answer *a, const char *method,
               const char *target, const char *headers, const char *body);

/* The value of an answer's header in a static buffer; "" without. */
const char *client_header(const struct http_answer *a, const char *name);

#endif
