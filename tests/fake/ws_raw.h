/*
 * ws_raw.h - WebSockets frame by frame, either side of one
 *
 * Nothing is done by itself: no pong, no echo of a close, no putting together
 * of pieces, so that a test sees what passed. Waits end after WS_RAW_SEC.
 */
#ifndef TESTS_FAKE_WS_RAW_H
#define TESTS_FAKE_WS_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/fake/http_client.h"

enum {
	WS_RAW_SEC = 10,
	WS_RAW_MAX = 128 * 1024, /* [bytes] of a frame */

	WS_RAW_MORE = 0,
	WS_RAW_TEXT = 1,
	WS_RAW_BINARY = 2,
	WS_RAW_CLOSE = 8,
	WS_RAW_PING = 9,
	WS_RAW_PONG = 10,

	WS_RAW_EOF = -1, /* also a reset */
	WS_RAW_NOTHING = -2,
};

struct ws_raw {
	int op; /* or one of the negative ones */
	bool fin, masked;
	size_t len;
	char v[WS_RAW_MAX + 1]; /* terminated */
};

/* Ask 127.0.0.1:@port for @target; @headers: complete lines, or "". The
 * socket, or -1 with the refusal in @a. */
int ws_raw_connect(unsigned port, const char *target, const char *headers,
                   struct http_answer *a);

/* The other side: answer the upgrade whose header lines are in @head. */
void ws_raw_accept(int fd, const char *head);

/* One whole frame, masked (as clients do) or not. */
void ws_raw_send(int fd, int op, bool fin, bool masked, const void *v,
                 size_t len);

/* Only the head of one with @len bytes. */
void ws_raw_send_head(int fd, int op, bool fin, bool masked, size_t len);

/* Read one frame into @f, waiting for it at most @ms; its op. */
int ws_raw_read(int fd, struct ws_raw *f, unsigned ms);

/* The next frame must be this one. */
void ws_raw_expect(int fd, int op, bool fin, const void *v, size_t len);

/* The connection must end without a further frame. */
void ws_raw_expect_end(int fd);

#endif
