#define _POSIX_C_SOURCE 200809L
#include "tests/sim/lib/simnet.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/err.h"
#include "common/list.h"
#include "common/str.h"
#include "tests/sim/lib/simmem.h"
#include "tests/sim/lib/simtls.h"

enum {
	BACKLOG = 512,         /* connections that wait for accept */
	LISTENERS_MAX = 4,     /* of one simulator */
	READ_SIZE = 64 * 1024, /* [bytes] of one read */
	LINGER_MS = 1000,      /* for the peer's end of a stream we ended */
};

struct simlistener {
	uv_tcp_t tcp;
	struct simnet *net;
	struct simtls_ctx *tls;
	simnet_accept_h *accepth;
	void *arg;
};

struct simnet {
	uv_loop_t loop;
	struct timers *timers;
	uv_timer_t timer;
	uv_prepare_t prepare;
	uv_signal_t sig[2];
	struct simlistener listener[LISTENERS_MAX];
	size_t n_listeners;
	struct link conns;
	bool ending;
	char chunk[READ_SIZE];
};

struct simconn {
	uv_tcp_t tcp;
	struct link link; /* in simnet.conns */
	struct simnet *net;
	struct simtls *tls;
	struct buf plain, cipher; /* scratch of TLS */
	const struct simconn_ops *ops;
	void *arg;
	struct timer linger;
	size_t queued;
	unsigned writes;
	bool frozen, ending, shut, closing, paused;
};

struct write {
	uv_write_t req;
	struct simconn *conn;
	size_t len;
	char v[];
};

/* --- loop --- */

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void on_timer(uv_timer_t *t)
{
	struct simnet *n = t->data;

	timers_run(n->timers, now_us());
}

static void on_prepare(uv_prepare_t *p)
{
	struct simnet *n = p->data;
	uint64_t due, now = now_us();

	if (!timers_next(n->timers, &due)) {
		uv_timer_stop(&n->timer);
		return;
	}
	uv_update_time(&n->loop);
	uv_timer_start(&n->timer, on_timer,
	               due > now ? (due - now + 999) / 1000 : 0, 0);
}

static void on_signal(uv_signal_t *s, int signum)
{
	(void)signum;
	simnet_stop(s->data);
}

int simnet_new(struct simnet **np)
{
	struct simnet *n = sim_zalloc(sizeof(*n));
	static const int signals[] = {SIGINT, SIGTERM};

	ASSERT(uv_loop_init(&n->loop) == 0);
	ASSERT(timers_new(&n->timers, now_us()) == 0);
	list_init(&n->conns);
	uv_timer_init(&n->loop, &n->timer);
	uv_prepare_init(&n->loop, &n->prepare);
	n->timer.data = n->prepare.data = n;
	uv_prepare_start(&n->prepare, on_prepare);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		uv_signal_init(&n->loop, &n->sig[i]);
		n->sig[i].data = n;
		uv_signal_start(&n->sig[i], on_signal, signals[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	*np = n;
	return 0;
}

void simnet_run(struct simnet *n)
{
	uv_run(&n->loop, UV_RUN_DEFAULT);
}

void simnet_stop(struct simnet *n)
{
	uv_stop(&n->loop);
}

struct timers *simnet_timers(struct simnet *n)
{
	return n->timers;
}

double simnet_now_ms(struct simnet *n)
{
	return (double)timers_now(n->timers) / 1000;
}

/* --- connections --- */

static void on_closed(uv_handle_t *h)
{
	struct simconn *c = h->data;

	simtls_free(&c->tls);
	buf_fini(&c->plain);
	buf_fini(&c->cipher);
	mem_free(c);
}

/* The socket's last moment; the struct lives until libuv lets it go. */
static void destroy(struct simconn *c, bool reset)
{
	if (c->closing)
		return;
	c->closing = true;
	c->ops = NULL;
	timer_stop(c->net->timers, &c->linger);
	list_remove(&c->link);
	if (!reset || uv_tcp_close_reset(&c->tcp, on_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void tell_end(struct simconn *c, int err)
{
	const struct simconn_ops *ops = c->ops;

	if (c->ending || !ops) {
		destroy(c, false);
		return;
	}
	uv_read_stop((uv_stream_t *)&c->tcp);
	ops->ended(err, c->arg);
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
	struct simconn *c = h->data;

	(void)want;
	buf->base = c->net->chunk;
	buf->len = READ_SIZE;
}

static void on_linger(void *arg)
{
	destroy(arg, false);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct simconn *c = req->data;

	(void)status;
	mem_free(req);
	if (!c->closing)
		timer_start(c->net->timers, &c->linger, LINGER_MS, on_linger,
		            c);
}

/* The stream ends once all is written; what still comes is thrown away. */
static void finish_if_sent(struct simconn *c)
{
	uv_shutdown_t *req;

	if (!c->ending || c->shut || c->writes > 0 || c->closing)
		return;
	c->shut = true;
	req = sim_zalloc(sizeof(*req));
	req->data = c;
	if (uv_shutdown(req, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
		mem_free(req);
		destroy(c, false);
	}
}

static void on_written(uv_write_t *req, int status)
{
	struct write *w = CONTAINER_OF(req, struct write, req);
	struct simconn *c = w->conn;

	c->queued -= w->len;
	c->writes--;
	mem_free(w);
	if (status < 0 || c->closing)
		return;
	finish_if_sent(c);
}

static void send_raw(struct simconn *c, const char *v, size_t len)
{
	struct write *w;
	uv_buf_t b = uv_buf_init(NULL, (unsigned)len);
	int n = 0;

	if (c->closing || c->frozen || len == 0)
		return;
	memcpy(&b.base, &v, sizeof(v)); /* libuv only reads it */
	if (c->writes == 0)
		n = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
	if (n == (int)len)
		return;
	if (n < 0)
		n = 0;
	if (c->queued + len > SIMCONN_QUEUE_MAX) {
		c->frozen = true; /* the peer has stopped reading for good */
		return;
	}
	w = mem_alloc(sizeof(*w) + len - (size_t)n);
	ASSERT(w);
	w->conn = c;
	w->len = len - (size_t)n;
	memcpy(w->v, v + n, w->len);
	b = uv_buf_init(w->v, (unsigned)w->len);
	if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0) {
		mem_free(w);
		return;
	}
	c->queued += w->len;
	c->writes++;
}

void simconn_send(struct simconn *c, const void *v, size_t len)
{
	if (!c->tls) {
		send_raw(c, v, len);
		return;
	}
	buf_reset(&c->cipher);
	if (simtls_seal(c->tls, v, len, &c->cipher) == 0)
		send_raw(c, c->cipher.v, c->cipher.len);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct simconn *c = s->data;
	int err;

	if (n == 0 || c->closing)
		return;
	timers_update(c->net->timers, now_us()); /* the loop has slept */
	if (n < 0) {
		tell_end(c, n == UV_EOF ? 0 : (int)n);
		return;
	}
	if (c->frozen || c->ending)
		return;
	if (!c->tls) {
		if (c->ops)
			c->ops->recv(buf->base, (size_t)n, c->arg);
		return;
	}
	buf_reset(&c->plain);
	buf_reset(&c->cipher);
	err = simtls_feed(c->tls, buf->base, (size_t)n, &c->plain, &c->cipher);
	send_raw(c, c->cipher.v, c->cipher.len);
	if (c->plain.len > 0 && c->ops)
		c->ops->recv(c->plain.v, c->plain.len, c->arg);
	if (err && !c->closing)
		tell_end(c, err > 0 ? 0 : err);
}

static void on_connection(uv_stream_t *s, int status)
{
	struct simlistener *l = s->data;
	struct simconn *c;

	if (status < 0)
		return;
	c = sim_zalloc(sizeof(*c));
	c->net = l->net;
	uv_tcp_init(&l->net->loop, &c->tcp);
	c->tcp.data = c;
	buf_init(&c->plain, SIM_BUF_MAX);
	buf_init(&c->cipher, SIM_BUF_MAX);
	list_append(&l->net->conns, &c->link);
	if (uv_accept(s, (uv_stream_t *)&c->tcp) != 0) {
		destroy(c, false);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	if (l->tls)
		c->tls = simtls_new(l->tls);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	l->accepth(c, l->arg);
	if (!c->ops)
		destroy(c, true);
}

void simconn_own(struct simconn *c, const struct simconn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
}

const char *simconn_alpn(const struct simconn *c)
{
	return c->tls ? simtls_alpn(c->tls) : "";
}

size_t simconn_queued(const struct simconn *c)
{
	return c->queued;
}

void simconn_pause(struct simconn *c, bool paused)
{
	if (c->closing || c->paused == paused)
		return;
	c->paused = paused;
	if (paused)
		uv_read_stop((uv_stream_t *)&c->tcp);
	else
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void simconn_freeze(struct simconn *c)
{
	c->frozen = true;
	simconn_pause(c, true);
}

void simconn_close(struct simconn **cp, enum simconn_end how)
{
	struct simconn *c = *cp;

	*cp = NULL;
	if (!c || c->closing || c->ending)
		return;
	if (how == SIMCONN_RESET || c->net->ending) {
		destroy(c, true);
		return;
	}
	if (c->tls) {
		buf_reset(&c->cipher);
		simtls_end(c->tls, &c->cipher);
		send_raw(c, c->cipher.v, c->cipher.len);
	}
	c->ending = true;
	c->ops = NULL;
	simconn_pause(c, false);
	finish_if_sent(c);
}

/* --- listening --- */

int simnet_listen(struct simnet *n, const char *addr, struct simtls_ctx *tls,
                  simnet_accept_h *accepth, void *arg, uint16_t *port)
{
	struct simlistener *l = &n->listener[n->n_listeners];
	struct sockaddr_storage sa;
	const char *colon = strrchr(addr, ':');
	uint64_t number;
	char host[64];
	int err, len = sizeof(sa);

	if (n->n_listeners == LISTENERS_MAX || !colon ||
	    str_copy(host, sizeof(host), str_n(addr, (size_t)(colon - addr))) ||
	    str_u64(str_of(colon + 1), 65535, &number))
		return -EINVAL;
	err = uv_ip4_addr(strcmp(host, "localhost") ? host : "127.0.0.1",
	                  (int)number, (struct sockaddr_in *)&sa);
	if (err)
		return err;
	*l = (struct simlistener){
		.net = n, .tls = tls, .accepth = accepth, .arg = arg};
	uv_tcp_init(&n->loop, &l->tcp);
	l->tcp.data = l;
	n->n_listeners++;
	err = uv_tcp_bind(&l->tcp, (struct sockaddr *)&sa, 0);
	if (!err)
		err = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (!err)
		err = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&sa, &len);
	if (!err)
		*port = ntohs(((struct sockaddr_in *)&sa)->sin_port);
	return err;
}

void simnet_free(struct simnet **np)
{
	struct simnet *n = *np;

	*np = NULL;
	if (!n)
		return;
	n->ending = true;
	while (!list_empty(&n->conns)) {
		struct simconn *c =
			CONTAINER_OF(n->conns.next, struct simconn, link);

		if (c->ops)
			c->ops->ended(-ECANCELED, c->arg);
		destroy(c, false);
	}
	for (size_t i = 0; i < n->n_listeners; i++)
		uv_close((uv_handle_t *)&n->listener[i].tcp, NULL);
	uv_close((uv_handle_t *)&n->timer, NULL);
	uv_close((uv_handle_t *)&n->prepare, NULL);
	for (size_t i = 0; i < ARRAY_LEN(n->sig); i++)
		uv_close((uv_handle_t *)&n->sig[i], NULL);
	uv_run(&n->loop, UV_RUN_DEFAULT);
	ASSERT(uv_loop_close(&n->loop) == 0);
	timers_free(&n->timers);
	mem_free(n);
}
