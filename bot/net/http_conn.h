/*
 * http_conn.h - one accepted connection while it speaks HTTP
 *
 * It reads requests and answers them, one at a time, until it is closed or
 * becomes a WebSocket, which then belongs to libwebsockets. For this folder
 * alone.
 */
#ifndef BOT_NET_HTTP_CONN_H
#define BOT_NET_HTTP_CONN_H

#include "bot/net/loop.h"
#include "bot/net/ws.h"

struct http_conn;

struct ws_server {
	struct net *net;
	uv_poll_t poll;
	int fd;
	uint16_t port;
	struct ws_handlers h;
	void *arg;
	struct link conns;
	unsigned n_conns;
	struct timer again; /* after a lack of descriptors */
};

/* Serve the accepted socket @fd, which it takes over, also on failure. */
void http_conn_open(struct ws_server *s, int fd, const char *peer);

/* The server goes: what is being written is finished, the rest dropped. */
void http_conn_orphan_all(struct ws_server *s);

/* Hand the socket over to libwebsockets with the upgrade it is to answer.
 * Takes @fd over in any case. The result is open, or NULL. */
struct ws *ws_adopt(struct net *net, int fd, const char *key, size_t key_len);

/* The acceptor has had its chance to take @ws over; NULL is fine. */
void ws_adopt_done(struct ws *ws);

#endif
