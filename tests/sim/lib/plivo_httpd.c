#define _GNU_SOURCE
#include "tests/sim/lib/plivo_httpd.h"

#include <errno.h>

#include "common/err.h"
#include "common/list.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_net.h"

enum { REPLY_MAX = 64 * 1024 * 1024 /* [bytes] a whole journal */ };

struct psim_httpd {
	struct psim_loop *loop;
	struct psim_listener *listener;
	struct link clients;
	psim_request_h *handler;
	void (*bad)(const char *why, void *arg);
	void *arg;
};

struct client {
	struct link link;
	struct psim_httpd *d;
	struct psim_conn *conn;
	struct buf in;
	struct psim_message msg;
	struct psim_reply reply;
	struct timer delay;
	bool busy; /* an answer is being held back */
};

static void client_end(struct client *c)
{
	psim_timer_stop(c->d->loop, &c->delay);
	psim_conn_close(&c->conn);
	list_remove(&c->link);
	psim_message_fini(&c->msg);
	buf_fini(&c->reply.body);
	buf_fini(&c->in);
	mem_free(c);
}

static int send_reply(struct client *c)
{
	struct psim_reply *r = &c->reply;
	struct buf out;
	int err;

	buf_init(&out, REPLY_MAX);
	err = buf_addf(&out, "HTTP/1.1 %d %s\r\nServer: plivo-sim\r\n",
	               r->status, psim_status_text(r->status));
	if (!err && r->status != 204)
		err = buf_addf(&out,
		               "Content-Type: %s\r\nContent-Length: %zu\r\n",
		               r->type, r->body.len);
	if (!err && r->status == 401)
		err = buf_adds(&out, "WWW-Authenticate: Basic "
		                     "realm=\"Login Required\"\r\n");
	if (!err)
		err = buf_addf(&out, "Connection: %s\r\n\r\n",
		               c->msg.keep_alive ? "keep-alive" : "close");
	if (!err && r->body.len)
		err = buf_add(&out, r->body.v, r->body.len);
	if (!err)
		err = psim_conn_send(c->conn, out.v, out.len);
	buf_fini(&out);
	return err;
}

/* The held answer goes out. False: the client is gone. */
static bool release(struct client *c)
{
	c->busy = false;
	if (c->reply.fate == PSIM_FATE_RESET) {
		psim_conn_reset(&c->conn);
		client_end(c);
		return false;
	}
	if (c->reply.fate == PSIM_FATE_CLOSE || send_reply(c) ||
	    !c->msg.keep_alive) {
		client_end(c);
		return false;
	}
	return true;
}

static void serve(struct client *c);

static void on_delay(void *arg)
{
	struct client *c = arg;

	if (release(c))
		serve(c);
}

/* Answer what is in the buffer, request by request. */
static void serve(struct client *c)
{
	while (!c->busy) {
		struct psim_reply *r = &c->reply;
		size_t used = 0;
		const int rc =
			psim_message_parse(&c->msg, str_n(c->in.v, c->in.len),
		                           false, false, &used);

		if (!rc)
			return;
		if (rc < 0) {
			c->d->bad(err_str(rc), c->d->arg);
			client_end(c);
			return;
		}
		buf_reset(&r->body);
		r->status = 500;
		r->type = "application/json";
		r->delay_ms = 0;
		r->fate = PSIM_FATE_ANSWER;
		c->d->handler(&c->msg, r, c->d->arg);
		buf_drop(&c->in, used);
		c->busy = true;
		if (r->delay_ms)
			psim_timer(c->d->loop, &c->delay, r->delay_ms, on_delay,
			           c);
		else if (!release(c))
			return;
	}
}

static void on_data(const char *v, size_t len, void *arg)
{
	struct client *c = arg;

	if (buf_add(&c->in, v, len)) {
		c->d->bad("request too long", c->d->arg);
		client_end(c);
		return;
	}
	serve(c);
}

static void on_end(int err, void *arg)
{
	(void)err;
	client_end(arg);
}

static const struct psim_conn_h handlers = {.data = on_data, .end = on_end};

static void on_accept(struct psim_conn *conn, void *arg)
{
	struct psim_httpd *d = arg;
	struct client *c = mem_zalloc(sizeof(*c));

	if (!c) {
		psim_conn_reset(&conn);
		return;
	}
	c->d = d;
	c->conn = conn;
	buf_init(&c->in, PSIM_HEAD_MAX + PSIM_BODY_MAX);
	buf_init(&c->reply.body, REPLY_MAX);
	psim_message_init(&c->msg);
	list_append(&d->clients, &c->link);
	psim_conn_attach(conn, &handlers, c);
}

int psim_httpd_open(struct psim_httpd **hp, struct psim_loop *l,
                    const char *address, int *port, psim_request_h *handler,
                    void (*bad)(const char *why, void *arg), void *arg)
{
	struct psim_httpd *d = mem_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	*d = (struct psim_httpd){
		.loop = l, .handler = handler, .bad = bad, .arg = arg};
	list_init(&d->clients);
	err = psim_listen(&d->listener, l, address, port, on_accept, d);
	if (err) {
		mem_free(d);
		return err;
	}
	*hp = d;
	return 0;
}

void psim_httpd_close(struct psim_httpd **hp)
{
	struct psim_httpd *d = *hp;

	*hp = NULL;
	if (!d)
		return;
	psim_listener_close(&d->listener);
	while (!list_empty(&d->clients))
		client_end(CONTAINER_OF(d->clients.next, struct client, link));
	mem_free(d);
}
