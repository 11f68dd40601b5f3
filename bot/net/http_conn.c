#define _GNU_SOURCE
#include "bot/net/http_conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/net/http_head.h"
#include "common/mem.h"
#include "common/str.h"

enum {
	HEAD_MAX = 32 * 1024,  /* [bytes] custom data may be in the URL */
	ANSWER_MAX = 4 << 20,  /* [bytes] */
	READ_SIZE = 16 * 1024, /* [bytes] at once */
	REQUEST_MS = 10000,    /* for a whole request, or to take an answer */
	IDLE_MS = 60000,       /* between requests of a kept connection */
	PEER_MAX = 46,         /* [bytes] with terminator */
};

struct http_conn {
	struct link link;
	struct ws_server *server; /* NULL when orphaned */
	struct net *net;
	uv_poll_t poll;
	int fd;
	struct buf in, out;
	size_t sent; /* [bytes] of out */
	bool keep, continued;
	struct http_head head;
	struct timer deadline;
	char peer[PEER_MAX];
};

struct request {
	struct ws_request pub;
	const struct http_head *head;
};

static void closed_handler(uv_handle_t *uv)
{
	struct http_conn *c = uv->data;

	buf_fini(&c->in);
	buf_fini(&c->out);
	mem_free(c);
}

/* The socket lives on if c->fd has been taken. */
static void conn_close(struct http_conn *c)
{
	timer_stop(c->net->timers, &c->deadline);
	if (c->server)
		c->server->n_conns--;
	c->server = NULL;
	list_remove(&c->link);
	uv_close((uv_handle_t *)&c->poll, closed_handler);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void deadline_handler(void *arg)
{
	conn_close(arg);
}

static void expect_within(struct http_conn *c, uint32_t ms)
{
	timer_start(c->net->timers, &c->deadline, ms, deadline_handler, c);
}

static void poll_handler(uv_poll_t *uv, int status, int events);

static void wait_for(struct http_conn *c, int events)
{
	uv_poll_start(&c->poll, events, poll_handler);
}

/* --- answers --- */

static const char *phrase(int status)
{
	static const struct {
		int status;
		const char *text;
	} table[] = {
		{200, "OK"},
		{202, "Accepted"},
		{204, "No Content"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{426, "Upgrade Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].text;
	return "Other";
}

static int format(struct http_conn *c, const struct ws_response *res)
{
	int err = buf_addf(&c->out,
	                   "HTTP/1.1 %d %s\r\nCache-Control: no-store\r\n",
	                   res->status, phrase(res->status));

	if (!err && res->status != 204)
		err = buf_addf(&c->out,
		               "Content-Type: %s\r\nContent-Length: %zu\r\n",
		               res->content_type, res->body.len);
	if (!err && res->retry_after_sec)
		err = buf_addf(&c->out, "Retry-After: %u\r\n",
		               res->retry_after_sec);
	if (!err && res->status == 426)
		err = buf_adds(&c->out, "Sec-WebSocket-Version: 13\r\n");
	if (!err)
		err = buf_addf(&c->out, "Connection: %s\r\n\r\n",
		               c->keep ? "keep-alive" : "close");
	if (!err && res->status != 204 && res->body.len)
		err = buf_add(&c->out, res->body.v, res->body.len);
	return err;
}

/* Write what the socket takes. False: the connection is closed. */
static bool flush(struct http_conn *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.v + c->sent,
		                 c->out.len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			expect_within(c, REQUEST_MS);
			wait_for(c, UV_WRITABLE);
			return true;
		}
		if (n < 0) {
			conn_close(c);
			return false;
		}
		c->sent += (size_t)n;
	}
	c->sent = 0;
	buf_reset(&c->out);
	if (!c->keep || !c->server) {
		/* What the peer still sends must not turn our answer into a
		 * reset: read on until it has closed, too. */
		shutdown(c->fd, SHUT_WR);
		c->keep = false;
	}
	expect_within(c, c->keep ? IDLE_MS : 1000);
	wait_for(c, UV_READABLE);
	return true;
}

static bool answer(struct http_conn *c, const struct ws_response *res)
{
	if (format(c, res)) {
		conn_close(c);
		return false;
	}
	return flush(c);
}

/* An answer that the handlers have no part in; it ends the connection. */
static bool refuse(struct http_conn *c, int status)
{
	struct ws_response res = {.status = status,
	                          .content_type = "application/json"};
	bool ok;

	buf_init(&res.body, HEAD_MAX);
	c->keep = false;
	buf_reset(&c->in);
	ok = !buf_addf(&res.body, "{\"detail\":\"%s\"}\n", phrase(status));
	if (ok)
		answer(c, &res);
	else
		conn_close(c);
	buf_fini(&res.body);
	return false;
}

/* --- requests --- */

static const char *get_header(const struct ws_request *req, const char *name)
{
	/* CONTAINER_OF() for what is const. */
	const struct request *r = (const void *)((const char *)req -
	                                         offsetof(struct request, pub));

	struct str value = http_head_get(r->head, name);

	/* Only what is not empty has been terminated. */
	return value.v && !value.len ? "" : value.v;
}

/* Slices of our own buffer become texts: what follows each is a separator
 * that has been looked at already. */
static const char *terminate(struct http_conn *c, struct str s)
{
	if (!s.len)
		return "";
	c->in.v[(size_t)(s.v - c->in.v) + s.len] = '\0';
	return s.v;
}

static void fill_request(struct http_conn *c, struct request *r)
{
	const struct http_head *h = &c->head;

	r->head = h;
	r->pub.method = terminate(c, h->method);
	r->pub.path = terminate(c, h->path);
	r->pub.query = terminate(c, h->query);
	for (size_t i = 0; i < h->n_fields; i++)
		terminate(c, h->field[i].value);
	r->pub.body = h->body_len ? c->in.v + h->len : "";
	r->pub.body_len = h->body_len;
	r->pub.peer = c->peer;
	r->pub.header = get_header;
}

static void serve_request(struct http_conn *c)
{
	struct ws_server *s = c->server;
	struct ws_response res = {.status = 200,
	                          .content_type = "application/json"};
	size_t end = c->head.len + c->head.body_len;
	struct request r;
	char next = c->in.v[end]; /* of a pipelined request, or zero */

	fill_request(c, &r);
	c->in.v[end] = '\0';
	buf_init(&res.body, ANSWER_MAX);
	c->keep = c->head.keep_alive;
	s->h.request(&r.pub, &res, s->arg);
	c->in.v[end] = next;
	buf_drop(&c->in, end);
	answer(c, &res);
	buf_fini(&res.body);
}

static void serve_upgrade(struct http_conn *c)
{
	struct ws_server *s = c->server;
	struct ws_handlers h = s->h;
	void *tag = NULL, *arg = s->arg;
	struct net *net = c->net;
	struct request r;
	struct ws *ws;
	char key[32];
	int status, fd;

	/* The answer must come before the first frame does. */
	if (c->in.len > c->head.len || !h.upgrade) {
		refuse(c, h.upgrade ? 400 : 404);
		return;
	}
	fill_request(c, &r);
	if (str_copy(key, sizeof(key), c->head.key)) {
		refuse(c, 400);
		return;
	}
	status = h.upgrade(&r.pub, &tag, arg);
	if (status) {
		refuse(c, status);
		return;
	}
	uv_poll_stop(&c->poll);
	fd = c->fd;
	c->fd = -1;
	conn_close(c);
	ws = ws_adopt(net, fd, key, strlen(key));
	h.accepted(ws, tag, arg);
	ws_adopt_done(ws);
}

/* What to do about the body before it is read. */
static int check_body(const struct http_conn *c)
{
	const struct http_head *h = &c->head;

	if (h->chunked)
		return 411;
	if (!h->has_length &&
	    (str_eq(h->method, "POST") || str_eq(h->method, "PUT")))
		return 411;
	return h->body_len > c->server->h.max_body ? 413 : 0;
}

static void say_continue(struct http_conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct str expect = http_head_get(&c->head, "expect");

	if (c->continued || !str_eq_nocase(expect, "100-continue"))
		return;
	c->continued = true;
	/* A fresh socket has room; if not, the peer goes on by itself. */
	if (send(c->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL) < 0)
		return;
}

/* One request, if it is complete. False: nothing more to do now. */
static bool step(struct http_conn *c)
{
	int status;

	if (!c->in.len)
		return false;
	status = http_head_parse(&c->head, c->in.v, c->in.len);
	if (status == -EAGAIN && c->in.len >= HEAD_MAX)
		return refuse(c, 431);
	if (status < 0)
		return false;
	if (!status)
		status = check_body(c);
	if (status)
		return refuse(c, status);
	if (c->in.len < c->head.len + c->head.body_len) {
		say_continue(c);
		return false;
	}
	c->continued = false;
	if (c->head.upgrade) {
		serve_upgrade(c);
		return false;
	}
	serve_request(c);
	return true;
}

static void drain_requests(struct http_conn *c)
{
	/* c->fd says whether the connection still exists: it is freed on a
	 * later turn. A pending answer stops the reading. */
	while (c->fd >= 0 && c->server && c->keep && !c->out.len)
		if (!step(c))
			break;
}

static void receive(struct http_conn *c)
{
	char v[READ_SIZE];
	ssize_t n = recv(c->fd, v, sizeof(v), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	if (!c->keep)
		return; /* answered; only waiting for its end */
	if (!c->in.len)
		expect_within(c, REQUEST_MS);
	if (buf_add(&c->in, v, (size_t)n))
		refuse(c, 413);
	else
		drain_requests(c);
}

static void poll_handler(uv_poll_t *uv, int status, int events)
{
	struct http_conn *c = uv->data;

	net_touch(c->net);
	if (status < 0) {
		conn_close(c);
		return;
	}
	if (events & UV_READABLE) {
		receive(c);
		return;
	}
	if (flush(c))
		drain_requests(c);
}

void http_conn_open(struct ws_server *s, int fd, const char *peer)
{
	struct http_conn *c = mem_zalloc(sizeof(*c));

	if (!c || uv_poll_init(&s->net->loop, &c->poll, fd)) {
		mem_free(c);
		close(fd);
		return;
	}
	c->server = s;
	c->net = s->net;
	c->fd = fd;
	c->keep = true;
	c->poll.data = c;
	buf_init(&c->in, HEAD_MAX + s->h.max_body + READ_SIZE);
	buf_init(&c->out, ANSWER_MAX + HEAD_MAX);
	if (str_copy(c->peer, sizeof(c->peer), str_of(peer)))
		c->peer[0] = '\0';
	list_append(&s->conns, &c->link);
	s->n_conns++;
	expect_within(c, REQUEST_MS);
	wait_for(c, UV_READABLE);
}

void http_conn_orphan_all(struct ws_server *s)
{
	while (!list_empty(&s->conns)) {
		struct http_conn *c =
			CONTAINER_OF(s->conns.next, struct http_conn, link);

		c->keep = false;
		if (!c->out.len) {
			conn_close(c);
			continue;
		}
		list_remove(&c->link);
		list_append(&c->net->orphans, &c->link);
		s->n_conns--;
		c->server = NULL;
	}
}

void http_conn_drop_orphans(struct net *net)
{
	while (!list_empty(&net->orphans))
		conn_close(CONTAINER_OF(net->orphans.next, struct http_conn,
		                        link));
}
