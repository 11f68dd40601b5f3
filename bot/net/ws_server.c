#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/net/http_conn.h"
#include "bot/net/ws_priv.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	CONNS_MAX = 512,  /* speaking HTTP at once; sockets do not count */
	ACCEPTS_MAX = 32, /* in one turn of the loop */
	BACKLOG = 511,    /* as many as the kernel keeps waiting */
	AGAIN_MS = 100,   /* until a descriptor may be free again */
	INTERNAL_ERROR = 1011,
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "host:port", "[v6]:port", ":port". */
static int split_address(const char *addr, char host[64], char port[8])
{
	const char *colon = strrchr(addr, ':');
	struct str h;

	if (!colon)
		return -EINVAL;
	h = str_n(addr, (size_t)(colon - addr));
	if (h.len >= 2 && h.v[0] == '[' && h.v[h.len - 1] == ']')
		h = str_n(h.v + 1, h.len - 2);
	if (str_copy(host, 64, h) || str_copy(port, 8, str_of(colon + 1)) ||
	    !port[0])
		return -EINVAL;
	return 0;
}

static int open_listener(const struct addrinfo *ai)
{
	const int on = 1;
	int err, fd = socket(ai->ai_family,
	                     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int listen_on(const char *addr)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*ai;
	char host[64], port[8];
	int fd = split_address(addr, host, port);

	if (fd)
		return fd;
	if (getaddrinfo(host[0] ? host : NULL, port, &hints, &ai))
		return -EINVAL;
	fd = open_listener(ai);
	freeaddrinfo(ai);
	return fd;
}

static void address_text(const union address *a, char *dst, size_t cap)
{
	const struct in6_addr *v6 = &a->v6.sin6_addr;

	dst[0] = '\0';
	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, dst, (socklen_t)cap);
	else if (IN6_IS_ADDR_V4MAPPED(v6))
		inet_ntop(AF_INET, &v6->s6_addr[12], dst, (socklen_t)cap);
	else
		inet_ntop(AF_INET6, v6, dst, (socklen_t)cap);
}

static uint16_t port_of(int fd)
{
	union address a = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len))
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port
	                                         : a.v4.sin_port);
}

static void accept_handler(uv_poll_t *uv, int status, int events);

static void again_handler(void *arg)
{
	struct ws_server *s = arg;

	uv_poll_start(&s->poll, UV_READABLE, accept_handler);
}

/* Who cannot be accepted stays in the queue and keeps it readable: without a
 * pause the loop would do nothing else. */
static void accept_failed(struct ws_server *s, int err)
{
	if (err != EMFILE && err != ENFILE && err != ENOBUFS && err != ENOMEM)
		return;
	log_line(LOG_WARN, "net", NULL, "event=no_descriptor errno=%d", err);
	uv_poll_stop(&s->poll);
	timer_start(s->net->timers, &s->again, AGAIN_MS, again_handler, s);
}

static void accept_handler(uv_poll_t *uv, int status, int events)
{
	struct ws_server *s = uv->data;
	const int on = 1;

	(void)status;
	(void)events;
	net_touch(s->net);
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		union address a = {.any.sa_family = AF_UNSPEC};
		socklen_t len = sizeof(a);
		char peer[INET6_ADDRSTRLEN];
		int fd = accept4(s->fd, &a.any, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			accept_failed(s, errno);
			return;
		}
		if (s->n_conns >= CONNS_MAX) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		address_text(&a, peer, sizeof(peer));
		http_conn_open(s, fd, peer);
	}
}

int ws_listen(struct ws_server **sp, struct net *net, const char *addr,
              const struct ws_handlers *h, void *arg)
{
	struct ws_server *s = mem_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->net = net;
	s->h = *h;
	s->arg = arg;
	list_init(&s->conns);
	s->fd = listen_on(addr);
	if (s->fd < 0) {
		err = s->fd;
		goto out;
	}
	err = uv_poll_init(&net->loop, &s->poll, s->fd);
	if (err) {
		close(s->fd);
		goto out;
	}
	s->port = port_of(s->fd);
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, accept_handler);
	*sp = s;
	return 0;
out:
	mem_free(s);
	return err;
}

uint16_t ws_server_port(const struct ws_server *s)
{
	return s->port;
}

static void server_closed(uv_handle_t *uv)
{
	mem_free(uv->data);
}

void ws_server_close(struct ws_server **sp)
{
	struct ws_server *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	http_conn_orphan_all(s);
	timer_stop(s->net->timers, &s->again);
	uv_close((uv_handle_t *)&s->poll, server_closed);
	close(s->fd);
}

/* libwebsockets sees a request of our making, never the peer's: target and
 * headers have been judged already, and its parser has known faults. */
struct ws *ws_adopt(struct net *net, int fd, const char *key, size_t key_len)
{
	struct buf text;
	struct ws *ws = NULL;

	buf_init(&text, 512);
	if (buf_addf(&text,
	             "GET / HTTP/1.1\r\nHost: bot\r\nUpgrade: websocket\r\n"
	             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	             "Sec-WebSocket-Key: %.*s\r\n\r\n",
	             (int)key_len, key) ||
	    ws_new(&ws, net, 0, NULL, NULL)) {
		buf_fini(&text);
		close(fd);
		return NULL;
	}
	net->adopting = ws;
	/* Answers the upgrade before it returns; closes @fd on failure. */
	if (!lws_adopt_socket_vhost_readbuf(net->server_vhost, fd, text.v,
	                                    text.len) &&
	    ws->wsi)
		ws_gone(ws);
	net->adopting = NULL;
	buf_fini(&text);
	if (!ws->wsi)
		ws_close(&ws, 0, NULL);
	return ws;
}

void ws_adopt_done(struct ws *ws)
{
	if (ws && !ws->released && !ws->eventh)
		ws_close(&ws, INTERNAL_ERROR, NULL);
}
