/*
 * relay_client.h - a WebSocket to a bot, over plain TCP
 *
 * What the relay needs of RFC 6455 and no more: the client's side, one reader,
 * any number of writers, deadlines on everything. It answers nothing by
 * itself, neither pings nor a close: both ends of a relayed stream are to see
 * each other. Memory is taken when it is opened and for messages that come in
 * pieces, never for a frame.
 */
#ifndef SERVER_RELAY_CLIENT_H
#define SERVER_RELAY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct relay_client;

enum {
	RELAY_MESSAGE_MAX = 65 * 1024, /* [bytes] Plivo's 64 KiB, and slack */
	RELAY_CONNECT_MS = 500,        /* to a bot that is near, or is not */
	RELAY_UPGRADE_MS = 2000,       /* for its answer */
	RELAY_SEND_MS = 2000,          /* for a frame: 100 of audio are late */
	RELAY_LOST_MS = 5000,          /* unacknowledged bytes on the network */
	RELAY_CLOSE_MS = 1000,         /* for the answer to a close */
};

enum relay_op {
	RELAY_MORE = 0,
	RELAY_TEXT = 1,
	RELAY_BINARY = 2,
	RELAY_CLOSE = 8,
	RELAY_PING = 9,
	RELAY_PONG = 10,
};

/* A whole message; a control frame is one, too. */
struct relay_msg {
	enum relay_op op;
	const char *v; /* valid until the next relay_client_next() */
	size_t len;    /* [bytes] */
};

/* Connect to @host and ask for @path, with @secret (or NULL) as bearer. Blocks
 * for the two deadlines at most; the name of a host is looked up besides.
 * -ECONNREFUSED and the like; -ETIMEDOUT; -ENOENT: no such host. ERR_PROTO:
 * it does not speak WebSocket; @status has then what HTTP status it gave, or
 * 0. -ENOMEM. */
int relay_client_open(struct relay_client **cp, const char *host, unsigned port,
                      const char *path, const char *secret,
                      int *status) MUST_CHECK;

/* Send one message, from any thread, blocking for RELAY_SEND_MS at most. An
 * error is the end of the connection: -ETIMEDOUT, -EPIPE, -ECONNRESET;
 * ERR_LIMIT: more than RELAY_MESSAGE_MAX bytes. */
int relay_client_send(struct relay_client *c, enum relay_op op, const char *v,
                      size_t len) MUST_CHECK;

/* Wait for the next message; for one thread. @until is of relay_now_ms();
 * negative: as long as it takes; -ETIMEDOUT. -ECANCELED: @stop_fd (or -1) has
 * become readable. ERR_EOF: the bot has closed the connection, or it was shut.
 * ERR_PROTO, ERR_LIMIT; -ECONNRESET and the like; -ENOMEM. */
int relay_client_next(struct relay_client *c, int64_t until, int stop_fd,
                      struct relay_msg *msg) MUST_CHECK;

/* End the connection from any thread: the reader and writers return. */
void relay_client_shut(struct relay_client *c);

/* No other thread may be in here any more. NULLs the caller's pointer. */
void relay_client_close(struct relay_client **cp);

#endif
