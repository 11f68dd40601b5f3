/*
 * simhttp.h - a strict HTTP server: 1.1 in the clear, 1.1 or 2 over TLS
 *
 * A request is handed over whole, body included, and is answered at once or
 * piece by piece, now or later. The same calls serve both versions. What a
 * client sends against the rules of HTTP is answered with 400 and ends the
 * connection.
 *
 * A request lives until it is answered or its client has gone; the handler
 * set with simreq_on_gone() hears of the latter, and not after the end.
 */
#ifndef TESTS_SIM_LIB_SIMHTTP_H
#define TESTS_SIM_LIB_SIMHTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"
#include "tests/sim/lib/simnet.h"

enum {
	SIMHTTP_HEADERS_MAX = 64,     /* of one request */
	SIMHTTP_HEAD_MAX = 64 * 1024, /* [bytes] request line and headers */
	SIMHTTP_BODY_MAX = 8 << 20,   /* [bytes] */
	SIMHTTP_STREAMS_MAX = 250,    /* of one HTTP/2 connection */
};

struct simhttp;
struct simreq;

typedef void simhttp_request_h(struct simreq *r, void *arg);
typedef void simreq_gone_h(struct simreq *r, void *arg);

/* Serve connections accepted by @n on @addr. @tls may be NULL, is borrowed.
 * @port gets the port. */
int simhttp_listen(struct simhttp **hp, struct simnet *n, const char *addr,
                   struct simtls_ctx *tls, simhttp_request_h *requesth,
                   void *arg, uint16_t *port) MUST_CHECK;

/* After simnet_free(). */
void simhttp_free(struct simhttp **hp);

const char *simreq_method(const struct simreq *r);
const char *simreq_path(const struct simreq *r);  /* undecoded */
const char *simreq_query(const struct simreq *r); /* undecoded; "" without */
const struct buf *simreq_body(const struct simreq *r);
bool simreq_is_h2(const struct simreq *r);

/* Which connection, counted from 1. */
unsigned simreq_conn_no(const struct simreq *r);

/* Value of a header; NULL. @name in lower case. Repeated ones are joined. */
const char *simreq_header(const struct simreq *r, const char *name);

/* The i-th header, false behind the last one. */
bool simreq_header_at(const struct simreq *r, size_t i, const char **name,
                      const char **value);

/* Percent-decoded value of the n-th @name in the query; NULL: no more. Valid
 * as long as the request. */
const char *simreq_arg(struct simreq *r, const char *name, size_t nth);

/* Every pair of the query in order, decoded; false behind the last one. */
bool simreq_arg_at(struct simreq *r, size_t i, const char **name,
                   const char **value);

/* A header of the answer to come; copied. */
void simreq_add_header(struct simreq *r, const char *name, const char *value);

/* Answer whole. The request is gone afterwards. */
void simreq_reply(struct simreq *r, int status, const char *type,
                  const void *body, size_t len);

/* Answer in pieces: begin, send..., end. Chunked in HTTP/1.1. */
void simreq_on_gone(struct simreq *r, simreq_gone_h *goneh, void *arg);
void simreq_begin(struct simreq *r, int status, const char *type);
void simreq_send(struct simreq *r, const void *v, size_t len);
void simreq_end(struct simreq *r);

/* Cut the answer: a reset stream of HTTP/2, a broken connection of 1.1. */
void simreq_abort(struct simreq *r);

/* Never answer: the client waits. simreq_on_gone() still tells. */
void simreq_hold(struct simreq *r);

/* The headers that were added, as lines. */
void simreq_print_headers(const struct simreq *r, struct buf *out);

/* Take the connection over after an Upgrade header (HTTP/1.1 alone); the
 * request is gone. @rest: bytes that came behind it, to be released. */
struct simconn *simreq_detach(struct simreq *r, struct buf *rest) MUST_CHECK;

#endif
