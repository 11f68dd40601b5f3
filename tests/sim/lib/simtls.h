/*
 * simtls.h - the server's side of TLS for simulators, in memory
 *
 * Cipher text goes in and out of buffers; who owns the socket moves them.
 */
#ifndef TESTS_SIM_LIB_SIMTLS_H
#define TESTS_SIM_LIB_SIMTLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"

struct simtls_ctx;
struct simtls;

/* Certificate chain and key, PEM. @h2: offer HTTP/2 by ALPN. NULL: says why
 * on standard error. */
struct simtls_ctx *simtls_ctx_new(const char *cert, const char *key,
                                  bool h2) MUST_CHECK;
void simtls_ctx_free(struct simtls_ctx **cp);

struct simtls *simtls_new(struct simtls_ctx *ctx);
void simtls_free(struct simtls **tp);

/* Take cipher text of the peer. Plain text is appended to @plain and what
 * must be sent to @out. 0; 1: the peer ended TLS in order; ERR_PROTO. */
int simtls_feed(struct simtls *t, const char *v, size_t len, struct buf *plain,
                struct buf *out) MUST_CHECK;

/* Encrypt. ERR_PROTO when the handshake is not finished. */
int simtls_seal(struct simtls *t, const void *v, size_t len,
                struct buf *out) MUST_CHECK;

/* Say that the stream ends. */
void simtls_end(struct simtls *t, struct buf *out);

const char *simtls_alpn(const struct simtls *t);

#endif
