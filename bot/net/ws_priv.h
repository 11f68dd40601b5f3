/*
 * ws_priv.h - the inside of struct ws, for this folder alone
 *
 * A struct ws belongs to its owner until ws_close(), and to libwebsockets'
 * struct lws for as long as there is one; it is freed when both are gone.
 * Nothing is ever closed from within a callback of the library: what has to
 * go is killed from a timer of ours, so no handler pulls away the ground
 * beneath the library's feet.
 */
#ifndef BOT_NET_WS_PRIV_H
#define BOT_NET_WS_PRIV_H

#include "bot/net/dns.h"
#include "bot/net/loop.h"
#include "bot/net/url.h"
#include "bot/net/ws.h"

enum {
	WS_REASON_MAX = 124, /* [bytes] with terminator; RFC 6455, 5.5 */
	WS_NO_CODE = 1005,   /* a close frame without a code */
	WS_NO_CLOSE = 1006,  /* no close frame */
	WS_TOO_BIG = 1009,
};

enum ws_state {
	WS_CONNECTING,
	WS_UP,
	WS_CLOSING, /* a close frame is due, sent or received */
	WS_DONE,    /* the last event has been given */
};

struct ws_msg {
	struct ws_msg *next;
	size_t len;
	int type;          /* enum lws_write_protocol */
	unsigned char v[]; /* LWS_PRE bytes, then the message */
};

/* What a client keeps until it is open. */
struct ws_dial {
	struct url url;
	char *headers; /* "name:\0value\0" ..., as the library wants them */
	size_t headers_len;
	struct dns_req *dns;
	struct dns_addrs addrs;
	unsigned next; /* address to try */
	bool dialling; /* inside the library's connect call */
	bool failed;   /* told so while dialling */
	int err, status;
	char why[WS_REASON_MAX];
};

struct ws {
	struct link link; /* in net->sockets */
	struct net *net;
	struct lws *wsi; /* NULL before and after */
	enum ws_state state;
	bool released; /* the owner has let go */
	bool close_sent, close_received;
	ws_event_h *eventh;
	void *arg;

	struct buf rx; /* pieces of a message; limit is the longest allowed */
	bool rx_binary;
	struct ws_msg *head, **tail;
	size_t queued;    /* [bytes] in the list */
	size_t in_flight; /* [bytes] that the library may still hold */

	int code; /* of the close, ours or the peer's */
	char reason[WS_REASON_MAX];
	size_t reason_len;
	uint32_t ping_sec, connect_ms;
	struct timer timer; /* connecting, closing, killing */
	struct timer ping;
	struct ws_dial *dial; /* clients */
};

int ws_new(struct ws **wsp, struct net *net, size_t max_message,
           ws_event_h *eventh, void *arg) MUST_CHECK;

/* The library's socket is there, and open. */
void ws_up(struct ws *ws);

/* The library's socket is gone. May free @ws. */
void ws_gone(struct ws *ws);

/* The connection was not made. May free @ws. */
void ws_failed(struct ws *ws, int err, int status, const char *why);

/* A piece of a message; @last ends it. */
void ws_piece(struct ws *ws, const char *v, size_t len, bool binary, bool last);

/* The peer's close frame: nonzero if the socket may go at once. */
int ws_peer_close(struct ws *ws, const unsigned char *v, size_t len);

/* The socket takes data again. */
void ws_writable(struct ws *ws);

/* Kill the library's socket from the next turn on, or in @ms. */
void ws_kill_later(struct ws *ws, uint32_t ms);

/* Client: the attempt has ended; another address is tried, or it failed. */
void ws_dial_failed(struct ws *ws, const char *why, size_t len);
void ws_dial_free(struct ws *ws);

#endif
