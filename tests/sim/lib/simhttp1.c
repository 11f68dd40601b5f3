#include <string.h>

#include "common/err.h"
#include "common/str.h"
#include "tests/sim/lib/simhttp_int.h"
#include "tests/sim/lib/simmem.h"

/* Request line and headers, without the empty line. 0, or a status. */
static int parse_head(struct simreq *r, struct str head)
{
	struct str line = str_cut(&head, '\n');
	struct str method, target;

	line = str_trim(line);
	method = str_cut(&line, ' ');
	target = str_cut(&line, ' ');
	if (method.len == 0 || target.len == 0 || target.v[0] != '/' ||
	    !str_eq(line, "HTTP/1.1"))
		return 400;
	r->method = mem_strndup(method.v, method.len);
	ASSERT(r->method);
	simreq_take_target(r, target.v, target.len);
	while (head.len > 0) {
		struct str name;

		line = str_cut(&head, '\n');
		if (line.len == 0 || line.v[line.len - 1] != '\r')
			return 400;
		name = str_cut(&line, ':');
		if (name.len == 0 || !line.v ||
		    memchr(name.v, ' ', name.len) != NULL)
			return 400;
		line = str_trim(line);
		if (!simreq_take_header(r, name.v, name.len, line.v, line.len))
			return 431;
	}
	return simreq_header(r, "host") ? 0 : 400;
}

static int take_chunks(struct simreq *r, const char *v, size_t len,
                       size_t *used)
{
	size_t pos = 0;

	for (;;) {
		const char *eol = memchr(v + pos, '\n', len - pos);
		size_t size = 0, digits = 0;

		if (!eol)
			return 1;
		for (const char *s = v + pos; s < eol && *s != '\r'; s++) {
			const char *hex = "0123456789abcdef";
			const char *at = strchr(hex, *s | 0x20);

			if (!at || digits++ > 6)
				return -400;
			size = size * 16 + (size_t)(at - hex);
		}
		if (digits == 0)
			return -400;
		pos = (size_t)(eol - v) + 1;
		if (len - pos < size + 2)
			return 1;
		if (buf_add(&r->body, v + pos, size))
			return -413;
		pos += size + 2;
		if (size == 0) {
			*used = pos;
			return 0;
		}
	}
}

/* 0: whole, @used bytes; 1: more must come; negative: a status. */
static int take_body(struct simreq *r, const char *v, size_t len, size_t *used)
{
	const char *te = simreq_header(r, "transfer-encoding");
	const char *cl = simreq_header(r, "content-length");
	uint64_t want = 0;

	*used = 0;
	if (te && strcmp(te, "chunked") == 0) {
		buf_reset(&r->body);
		return cl ? -400 : take_chunks(r, v, len, used);
	}
	if (te)
		return -400;
	if (cl && str_u64(str_of(cl), SIMHTTP_BODY_MAX, &want))
		return -413;
	if (len < want)
		return 1;
	*used = want;
	return buf_add(&r->body, v, want) ? -413 : 0;
}

static void refuse(struct simhttp_conn *conn, int status)
{
	char head[128];
	struct buf b;

	buf_init(&b, sizeof(head));
	sim_addf(&b,
	         "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n"
	         "Connection: close\r\n\r\n",
	         status, simhttp_reason(status));
	simconn_send(conn->c, b.v, b.len);
	buf_fini(&b);
	simhttp_drop(conn, SIMCONN_FLUSH);
}

static struct str find_head(const struct buf *in)
{
	for (size_t i = 3; i < in->len; i++)
		if (in->v[i] == '\n' && memcmp(in->v + i - 3, "\r\n\r", 3) == 0)
			return str_n(in->v, i - 1);
	return (struct str){0};
}

/* One request out of what has come. 0: handed over; 1: more must come;
 * negative: a status. */
static int take_request(struct simhttp_conn *conn)
{
	const struct str head = find_head(&conn->in);
	struct simreq *r;
	const char *how;
	size_t used = 0;
	int rc;

	if (!head.v)
		return conn->in.len > SIMHTTP_HEAD_MAX ? -431 : 1;
	r = simreq_new(conn);
	rc = -parse_head(r, head);
	if (rc == 0)
		rc = take_body(r, head.v + head.len + 2,
		               conn->in.len - head.len - 2, &used);
	if (rc) {
		r->conn = NULL;
		simreq_free(r);
		return rc;
	}
	how = simreq_header(r, "connection");
	r->keep_alive = !how || !str_eq_nocase(str_of(how), "close");
	buf_drop(&conn->in, head.len + 2 + used);
	conn->req = r;
	simreq_dispatch(r);
	return 0;
}

/* Requests behind one another wait until those before them are answered. */
void simhttp1_next(struct simhttp_conn *conn)
{
	if (conn->parsing)
		return;
	while (!conn->req) {
		int rc;

		conn->parsing = true;
		rc = take_request(conn);
		conn->parsing = false;
		if (!conn->c) { /* taken over, or ended inside */
			simhttp_drop(conn, SIMCONN_FLUSH);
			return;
		}
		if (rc < 0)
			refuse(conn, -rc);
		if (rc != 0)
			return;
	}
}

void simhttp1_recv(struct simhttp_conn *conn, const char *v, size_t len)
{
	if (buf_add(&conn->in, v, len)) {
		refuse(conn, 413);
		return;
	}
	simhttp1_next(conn);
}

/* @len: of the body; -1: in chunks. */
void simhttp1_begin(struct simreq *r, int status, const char *type, long len)
{
	struct buf b;

	buf_init(&b, SIMHTTP_HEAD_MAX);
	sim_addf(&b, "HTTP/1.1 %d %s\r\n", status, simhttp_reason(status));
	if (type)
		sim_addf(&b, "Content-Type: %s\r\n", type);
	simreq_print_headers(r, &b);
	if (len < 0)
		sim_adds(&b, "Transfer-Encoding: chunked\r\n");
	else
		sim_addf(&b, "Content-Length: %ld\r\n", len);
	sim_addf(&b, "Connection: %s\r\n\r\n",
	         r->keep_alive ? "keep-alive" : "close");
	simconn_send(r->conn->c, b.v, b.len);
	r->out_waits = len < 0; /* chunks have a last one */
	buf_fini(&b);
}

void simhttp1_send(struct simreq *r, const void *v, size_t len)
{
	struct buf b;

	buf_init(&b, SIM_BUF_MAX);
	sim_addf(&b, "%zx\r\n", len);
	sim_add(&b, v, len);
	sim_adds(&b, "\r\n");
	simconn_send(r->conn->c, b.v, b.len);
	buf_fini(&b);
}

void simhttp1_end(struct simreq *r)
{
	struct simhttp_conn *conn = r->conn;
	const bool keep = r->keep_alive;

	if (r->out_waits)
		simconn_send(conn->c, "0\r\n\r\n", 5);
	conn->req = NULL;
	simreq_finish(r);
	if (!keep) {
		if (conn->parsing)
			simconn_close(&conn->c, SIMCONN_FLUSH);
		else
			simhttp_drop(conn, SIMCONN_FLUSH);
		return;
	}
	simhttp1_next(conn);
}

void simreq_print_headers(const struct simreq *r, struct buf *out)
{
	for (size_t i = 0; i < r->n_out; i++)
		sim_addf(out, "%s: %s\r\n", r->out_header[i].name,
		         r->out_header[i].value);
}

struct simconn *simreq_detach(struct simreq *r, struct buf *rest)
{
	struct simhttp_conn *conn = r->conn;
	struct simconn *c = conn->c;

	ASSERT(!r->stream);
	*rest = conn->in;
	buf_init(&conn->in, SIMHTTP_HEAD_MAX);
	conn->c = NULL;
	conn->req = NULL;
	simreq_finish(r);
	if (!conn->parsing)
		simhttp_drop(conn, SIMCONN_FLUSH);
	return c;
}
