#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/sim/lib/simhttp_int.h"
#include "tests/sim/lib/simmem.h"

enum { PUMP_CHUNK = 64 * 1024 /* [bytes] collected for one write */ };

/* Send what nghttp2 has ready. Inside its callbacks that must wait. */
static void pump(struct simhttp_conn *conn)
{
	struct buf b;
	const uint8_t *v;
	ssize_t n;

	if (conn->in_h2)
		return;
	conn->in_h2 = true;
	buf_init(&b, SIM_BUF_MAX);
	while ((n = nghttp2_session_mem_send(conn->h2, &v)) > 0) {
		sim_add(&b, v, (size_t)n);
		if (b.len > PUMP_CHUNK) {
			simconn_send(conn->c, b.v, b.len);
			buf_reset(&b);
		}
	}
	if (b.len > 0)
		simconn_send(conn->c, b.v, b.len);
	buf_fini(&b);
	conn->in_h2 = false;
}

static struct simreq *find(nghttp2_session *s, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(s, stream);
}

static int on_begin_headers(nghttp2_session *s, const nghttp2_frame *f,
                            void *arg)
{
	struct simhttp_conn *conn = arg;
	struct simreq *r;

	if (f->hd.type != NGHTTP2_HEADERS ||
	    f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	r = simreq_new(conn);
	r->stream = f->hd.stream_id;
	list_append(&conn->streams, &r->link);
	nghttp2_session_set_stream_user_data(s, r->stream, r);
	return 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *f,
                     const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *arg)
{
	struct simreq *r = find(s, f->hd.stream_id);
	const char *n = (const char *)name, *v = (const char *)value;

	(void)flags;
	(void)arg;
	if (!r)
		return 0;
	if (strcmp(n, ":method") == 0)
		r->method = sim_strdup(v);
	else if (strcmp(n, ":path") == 0)
		simreq_take_target(r, v, value_len);
	else if (!simreq_take_header(r, strcmp(n, ":authority") ? n : "host",
	                             strcmp(n, ":authority") ? name_len : 4, v,
	                             value_len))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return 0;
}

static int on_data(nghttp2_session *s, uint8_t flags, int32_t stream,
                   const uint8_t *v, size_t len, void *arg)
{
	struct simreq *r = find(s, stream);

	(void)flags;
	(void)arg;
	if (r && buf_add(&r->body, v, len))
		nghttp2_submit_rst_stream(s, NGHTTP2_FLAG_NONE, stream,
		                          NGHTTP2_REFUSED_STREAM);
	return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct simreq *r;

	(void)arg;
	if (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA)
		return 0;
	if (!(f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	r = find(s, f->hd.stream_id);
	if (r && r->state == SIMREQ_OPEN && r->method && r->target)
		simreq_dispatch(r);
	return 0;
}

static int on_stream_close(nghttp2_session *s, int32_t stream, uint32_t code,
                           void *arg)
{
	struct simreq *r = find(s, stream);

	(void)code;
	(void)arg;
	if (!r)
		return 0;
	nghttp2_session_set_stream_user_data(s, stream, NULL);
	simreq_drop(r);
	return 0;
}

static ssize_t on_read(nghttp2_session *s, int32_t stream, uint8_t *v,
                       size_t cap, uint32_t *flags, nghttp2_data_source *src,
                       void *arg)
{
	struct simreq *r = src->ptr;
	size_t n = r->out.len < cap ? r->out.len : cap;

	(void)s;
	(void)stream;
	(void)arg;
	if (n > 0) {
		memcpy(v, r->out.v, n);
		buf_drop(&r->out, n);
	}
	if (r->out.len == 0 && r->out_end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else if (n == 0) {
		r->out_waits = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)n;
}

void simhttp2_start(struct simhttp_conn *conn)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, SIMHTTP_STREAMS_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
	};
	nghttp2_session_callbacks *cb;

	ASSERT(nghttp2_session_callbacks_new(&cb) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb,
	                                                       on_stream_close);
	ASSERT(nghttp2_session_server_new(&conn->h2, cb, conn) == 0);
	nghttp2_session_callbacks_del(cb);
	nghttp2_submit_settings(conn->h2, NGHTTP2_FLAG_NONE, settings,
	                        ARRAY_LEN(settings));
	pump(conn);
}

void simhttp2_recv(struct simhttp_conn *conn, const char *v, size_t len)
{
	ssize_t n;

	conn->in_h2 = true;
	n = nghttp2_session_mem_recv(conn->h2, (const uint8_t *)v, len);
	conn->in_h2 = false;
	pump(conn);
	if (n < 0 || (!nghttp2_session_want_read(conn->h2) &&
	              !nghttp2_session_want_write(conn->h2)))
		simhttp_drop(conn, SIMCONN_FLUSH);
}

static nghttp2_nv pair(const char *name, const char *value)
{
	nghttp2_nv nv = {0};

	memcpy(&nv.name, &name, sizeof(name)); /* nghttp2 copies them */
	memcpy(&nv.value, &value, sizeof(value));
	nv.namelen = strlen(name);
	nv.valuelen = strlen(value);
	return nv;
}

void simhttp2_begin(struct simreq *r, int status, const char *type)
{
	nghttp2_data_provider data = {.source.ptr = r,
	                              .read_callback = on_read};
	nghttp2_nv nv[ARRAY_LEN(r->out_header) + 2];
	char code[16];
	size_t n = 0;

	snprintf(code, sizeof(code), "%d", status);
	nv[n++] = pair(":status", code);
	if (type)
		nv[n++] = pair("content-type", type);
	for (size_t i = 0; i < r->n_out; i++)
		nv[n++] = pair(r->out_header[i].name, r->out_header[i].value);
	r->out_waits = false;
	nghttp2_submit_response(r->conn->h2, r->stream, nv, n, &data);
	pump(r->conn);
}

static void wake(struct simreq *r)
{
	if (r->out_waits) {
		r->out_waits = false;
		nghttp2_session_resume_data(r->conn->h2, r->stream);
	}
	pump(r->conn);
}

void simhttp2_send(struct simreq *r, const void *v, size_t len)
{
	sim_add(&r->out, v, len);
	wake(r);
}

void simhttp2_end(struct simreq *r)
{
	r->state = SIMREQ_ENDED;
	r->out_end = true;
	wake(r);
}

void simhttp2_abort(struct simreq *r)
{
	r->state = SIMREQ_ENDED;
	nghttp2_submit_rst_stream(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream,
	                          NGHTTP2_INTERNAL_ERROR);
	pump(r->conn);
}

void simhttp2_stop(struct simhttp_conn *conn)
{
	while (!list_empty(&conn->streams)) {
		struct simreq *r =
			CONTAINER_OF(conn->streams.next, struct simreq, link);

		simreq_drop(r);
	}
	nghttp2_session_del(conn->h2);
	conn->h2 = NULL;
}
