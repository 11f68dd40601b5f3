/*
 * http.h - the web server, as a table of handlers over copies
 *
 * A handler reads a request and fills in a response; it never sees a socket.
 * Handlers run on many threads at once and share nothing but what @arg leads
 * to, which must guard itself. A handler may wait, but each one that waits
 * holds a thread. What a request points to is the handler's until it returns.
 */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

struct http;

enum {
	HTTP_BODY_MAX = 72 * 1024, /* [bytes] unless a route says more */
	HTTP_RESPONSE_MAX = 16 * 1024 * 1024, /* [bytes] a call's whole story */
	HTTP_HEADERS_MAX = 64,                /* what the library reads */
	HTTP_TAIL_MAX = 64,                   /* [bytes] an id in a path */
	HTTP_REQUEST_MS = 5000, /* for the head, then for the body */
};

enum http_method {
	HTTP_GET = 1 << 0, /* HEAD, too */
	HTTP_POST = 1 << 1,
	HTTP_DELETE = 1 << 2,
	HTTP_OPTIONS = 1 << 3,
};

struct http_header {
	const char *name, *value;
};

struct http_req {
	enum http_method method;
	const char *path;  /* decoded by the library, without the query */
	const char *tail;  /* what followed a route's prefix; "" */
	const char *query; /* as sent; "" if none */
	const char *body;  /* terminated; "" if none */
	size_t body_len;   /* [bytes] */
	const char *peer;  /* address, as text */
	const struct http_header *headers;
	size_t n_headers;
};

struct http_res {
	int status;               /* preset to 200 */
	const char *content_type; /* preset to JSON; static text */
	struct buf body;
	struct buf headers; /* complete lines, by http_res_header() */
};

typedef void http_handler_h(const struct http_req *req, struct http_res *res,
                            void *arg);

struct http_route {
	unsigned methods; /* of enum http_method; others are 405 */
	const char *path; /* exact; ends in a slash: one segment of
	                   * [A-Za-z0-9_-] follows; in a slash and a star:
	                   * one or more */
	http_handler_h *handler;
	size_t body_max; /* [bytes]; 0: HTTP_BODY_MAX */
	bool needs_body; /* 411 without a length; webhooks may do without */
};

/* A WebSocket of a client, on the thread that serves it. */
struct http_ws;

enum http_ws_op {
	HTTP_WS_MORE = 0, /* continues a message */
	HTTP_WS_TEXT = 1,
	HTTP_WS_BINARY = 2,
	HTTP_WS_CLOSE = 8,
	HTTP_WS_PING = 9,
	HTTP_WS_PONG = 10,
};

/* One path of WebSockets. Frames come as they are, control frames too; nobody
 * else answers a ping or echoes a close. All of it runs on one thread. */
struct http_ws_route {
	const char *prefix; /* ends in a slash; one segment follows */
	/* May it be upgraded? Fills @res and returns false to refuse.
	 * Otherwise closed() follows, whether or not the rest does; @userp is
	 * handed to the others. */
	bool (*check)(const struct http_req *req, struct http_res *res,
	              void **userp, void *arg);
	/* It is open. Negative: close it. */
	int (*opened)(struct http_ws *ws, void *user);
	/* A frame; false ends the connection. */
	bool (*frame)(void *user, enum http_ws_op op, bool fin, const char *v,
	              size_t len);
	/* Once, last; @ws is void when it returns. */
	void (*closed)(void *user);
};

/* Send one whole frame, from any thread, until closed() returns. Blocks for
 * HTTP_REQUEST_MS at most. -EPIPE: the connection is gone. */
int http_ws_send(struct http_ws *ws, enum http_ws_op op, const char *v,
                 size_t len) MUST_CHECK;

/* End the connection from any thread, until closed() returns: whoever reads
 * or writes there stops at once. What was sent still arrives. */
void http_ws_end(struct http_ws *ws);

struct http_opts {
	const char *listen; /* "127.0.0.1:7860"; port 0: a free one */
	unsigned threads;
	const struct http_route *routes;
	size_t n_routes;
	const struct http_ws_route *ws_routes;
	size_t n_ws_routes;
	const char *cors_origins; /* comma separated; NULL: none */
	void *arg;
};

/* Start to serve. Tables and texts are borrowed. -EADDRINUSE: the address
 * cannot be had. -EINVAL, -ENOMEM. */
int http_open(struct http **hp, const struct http_opts *opts) MUST_CHECK;

/* The port that is listened on. */
/* Requests whose handlers run at this moment. */
unsigned http_running(struct http *h);

unsigned http_port(const struct http *h);

/* Stop: refuse new requests with 503, wait at most @ms for those that run,
 * close. NULLs the caller's pointer. NULL is fine. */
void http_close(struct http **hp, unsigned ms);

#endif
