/*
 * ws.h - WebSockets, as client and as server, and the server's plain requests
 *
 * Messages arrive whole, whatever pieces the wire cut them into. Writes go out
 * at once; what the socket does not take waits in a bounded queue. The five
 * laws of callbacks hold: WS_CLOSED or WS_FAILED is the last event.
 */
#ifndef BOT_NET_WS_H
#define BOT_NET_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"

struct net;
struct ws;
struct ws_server;

enum {
	WS_QUEUE_MAX = 256 * 1024, /* [bytes] waiting to be sent */
	WS_MESSAGE_MAX = 1 << 20,  /* [bytes] received; a default */
};

enum ws_event_type {
	WS_OPEN,   /* clients: the upgrade succeeded */
	WS_TEXT,   /* data, len */
	WS_BINARY, /* data, len */
	WS_CLOSED, /* code (1005: none given, 1006: no close frame); last */
	WS_FAILED, /* clients: never opened; err and HTTP status; last */
};

struct ws_event {
	enum ws_event_type type;
	const char *data; /* message, or why it closed; not terminated */
	size_t len;
	int code;   /* WS_CLOSED */
	int err;    /* WS_FAILED: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH
	             * (name), ERR_AUTH (TLS), ERR_PROTO (refused upgrade) */
	int status; /* WS_FAILED: of the answer to the upgrade, 0 if none */
};

typedef void ws_event_h(const struct ws_event *ev, void *arg);

struct ws_header {
	const char *name; /* lower case, without colon */
	const char *value;
};

struct ws_params {
	const char
		*url; /* ws:// or wss://, path and query at most 1900 bytes */
	const struct ws_header *headers;
	size_t n_headers;
	uint32_t connect_ms; /* until WS_OPEN [ms]; 0: 5000 */
	uint32_t ping_sec;   /* ping this often; 0: never */
	size_t max_message;  /* [bytes]; 0: WS_MESSAGE_MAX; above: 1009 */
};

/* Connect in the background. -EINVAL: bad URL. -ENOMEM. */
int ws_connect(struct ws **wsp, struct net *net, const struct ws_params *prm,
               ws_event_h *eventh, void *arg) MUST_CHECK;

/* Send one message; copied. -EAGAIN: the queue is full, nothing was taken.
 * -ENOTCONN: not open. */
int ws_send_text(struct ws *ws, const char *v, size_t len) MUST_CHECK;
int ws_send_binary(struct ws *ws, const void *v, size_t len) MUST_CHECK;

/* Ping every @sec seconds, 0: no more. A pong that stays away is no reason to
 * close; silence is for the owner to judge. */
void ws_set_ping(struct ws *ws, uint32_t sec);

/* Bytes that wait to be sent. */
size_t ws_queued(const struct ws *ws);

/* Close with @code (1000, 1001, 1008 ...) and @reason (may be NULL, at most
 * 123 bytes) after what is queued, and forget it. NULLs the pointer. */
void ws_close(struct ws **wsp, int code, const char *reason);

/* --- server --- */

/* What came with a request or an upgrade. Borrowed until the handler
 * returns. Path and query are as sent, undecoded. */
struct ws_request {
	const char *method;
	const char *path;
	const char *query; /* "" without */
	const char *body;  /* terminated; "" without */
	size_t body_len;
	const char *peer; /* address of the peer, "127.0.0.1" */
	const char *(*header)(const struct ws_request *req, const char *name);
};

struct ws_response {
	int status;               /* preset to 200 */
	const char *content_type; /* preset to application/json */
	uint32_t retry_after_sec; /* 0: no such header */
	struct buf body;
};

struct ws_handlers {
	/* A plain request; answered when it returns. */
	void (*request)(const struct ws_request *req, struct ws_response *res,
	                void *arg);
	/* An upgrade: 0 to accept, or the HTTP status that refuses it. @tag
	 * is handed to accepted. */
	int (*upgrade)(const struct ws_request *req, void **tag, void *arg);
	/* The upgraded socket, to be taken over with ws_set_handler(). It is
	 * closed when that was not done before returning. @ws is NULL when
	 * the upgrade was accepted but the peer left: release the tag. */
	void (*accepted)(struct ws *ws, void *tag, void *arg);
	size_t max_body; /* [bytes] of a request; above: 413 */
};

/* Listen on @addr ("127.0.0.1:7861", port 0 takes a free one). Handlers are
 * copied. -EADDRINUSE, -EACCES, -EINVAL. */
int ws_listen(struct ws_server **sp, struct net *net, const char *addr,
              const struct ws_handlers *h, void *arg) MUST_CHECK;

/* The port that is listened on. */
uint16_t ws_server_port(const struct ws_server *s);

/* Stop listening; accepted sockets live on. NULLs the pointer. */
void ws_server_close(struct ws_server **sp);

/* Take over an accepted socket. */
void ws_set_handler(struct ws *ws, ws_event_h *eventh, void *arg);

#endif
