/*
 * simws.h - the server's side of a WebSocket, strict, with bad manners on call
 *
 * RFC 6455 to the letter: an unmasked frame, a reserved bit, a broken
 * continuation, text that is not UTF-8 close the socket with 1002 or 1007 and
 * are reported to the handler as a violation. Faults let it break its own
 * messages into fragments with pings between them.
 *
 * The closed handler runs once, when the peer has closed or gone, and not
 * after simws_free(). Freeing inside a handler is fine.
 */
#ifndef TESTS_SIM_LIB_SIMWS_H
#define TESTS_SIM_LIB_SIMWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "tests/sim/lib/simhttp.h"

struct simws;

enum {
	SIMWS_MESSAGE_MAX = 4 << 20, /* [bytes] */
	SIMWS_NO_CODE = 1005,        /* closed without a code */
	SIMWS_GONE = 1006,           /* the stream ended without a close */
};

struct simws_ops {
	void (*text)(const char *v, size_t len, void *arg);
	void (*binary)(const char *v, size_t len, void *arg);
	void (*closed)(int code, void *arg);
	void (*violation)(const char *what, void *arg);
};

/* Is the request a well-formed upgrade? NULL, or what is wrong. */
const char *simws_check(const struct simreq *r);

/* Accept the upgrade; headers added to @r go out with it. The request is
 * gone. */
struct simws *simws_accept(struct simreq *r, struct simnet *n,
                           const struct simws_ops *ops, void *arg) MUST_CHECK;

/* Messages in pieces of @size bytes with a ping between them; 0: whole. */
void simws_fragment(struct simws *ws, size_t size);

void simws_text(struct simws *ws, const char *v, size_t len);
void simws_binary(struct simws *ws, const void *v, size_t len);
size_t simws_queued(const struct simws *ws);

/* Read no more: back-pressure. */
void simws_pause(struct simws *ws, bool paused);

/* Send a close frame; @code 1005 for one without a code. The handler still
 * hears of the end. Nothing is sent after it. */
void simws_close(struct simws *ws, int code, const char *reason);

/* Bytes as they are, for broken frames. */
void simws_raw(struct simws *ws, const void *v, size_t len);

/* A TCP reset, soon, or once @bytes more have been sent, be that in the middle
 * of a frame. The handler hears of the end. */
void simws_cut(struct simws *ws);
void simws_cut_after(struct simws *ws, size_t bytes);

/* Stay open and dead: nothing is sent or heard any more. */
void simws_freeze(struct simws *ws);

/* Give it up, with a TCP reset or in order; the handler does not run. */
void simws_free(struct simws **wsp, enum simconn_end how);

#endif
