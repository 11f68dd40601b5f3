/*
 * http_server.h - a peer over HTTP that a test scripts
 *
 * Not built on the server's own web server, so that a fault there cannot hide
 * here. A thread per connection; the handler runs on it.
 */
#ifndef TESTS_FAKE_HTTP_SERVER_H
#define TESTS_FAKE_HTTP_SERVER_H

#include <stddef.h>

#include "common/attr.h"

struct fake_http;

enum { FAKE_BODY_MAX = 256 * 1024, FAKE_ANSWER_MAX = 8192 };

struct fake_request {
	char method[16], path[512];
	char head[8192]; /* the header lines */
	char *body;      /* terminated */
	size_t body_len;
	int fd; /* of the connection */
};

struct fake_answer {
	int status; /* preset to 200; 0: close without an answer; 101: the
	             * connection is the handler's, which has answered */
	char headers[512]; /* complete lines */
	char body[FAKE_ANSWER_MAX];
};

typedef void fake_http_h(const struct fake_request *req,
                         struct fake_answer *answer, void *arg);

/* Listens on a free port of 127.0.0.1; ends with the process. */
unsigned fake_http_open(fake_http_h *handler, void *arg);

#endif
