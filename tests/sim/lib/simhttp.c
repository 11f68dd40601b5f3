#include "tests/sim/lib/simhttp.h"

#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/simhttp_int.h"
#include "tests/sim/lib/simmem.h"

/* --- requests --- */

struct simreq *simreq_new(struct simhttp_conn *conn)
{
	struct simreq *r = sim_zalloc(sizeof(*r));

	r->conn = conn;
	list_init(&r->link);
	buf_init(&r->body, SIMHTTP_BODY_MAX);
	buf_init(&r->out, SIM_BUF_MAX);
	return r;
}

static void free_pairs(struct simpair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mem_free(p[i].name);
		mem_free(p[i].value);
	}
}

void simreq_free(struct simreq *r)
{
	if (r->conn && r->conn->req == r)
		r->conn->req = NULL;
	list_remove(&r->link);
	free_pairs(r->header, r->n_headers);
	free_pairs(r->args, r->n_args);
	free_pairs(r->out_header, r->n_out);
	mem_free(r->args);
	mem_free(r->method);
	mem_free(r->target);
	mem_free(r->path);
	mem_free(r->query);
	buf_fini(&r->body);
	buf_fini(&r->out);
	mem_free(r);
}

static char *copy(const char *v, size_t len)
{
	char *p = mem_strndup(v, len);

	ASSERT(p);
	return p;
}

bool simreq_take_header(struct simreq *r, const char *name, size_t name_len,
                        const char *value, size_t value_len)
{
	struct simpair *p;

	if (r->n_headers == SIMHTTP_HEADERS_MAX)
		return false;
	p = &r->header[r->n_headers++];
	p->name = copy(name, name_len);
	p->value = copy(value, value_len);
	for (char *s = p->name; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 'a' - 'A');
	return true;
}

static void split_args(struct simreq *r)
{
	struct str rest = str_of(r->query), pair, name;
	size_t n = 1;

	for (const char *s = r->query; *s; s++)
		n += *s == '&';
	r->args = sim_zalloc(n * sizeof(*r->args));
	while (rest.len > 0) {
		struct simpair *p = &r->args[r->n_args];
		long len;

		pair = str_cut(&rest, '&');
		if (pair.len == 0)
			continue;
		name = str_cut(&pair, '=');
		p->name = copy(name.v, name.len);
		p->value = copy(pair.v ? pair.v : "", pair.len);
		r->n_args++;
		len = str_unescape(p->name, name.len, true);
		p->name[len < 0 ? 0 : len] = '\0';
		len = str_unescape(p->value, pair.len, true);
		p->value[len < 0 ? 0 : len] = '\0';
	}
}

void simreq_take_target(struct simreq *r, const char *v, size_t len)
{
	struct str rest = str_n(v, len), path = str_cut(&rest, '?');

	r->target = copy(v, len);
	r->path = copy(path.v, path.len);
	r->query = copy(rest.v ? rest.v : "", rest.len);
	split_args(r);
}

void simreq_dispatch(struct simreq *r)
{
	struct simhttp *h = r->conn->http;

	r->in_handler = true;
	h->requesth(r, h->arg);
	r->in_handler = false;
	if (r->dead)
		simreq_free(r);
}

void simreq_drop(struct simreq *r)
{
	simreq_gone_h *goneh = r->goneh;

	r->goneh = NULL;
	r->state = SIMREQ_ENDED;
	if (goneh)
		goneh(r, r->arg);
	list_remove(&r->link);
	r->conn = NULL;
	if (r->in_handler)
		r->dead = true;
	else
		simreq_free(r);
}

void simreq_finish(struct simreq *r)
{
	r->state = SIMREQ_ENDED;
	r->goneh = NULL;
	if (r->in_handler)
		r->dead = true;
	else
		simreq_free(r);
}

/* --- connections --- */

void simhttp_drop(struct simhttp_conn *conn, enum simconn_end how)
{
	struct simreq *r = conn->req;

	conn->req = NULL;
	if (r)
		simreq_drop(r);
	simhttp2_stop(conn);
	simconn_close(&conn->c, how);
	buf_fini(&conn->in);
	mem_free(conn);
}

static void on_recv(const char *v, size_t len, void *arg)
{
	struct simhttp_conn *conn = arg;

	if (!conn->h2 && conn->no && conn->in.len == 0 &&
	    strcmp(simconn_alpn(conn->c), "h2") == 0)
		simhttp2_start(conn);
	if (conn->h2)
		simhttp2_recv(conn, v, len);
	else
		simhttp1_recv(conn, v, len);
}

static void on_ended(int err, void *arg)
{
	struct simhttp_conn *conn = arg;

	(void)err;
	simhttp_drop(conn, SIMCONN_FLUSH);
}

static void on_accept(struct simconn *c, void *arg)
{
	static const struct simconn_ops ops = {on_recv, on_ended};
	struct simhttp *h = arg;
	struct simhttp_conn *conn = sim_zalloc(sizeof(*conn));

	conn->http = h;
	conn->c = c;
	conn->no = ++h->n_conns;
	buf_init(&conn->in, SIMHTTP_HEAD_MAX + SIMHTTP_BODY_MAX);
	list_init(&conn->streams);
	simconn_own(c, &ops, conn);
}

int simhttp_listen(struct simhttp **hp, struct simnet *n, const char *addr,
                   struct simtls_ctx *tls, simhttp_request_h *requesth,
                   void *arg, uint16_t *port)
{
	struct simhttp *h = sim_zalloc(sizeof(*h));
	int err;

	h->net = n;
	h->requesth = requesth;
	h->arg = arg;
	err = simnet_listen(n, addr, tls, on_accept, h, port);
	if (err) {
		mem_free(h);
		return err;
	}
	*hp = h;
	return 0;
}

void simhttp_free(struct simhttp **hp)
{
	mem_free(*hp);
	*hp = NULL;
}

/* --- what a simulator sees --- */

const char *simreq_method(const struct simreq *r)
{
	return r->method;
}

const char *simreq_path(const struct simreq *r)
{
	return r->path;
}

const char *simreq_query(const struct simreq *r)
{
	return r->query;
}

const struct buf *simreq_body(const struct simreq *r)
{
	return &r->body;
}

bool simreq_is_h2(const struct simreq *r)
{
	return r->stream != 0;
}

unsigned simreq_conn_no(const struct simreq *r)
{
	return r->conn ? r->conn->no : 0;
}

const char *simreq_header(const struct simreq *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (strcmp(r->header[i].name, name) == 0)
			return r->header[i].value;
	return NULL;
}

bool simreq_header_at(const struct simreq *r, size_t i, const char **name,
                      const char **value)
{
	if (i >= r->n_headers)
		return false;
	*name = r->header[i].name;
	*value = r->header[i].value;
	return true;
}

bool simreq_arg_at(struct simreq *r, size_t i, const char **name,
                   const char **value)
{
	if (i >= r->n_args)
		return false;
	*name = r->args[i].name;
	*value = r->args[i].value;
	return true;
}

const char *simreq_arg(struct simreq *r, const char *name, size_t nth)
{
	for (size_t i = 0; i < r->n_args; i++)
		if (strcmp(r->args[i].name, name) == 0 && nth-- == 0)
			return r->args[i].value;
	return NULL;
}

void simreq_add_header(struct simreq *r, const char *name, const char *value)
{
	struct simpair *p = &r->out_header[r->n_out];

	ASSERT(r->n_out < ARRAY_LEN(r->out_header));
	p->name = sim_strdup(name);
	p->value = sim_strdup(value);
	r->n_out++;
}

void simreq_on_gone(struct simreq *r, simreq_gone_h *goneh, void *arg)
{
	r->goneh = goneh;
	r->arg = arg;
}

void simreq_begin(struct simreq *r, int status, const char *type)
{
	if (r->state != SIMREQ_OPEN)
		return;
	r->state = SIMREQ_STREAMING;
	if (r->stream)
		simhttp2_begin(r, status, type);
	else
		simhttp1_begin(r, status, type, -1);
}

void simreq_send(struct simreq *r, const void *v, size_t len)
{
	if (r->state != SIMREQ_STREAMING || len == 0)
		return;
	if (r->stream)
		simhttp2_send(r, v, len);
	else
		simhttp1_send(r, v, len);
}

void simreq_end(struct simreq *r)
{
	if (r->state != SIMREQ_STREAMING)
		return;
	r->goneh = NULL;
	if (r->stream)
		simhttp2_end(r);
	else
		simhttp1_end(r);
}

void simreq_reply(struct simreq *r, int status, const char *type,
                  const void *body, size_t len)
{
	if (r->state != SIMREQ_OPEN)
		return;
	r->goneh = NULL;
	r->state = SIMREQ_STREAMING;
	if (r->stream) {
		simhttp2_begin(r, status, type);
		if (len > 0)
			simhttp2_send(r, body, len);
		simhttp2_end(r);
		return;
	}
	simhttp1_begin(r, status, type, (long)len);
	simconn_send(r->conn->c, body, len);
	simhttp1_end(r);
}

void simreq_abort(struct simreq *r)
{
	struct simhttp_conn *conn = r->conn;

	r->goneh = NULL;
	if (!conn)
		return;
	if (r->stream) {
		simhttp2_abort(r);
		return;
	}
	if (!conn->parsing) {
		simhttp_drop(conn, SIMCONN_RESET);
		return;
	}
	r->keep_alive = false; /* ended by whoever parses */
	conn->req = NULL;
	simconn_close(&conn->c, SIMCONN_RESET);
	simreq_finish(r);
}

void simreq_hold(struct simreq *r)
{
	if (r->state == SIMREQ_OPEN)
		r->state = SIMREQ_STREAMING;
}

const char *simhttp_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
		{101, "Switching Protocols"},
		{200, "OK"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{426, "Upgrade Required"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Status";
}
