/*
 * simpeer.h - a WebSocket client of a test, frame by frame
 *
 * Written by hand upon a socket, so that it can also be wrong on purpose. All
 * waits have a limit; what must not fail fails the test.
 */
#ifndef TESTS_E2E_SIMPEER_H
#define TESTS_E2E_SIMPEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum {
	SIMPEER_TEXT = 1,
	SIMPEER_BINARY = 2,
	SIMPEER_CLOSE = 8,
	SIMPEER_TIMEOUT = -1,
	SIMPEER_EOF = -2, /* without a close frame; also a reset */
};

struct simpeer {
	int fd;
	int status;      /* of the upgrade; 0: no answer */
	char head[4096]; /* of the answer, and a refusal's body */
	struct buf in, msg;
	unsigned pings, pieces; /* seen so far */
	int code;               /* of the peer's close */
	json_t *json;           /* the last text message */
};

/* Upgrade at @url ("http://127.0.0.1:port") with @target and @headers
 * ("Name: value\r\n"...). Waits for the answer at most 3 s. */
void simpeer_open(struct simpeer *p, const char *url, const char *target,
                  const char *headers);
void simpeer_close(struct simpeer *p);

void simpeer_send(struct simpeer *p, const char *text);
void simpeer_send_binary(struct simpeer *p, const void *v, size_t len);
/* Any first byte, masked or not. */
void simpeer_send_frame(struct simpeer *p, int head, bool masked, const void *v,
                        size_t len);

/* The next message: its opcode, or one of the negative ones. */
int simpeer_next(struct simpeer *p, int ms);

/* Skip messages until a JSON one of this "type"; NULL after @ms or at the end.
 * Borrowed until the next call. */
const json_t *simpeer_wait(struct simpeer *p, const char *type, int ms);

/* Skip everything until the end; the close's code, or SIMPEER_EOF. */
int simpeer_wait_end(struct simpeer *p, int ms);

/* GET /sim/violations; valid until the next call. */
const char *simpeer_violations(const char *url);

/* A member of /sim/state by a path of keys and indexes, "streams.0.bytes"; the
 * caller has a reference. NULL if there is none. */
json_t *simpeer_state(const char *url, const char *path);

/* POST /sim/fault */
void simpeer_fault(const char *url, const char *fault);

/* Milliseconds of a monotonic clock. */
double simpeer_now(void);

#endif
