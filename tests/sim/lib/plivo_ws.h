/*
 * plivo_ws.h - a WebSocket client that is strict with the server (RFC 6455)
 *
 * Own framing instead of a library's, for exact control over pace, pings,
 * closes and torn connections. No extension and no subprotocol is offered.
 * The five laws of callbacks hold.
 */
#ifndef TESTS_SIM_LIB_PLIVO_WS_H
#define TESTS_SIM_LIB_PLIVO_WS_H

#include "tests/sim/lib/plivo_loop.h"
#include "tests/sim/lib/plivo_url.h"

struct psim_ws;

enum {
	PSIM_WS_MESSAGE_MAX = 64 * 1024, /* [bytes] Plivo's limit */
	PSIM_WS_ABNORMAL = 1006,         /* ended without a close frame */
};

struct psim_ws_h {
	void (*open)(void *arg);
	void (*text)(const char *v, size_t len, void *arg);
	void (*ping)(void *arg); /* it has been answered */
	void (*pong)(void *arg);
	/* The server did what the protocol, or Plivo, forbids. */
	void (*fault)(const char *what, void *arg);
	/* The last word. Before open: @status is the HTTP status, or 0. After
	 * it: @code is the peer's close code. */
	void (*end)(int err, int status, int code, const char *why, void *arg);
};

/* @headers: lines with CRLF, copied. @h is borrowed. -ENOMEM, UV_E*. */
int psim_ws_open(struct psim_ws **wp, struct psim_loop *l,
                 const struct psim_url *u, const char *headers,
                 uint32_t timeout_ms, const struct psim_ws_h *h,
                 void *arg) MUST_CHECK;

/* One text message, in one frame. */
int psim_ws_text(struct psim_ws *w, const char *v, size_t len) MUST_CHECK;
int psim_ws_ping(struct psim_ws *w) MUST_CHECK;

/* Bytes that the peer has not taken yet. */
size_t psim_ws_queued(const struct psim_ws *w);

/* Close frame with @code, then the socket once the peer has answered or a
 * second has passed; code 0: the socket alone. */
void psim_ws_close(struct psim_ws **wp, int code);

/* The cable is cut: RST. */
void psim_ws_reset(struct psim_ws **wp);

#endif
