/*
 * http_head.h - the head of an HTTP/1.1 request, as it was sent
 *
 * libwebsockets decodes a request's target before anybody sees it, and a
 * signature over the target cannot be verified then. We therefore read heads
 * ourselves. Pure; slices lead into the caller's text.
 */
#ifndef BOT_NET_HTTP_HEAD_H
#define BOT_NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

enum { HTTP_HEADERS_MAX = 64 /* in one request */ };

struct http_field {
	struct str name, value;
};

struct http_head {
	size_t len; /* [bytes] with the empty line */
	struct str method, path, query;
	bool v11; /* HTTP/1.1, not 1.0 */
	struct http_field field[HTTP_HEADERS_MAX];
	size_t n_fields;
	size_t body_len; /* Content-Length; 0 without */
	bool has_length, chunked;
	bool keep_alive;
	bool upgrade;   /* a well-formed WebSocket upgrade */
	struct str key; /* Sec-WebSocket-Key */
};

/* 0: complete. -EAGAIN: there must be more. Positive: an HTTP status that
 * refuses it (400, 426, 431, 505). */
int http_head_parse(struct http_head *h, const char *text,
                    size_t len) MUST_CHECK;

/* The first field of that name; v == NULL without. */
struct str http_head_get(const struct http_head *h, const char *name);

#endif
