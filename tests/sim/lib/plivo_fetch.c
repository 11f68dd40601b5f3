#define _GNU_SOURCE
#include "tests/sim/lib/plivo_fetch.h"

#include <errno.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_net.h"

struct psim_fetch {
	struct psim_loop *loop;
	struct psim_conn *conn;
	struct buf out, in;
	struct psim_message msg;
	struct timer timer;
	uint32_t rt_ms;
	bool sent;
	psim_fetch_h *handler;
	void *arg;
};

static void finish(struct psim_fetch *f, enum psim_fetch_end end, int err)
{
	psim_timer_stop(f->loop, &f->timer);
	psim_conn_close(&f->conn);
	f->handler(end, err, end == PSIM_FETCH_DONE ? &f->msg : NULL, f->arg);
}

static void on_late(void *arg)
{
	struct psim_fetch *f = arg;

	finish(f, f->in.len ? PSIM_FETCH_TORN : PSIM_FETCH_READ, -ETIMEDOUT);
}

static void on_open(void *arg)
{
	struct psim_fetch *f = arg;
	const int err = psim_conn_send(f->conn, f->out.v, f->out.len);

	f->sent = true;
	if (err)
		finish(f, PSIM_FETCH_READ, err);
	else
		psim_timer(f->loop, &f->timer, f->rt_ms, on_late, f);
}

/* Is the answer there? */
static bool advance(struct psim_fetch *f, bool eof)
{
	size_t used = 0;
	const int rc = psim_message_parse(&f->msg, str_n(f->in.v, f->in.len),
	                                  true, eof, &used);

	if (rc < 0)
		finish(f, PSIM_FETCH_TORN, rc);
	else if (rc == 1)
		finish(f, PSIM_FETCH_DONE, 0);
	return rc != 0;
}

static void on_data(const char *v, size_t len, void *arg)
{
	struct psim_fetch *f = arg;

	if (buf_add(&f->in, v, len))
		finish(f, PSIM_FETCH_TORN, ERR_LIMIT);
	else
		(void)advance(f, false);
}

static void on_end(int err, void *arg)
{
	struct psim_fetch *f = arg;

	if (err == ERR_EOF && f->in.len && advance(f, true))
		return;
	if (!f->sent)
		finish(f, PSIM_FETCH_CONNECT, err);
	else
		finish(f, f->in.len ? PSIM_FETCH_TORN : PSIM_FETCH_READ, err);
}

static const struct psim_conn_h handlers = {
	.open = on_open, .data = on_data, .end = on_end};

static int compose(struct psim_fetch *f, const struct psim_url *u,
                   const struct psim_fetch_params *p)
{
	int err = buf_addf(&f->out,
	                   "%s %s%s HTTP/1.1\r\nHost: %s\r\n"
	                   "User-Agent: plivo-sim\r\nAccept: */*\r\n"
	                   "Connection: close\r\n%s",
	                   p->method, u->target[0] == '/' ? "" : "/", u->target,
	                   u->authority, p->headers);

	if (!err && p->body.v)
		err = buf_addf(&f->out,
		               "Content-Type: application/"
		               "x-www-form-urlencoded\r\n"
		               "Content-Length: %zu\r\n",
		               p->body.len);
	if (!err)
		err = buf_adds(&f->out, "\r\n");
	if (!err && p->body.len)
		err = buf_add(&f->out, p->body.v, p->body.len);
	return err;
}

int psim_fetch_open(struct psim_fetch **fp, struct psim_loop *l,
                    const struct psim_url *u, const struct psim_fetch_params *p,
                    psim_fetch_h *handler, void *arg)
{
	struct psim_fetch *f = mem_zalloc(sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->loop = l;
	f->rt_ms = p->rt_ms;
	f->handler = handler;
	f->arg = arg;
	buf_init(&f->out, PSIM_HEAD_MAX + PSIM_BODY_MAX);
	buf_init(&f->in, PSIM_HEAD_MAX + PSIM_BODY_MAX);
	psim_message_init(&f->msg);
	err = compose(f, u, p);
	if (!err)
		err = psim_conn_dial(&f->conn, l, u, p->ct_ms, &handlers, f);
	if (err) {
		psim_fetch_close(&f);
		return err;
	}
	*fp = f;
	return 0;
}

void psim_fetch_close(struct psim_fetch **fp)
{
	struct psim_fetch *f = *fp;

	*fp = NULL;
	if (!f)
		return;
	psim_timer_stop(f->loop, &f->timer);
	psim_conn_close(&f->conn);
	psim_message_fini(&f->msg);
	buf_fini(&f->out);
	buf_fini(&f->in);
	mem_free(f);
}
