/*
 * plivo_net.h - byte streams over TCP and TLS, dialled or accepted
 *
 * The five laws of callbacks hold. TLS (OpenSSL over memory buffers) is for
 * dialled connections alone: plivo-sim itself listens in clear text.
 */
#ifndef TESTS_SIM_LIB_PLIVO_NET_H
#define TESTS_SIM_LIB_PLIVO_NET_H

#include "tests/sim/lib/plivo_loop.h"
#include "tests/sim/lib/plivo_url.h"

struct psim_conn;
struct psim_listener;

struct psim_conn_h {
	void (*open)(void *arg); /* dialled ones: connected, TLS included */
	void (*data)(const char *v, size_t len, void *arg);
	/* The last word: ERR_EOF, or what went wrong. */
	void (*end)(int err, void *arg);
};

/* Connect to @u within @timeout_ms. -ENOMEM or a UV_E* code at once; later
 * ones through end(). @h is borrowed for the life of the connection. */
int psim_conn_dial(struct psim_conn **cp, struct psim_loop *l,
                   const struct psim_url *u, uint32_t timeout_ms,
                   const struct psim_conn_h *h, void *arg) MUST_CHECK;

/* Copied when it cannot go out at once. An error also comes by end(). */
int psim_conn_send(struct psim_conn *c, const void *v, size_t len) MUST_CHECK;

/* Bytes that wait for the peer. */
size_t psim_conn_queued(const struct psim_conn *c);

/* Send what waits, then FIN; at most a second is spent on it. */
void psim_conn_close(struct psim_conn **cp);

/* RST, at once. */
void psim_conn_reset(struct psim_conn **cp);

/* A connection has come: psim_conn_attach() gives it its handlers at once. */
typedef void psim_accept_h(struct psim_conn *c, void *arg);

void psim_conn_attach(struct psim_conn *c, const struct psim_conn_h *h,
                      void *arg);

/* Listen on "host:port", port 0 takes a free one; *@port is the port taken.
 * -EINVAL, -ENOMEM, UV_E*. */
int psim_listen(struct psim_listener **lp, struct psim_loop *l,
                const char *address, int *port, psim_accept_h *handler,
                void *arg) MUST_CHECK;
void psim_listener_close(struct psim_listener **lp);

#endif
