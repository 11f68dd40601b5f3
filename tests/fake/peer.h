/*
 * peer.h - a scripted peer on loopback: slow, cut, garbage, silent
 *
 * Listens on a free port of 127.0.0.1. Each connection runs the script on a
 * thread of its own; the script reads, writes, resets or just waits, and the
 * connection is closed when it returns. What came is counted and kept.
 */
#ifndef TESTS_FAKE_PEER_H
#define TESTS_FAKE_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

enum { PEER_TEXT_MAX = 64 * 1024 /* [bytes] of a request kept */ };

struct peer;

struct peer_conn {
	struct peer *peer;
	int fd;
	unsigned nr;                 /* 1 for the first connection */
	char request[PEER_TEXT_MAX]; /* the latest, terminated */
};

typedef void peer_h(struct peer_conn *c, void *arg);

struct peer *peer_new(peer_h *script, void *arg);

/* Ends every script that waits, and joins the threads. */
void peer_free(struct peer **pp);

unsigned peer_port(const struct peer *p);
unsigned peer_conns(struct peer *p);

/* Requests that peer_read() has seen whole. */
unsigned peer_requests(struct peer *p);

/* The "http://127.0.0.1:PORT" of it. Static storage of the peer. */
const char *peer_url(const struct peer *p);

/* For scripts. One HTTP request with its body into c->request; false: the
 * other side has closed or the test is over. */
bool peer_read(struct peer_conn *c);
void peer_send(struct peer_conn *c, const char *text);
void peer_sendf(struct peer_conn *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* An answer with its length. @headers: whole lines with CRLF, or "". */
void peer_answer(struct peer_conn *c, int status, const char *headers,
                 const char *body);

/* Do nothing until the other side closes, the test ends or @ms are over. */
void peer_wait(struct peer_conn *c, int ms);

/* Close at once, so that the other side sees a reset. */
void peer_reset(struct peer_conn *c);

/* A port where nobody listens. */
unsigned peer_dead_port(void);

#endif
