#define _GNU_SOURCE
#include "tests/sim/lib/plivo_net.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_tls.h"

enum {
	LINGER_MS = 1000,           /* to flush and hear the peer's FIN */
	READ_MAX = 64 * 1024,       /* [bytes] of one read */
	BACKLOG = 1024,             /* connections not yet accepted */
	TLS_PIECE = 16 * 1024 + 512 /* [bytes] a record and its frame */
};

struct psim_conn {
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_shutdown_t shutting;
	uv_getaddrinfo_t resolving;
	struct psim_loop *loop;
	const struct psim_conn_h *h; /* NULL: the owner is gone */
	void *arg;
	struct psim_tls *tls;
	struct timer timer; /* to connect; later, to linger */
	bool tcp_open, lookup, closing, ended, announced;
};

struct pending {
	uv_write_t req;
	struct psim_conn *c;
	char v[];
};

/* One buffer serves all reads: data is handed on before the next read. */
static char read_buf[READ_MAX];

static void on_gone(uv_handle_t *handle)
{
	struct psim_conn *c = handle->data;

	psim_tls_free(&c->tls);
	mem_free(c);
}

/* The last step of a connection; a lookup under way holds it back. */
static void dispose(struct psim_conn *c)
{
	psim_timer_stop(c->loop, &c->timer);
	if (c->lookup) {
		uv_cancel((uv_req_t *)&c->resolving);
		return;
	}
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_gone);
}

static void fail(struct psim_conn *c, int err)
{
	psim_timer_stop(c->loop, &c->timer);
	if (c->closing) {
		dispose(c);
		return;
	}
	if (c->ended)
		return;
	c->ended = true;
	if (c->tcp_open && !uv_is_closing((uv_handle_t *)&c->tcp))
		uv_read_stop((uv_stream_t *)&c->tcp);
	if (c->h)
		c->h->end(err, c->arg);
}

static void on_timeout(void *arg)
{
	struct psim_conn *c = arg;

	if (c->closing)
		dispose(c);
	else
		fail(c, -ETIMEDOUT);
}

static void on_written(uv_write_t *req, int status)
{
	struct pending *p = CONTAINER_OF(req, struct pending, req);
	struct psim_conn *c = p->c;

	mem_free(p);
	if (status && status != UV_ECANCELED)
		fail(c, status);
}

/* Bytes that went, or a negative errno. */
static int send_now(struct psim_conn *c, const void *v, size_t len)
{
	uv_os_fd_t fd;
	ssize_t n;

	if (uv_fileno((uv_handle_t *)&c->tcp, &fd))
		return -EBADF;
	n = send(fd, v, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int raw_send(struct psim_conn *c, const void *v, size_t len)
{
	struct pending *p;
	uv_buf_t b;
	int n = 0;

	/* What the kernel takes at once needs no copy. */
	if (!uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp)) {
		n = send_now(c, v, len);
		if (n < 0)
			return n;
		if ((size_t)n == len)
			return 0;
	}
	p = mem_alloc(sizeof(*p) + len - (size_t)n);
	if (!p)
		return -ENOMEM;
	p->c = c;
	memcpy(p->v, (const char *)v + n, len - (size_t)n);
	b = uv_buf_init(p->v, (unsigned)(len - (size_t)n));
	n = uv_write(&p->req, (uv_stream_t *)&c->tcp, &b, 1, on_written);
	if (n)
		mem_free(p);
	return n;
}

static int tls_flush(struct psim_conn *c)
{
	char piece[TLS_PIECE];
	size_t n;
	int err = 0;

	while (!err && (n = psim_tls_output(c->tls, piece, sizeof(piece))) > 0)
		err = raw_send(c, piece, n);
	return err;
}

int psim_conn_send(struct psim_conn *c, const void *v, size_t len)
{
	int err;

	if (c->ended || !c->tcp_open)
		return -ENOTCONN;
	if (!c->tls)
		return raw_send(c, v, len);
	err = psim_tls_write(c->tls, v, len);
	return err ? err : tls_flush(c);
}

size_t psim_conn_queued(const struct psim_conn *c)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
}

static void announce(struct psim_conn *c)
{
	c->announced = true;
	psim_timer_stop(c->loop, &c->timer);
	if (c->h->open)
		c->h->open(c->arg);
}

/* Cipher text came, or with none the handshake begins. */
static void tls_input(struct psim_conn *c, const char *v, size_t len)
{
	char plain[TLS_PIECE];
	bool open = false;
	int err = psim_tls_feed(c->tls, v, len, &open);
	long n = 0;

	if (!err)
		err = tls_flush(c);
	if (!err && open && !c->announced)
		announce(c);
	while (!err && open && !c->closing && !c->ended) {
		n = psim_tls_read(c->tls, plain, sizeof(plain));
		if (n <= 0)
			break;
		c->h->data(plain, (size_t)n, c->arg);
	}
	if (n < 0)
		err = (int)n;
	if (err && !c->closing && !c->ended)
		fail(c, err);
}

static void on_alloc(uv_handle_t *handle, size_t wish, uv_buf_t *b)
{
	(void)handle;
	(void)wish;
	*b = uv_buf_init(read_buf, sizeof(read_buf));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct psim_conn *c = stream->data;

	if (n < 0) {
		fail(c, n == UV_EOF ? ERR_EOF : (int)n);
		return;
	}
	if (!n || c->closing || c->ended || !c->h)
		return;
	if (c->tls)
		tls_input(c, b->base, (size_t)n);
	else
		c->h->data(b->base, (size_t)n, c->arg);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct psim_conn *c = CONTAINER_OF(req, struct psim_conn, connecting);

	if (c->closing || c->ended)
		return;
	if (!status) {
		c->tcp_open = true;
		uv_tcp_nodelay(&c->tcp, 1);
		status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc,
		                       on_read);
	}
	if (status)
		fail(c, status);
	else if (c->tls)
		tls_input(c, "", 0);
	else
		announce(c);
}

/* "localhost" may name ::1 first, where few servers listen. */
static const struct addrinfo *prefer_v4(const struct addrinfo *ai)
{
	for (const struct addrinfo *one = ai; one; one = one->ai_next)
		if (one->ai_family == AF_INET)
			return one;
	return ai;
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *ai)
{
	struct psim_conn *c = CONTAINER_OF(req, struct psim_conn, resolving);
	const struct addrinfo *one = prefer_v4(ai);

	c->lookup = false;
	if (!c->closing && !c->ended) {
		if (!status && !one)
			status = UV_EAI_NONAME;
		if (!status)
			status = uv_tcp_connect(&c->connecting, &c->tcp,
			                        one->ai_addr, on_connect);
		if (status)
			fail(c, status);
	}
	uv_freeaddrinfo(ai);
	if (c->closing)
		dispose(c);
}

static struct psim_conn *conn_new(struct psim_loop *l)
{
	struct psim_conn *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->loop = l;
	uv_tcp_init(&l->uv, &c->tcp);
	c->tcp.data = c;
	return c;
}

int psim_conn_dial(struct psim_conn **cp, struct psim_loop *l,
                   const struct psim_url *u, uint32_t timeout_ms,
                   const struct psim_conn_h *h, void *arg)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
	                               .ai_socktype = SOCK_STREAM};
	struct psim_conn *c = conn_new(l);
	struct sockaddr_in v4;
	int err = 0;

	if (!c)
		return -ENOMEM;
	c->h = h;
	c->arg = arg;
	if (u->tls)
		err = psim_tls_new(&c->tls, l, u->host);
	if (!err && !uv_ip4_addr(u->host, (int)strtol(u->port, NULL, 10), &v4))
		err = uv_tcp_connect(&c->connecting, &c->tcp,
		                     (const struct sockaddr *)&v4, on_connect);
	else if (!err) {
		err = uv_getaddrinfo(&l->uv, &c->resolving, on_resolved,
		                     u->host, u->port, &hints);
		c->lookup = !err;
	}
	if (err) {
		c->closing = true;
		dispose(c);
		return err;
	}
	psim_timer(l, &c->timer, timeout_ms, on_timeout, c);
	*cp = c;
	return 0;
}

static void on_shut(uv_shutdown_t *req, int status)
{
	struct psim_conn *c = CONTAINER_OF(req, struct psim_conn, shutting);

	/* The peer's FIN ends the wait; closing before it could turn into an
	 * RST that takes our last bytes with it. */
	if (status || c->ended)
		dispose(c);
}

void psim_conn_close(struct psim_conn **cp)
{
	struct psim_conn *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	c->closing = true;
	c->h = NULL;
	psim_timer_stop(c->loop, &c->timer);
	if (!c->tcp_open || c->ended ||
	    uv_shutdown(&c->shutting, (uv_stream_t *)&c->tcp, on_shut)) {
		dispose(c);
		return;
	}
	psim_timer(c->loop, &c->timer, LINGER_MS, on_timeout, c);
}

void psim_conn_reset(struct psim_conn **cp)
{
	struct psim_conn *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	c->closing = true;
	c->h = NULL;
	psim_timer_stop(c->loop, &c->timer);
	if (!c->tcp_open || uv_tcp_close_reset(&c->tcp, on_gone))
		dispose(c);
}

void psim_conn_attach(struct psim_conn *c, const struct psim_conn_h *h,
                      void *arg)
{
	c->h = h;
	c->arg = arg;
}

struct psim_listener {
	uv_tcp_t tcp;
	struct psim_loop *loop;
	psim_accept_h *handler;
	void *arg;
};

static void on_connection(uv_stream_t *server, int status)
{
	struct psim_listener *ls = server->data;
	struct psim_conn *c = status ? NULL : conn_new(ls->loop);

	if (!c)
		return;
	if (uv_accept(server, (uv_stream_t *)&c->tcp) ||
	    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) {
		c->closing = true;
		dispose(c);
		return;
	}
	c->tcp_open = c->announced = true;
	uv_tcp_nodelay(&c->tcp, 1);
	ls->handler(c, ls->arg);
}

static void on_listener_gone(uv_handle_t *handle)
{
	mem_free(handle->data);
}

int psim_listen(struct psim_listener **lp, struct psim_loop *l,
                const char *address, int *port, psim_accept_h *handler,
                void *arg)
{
	const char *colon = strrchr(address, ':');
	char host[64];
	struct sockaddr_in v4;
	int len = sizeof(v4), err;
	struct psim_listener *ls;
	uint64_t n;

	if (!colon || str_u64(str_of(colon + 1), 65535, &n) ||
	    str_copy(host, sizeof(host),
	             str_n(address, (size_t)(colon - address))) ||
	    uv_ip4_addr(host, (int)n, &v4))
		return -EINVAL;
	ls = mem_zalloc(sizeof(*ls));
	if (!ls)
		return -ENOMEM;
	*ls = (struct psim_listener){.loop = l, .handler = handler, .arg = arg};
	uv_tcp_init(&l->uv, &ls->tcp);
	ls->tcp.data = ls;
	err = uv_tcp_bind(&ls->tcp, (const struct sockaddr *)&v4, 0);
	if (!err)
		err = uv_listen((uv_stream_t *)&ls->tcp, BACKLOG,
		                on_connection);
	if (!err)
		err = uv_tcp_getsockname(&ls->tcp, (struct sockaddr *)&v4,
		                         &len);
	if (err) {
		psim_listener_close(&ls);
		return err;
	}
	*port = ntohs(v4.sin_port);
	*lp = ls;
	return 0;
}

void psim_listener_close(struct psim_listener **lp)
{
	if (*lp)
		uv_close((uv_handle_t *)&(*lp)->tcp, on_listener_gone);
	*lp = NULL;
}
