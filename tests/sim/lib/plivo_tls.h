/*
 * plivo_tls.h - a TLS client over memory: bytes in, bytes out, no sockets
 */
#ifndef TESTS_SIM_LIB_PLIVO_TLS_H
#define TESTS_SIM_LIB_PLIVO_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

struct psim_loop;
struct psim_tls;

/* For a server called @host, whose certificate must be good for that name.
 * -ENOMEM, -EINVAL: no usable certificates. */
int psim_tls_new(struct psim_tls **tp, struct psim_loop *l,
                 const char *host) MUST_CHECK;
void psim_tls_free(struct psim_tls **tp);

/* What came from the network; with @len 0 begins the handshake. *@open is set
 * once the handshake is complete. ERR_PROTO, ERR_AUTH: certificate refused. */
int psim_tls_feed(struct psim_tls *t, const void *v, size_t len,
                  bool *open) MUST_CHECK;

/* Plain text that arrived; 0 when there is none, ERR_EOF after the peer's
 * notice of closing, ERR_PROTO. */
long psim_tls_read(struct psim_tls *t, void *v, size_t cap) MUST_CHECK;

/* Plain text to be sent. ERR_PROTO. */
int psim_tls_write(struct psim_tls *t, const void *v, size_t len) MUST_CHECK;

/* What must go to the network; 0: nothing. */
size_t psim_tls_output(struct psim_tls *t, void *v, size_t cap);

#endif
