/*
 * simnet.h - loop, timers and byte streams of the simulators
 *
 * One loop, one thread. A connection is TCP, or TLS over it; its owner sees
 * plain bytes. Written upon libuv and OpenSSL directly, so that a simulator
 * can end a stream in every way a network does: in order, by reset, in
 * silence, or too slowly.
 *
 * The handler of a connection runs until simconn_close() or until it was told
 * of the end once; either way the owner closes. Closing inside a handler is
 * fine.
 */
#ifndef TESTS_SIM_LIB_SIMNET_H
#define TESTS_SIM_LIB_SIMNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/timer.h"

struct simnet;
struct simconn;
struct simlistener;
struct simtls_ctx;

enum {
	SIMCONN_QUEUE_MAX = 32 << 20, /* [bytes] unsent; then it is reset */
};

enum simconn_end {
	SIMCONN_FLUSH, /* what is queued, then the end of the stream */
	SIMCONN_RESET, /* now, with a TCP reset */
};

struct simconn_ops {
	void (*recv)(const char *v, size_t len, void *arg);
	/* The peer ended or broke the stream: 0 or a negative error. Also
	 * -ECANCELED when the simulator itself ends. */
	void (*ended)(int err, void *arg);
};

/* A new connection; the callee takes it over with simconn_own(), or it is
 * reset. */
typedef void simnet_accept_h(struct simconn *c, void *arg);

/* -ENOMEM. */
int simnet_new(struct simnet **np) MUST_CHECK;

/* All connections end with -ECANCELED. */
void simnet_free(struct simnet **np);

/* Until SIGINT, SIGTERM or simnet_stop(). */
void simnet_run(struct simnet *n);
void simnet_stop(struct simnet *n);

struct timers *simnet_timers(struct simnet *n);
double simnet_now_ms(struct simnet *n);

/* Listen on "host:port", port 0 takes a free one. @tls: NULL for clear text,
 * borrowed. */
int simnet_listen(struct simnet *n, const char *addr, struct simtls_ctx *tls,
                  simnet_accept_h *accepth, void *arg,
                  uint16_t *port) MUST_CHECK;

void simconn_own(struct simconn *c, const struct simconn_ops *ops, void *arg);

/* What was agreed in the TLS handshake: "h2", "http/1.1" or "". */
const char *simconn_alpn(const struct simconn *c);

/* Copied, sent as soon as the socket takes it. */
void simconn_send(struct simconn *c, const void *v, size_t len);
size_t simconn_queued(const struct simconn *c);

/* Read no more until told so: the peer feels it as back-pressure. */
void simconn_pause(struct simconn *c, bool paused);

/* From now on the peer hears nothing and is not heard, and the socket stays
 * open: a half-open connection. */
void simconn_freeze(struct simconn *c);

/* NULLs the pointer; NULL is fine. */
void simconn_close(struct simconn **cp, enum simconn_end how);

#endif
