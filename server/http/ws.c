#include "server/http/ws.h"

#include <civetweb.h>
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "server/http/route.h"

struct ws_bind {
	struct row {
		const struct http_ws_route *route;
		void *arg;
		char *uri;
	} * rows;
	size_t n;
};

struct http_ws {
	struct mg_connection *conn;
	const struct row *row;
	void *user;
};

void ws_init_library(void)
{
	/* TLS is not asked for: a proxy or tunnel stands in front. */
	if (!mg_init_library(MG_FEATURES_WEBSOCKET))
		log_line(LOG_WARN, "http", NULL, "event=no_websockets");
}

static int on_connect(const struct mg_connection *conn, void *arg)
{
	(void)arg;
	mg_set_user_connection_data(conn, NULL);
	return 0;
}

static void on_ready(struct mg_connection *conn, void *arg)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	const struct row *row = arg;
	struct http_header headers[MG_MAX_HEADERS];
	struct http_req req = {.method = HTTP_GET, .body = ""};
	struct http_ws *ws = mem_zalloc(sizeof(*ws));

	if (!ws) {
		mg_close_connection(conn);
		return;
	}
	for (int i = 0; i < info->num_headers; i++) {
		headers[i].name = info->http_headers[i].name;
		headers[i].value = info->http_headers[i].value;
	}
	req.headers = headers;
	req.n_headers = (size_t)info->num_headers;
	req.path = info->request_uri;
	req.tail = route_tail(row->route->prefix, req.path);
	req.query = info->query_string ? info->query_string : "";
	req.peer = info->remote_addr;
	ws->conn = conn;
	ws->row = row;
	if (!req.tail || row->route->opened(&req, ws, &ws->user, row->arg)) {
		mem_free(ws);
		mg_close_connection(conn);
		return;
	}
	mg_set_user_connection_data(conn, ws);
}

static int on_data(struct mg_connection *conn, int bits, char *v, size_t len,
                   void *arg)
{
	struct http_ws *ws = mg_get_user_connection_data(conn);
	const struct row *row = arg;

	if (!ws)
		return 0;
	return row->route->frame(ws->user, (enum http_ws_op)(bits & 0x0f),
	                         (bits & 0x80) != 0, v, len);
}

static void on_close(const struct mg_connection *conn, void *arg)
{
	struct http_ws *ws = mg_get_user_connection_data(conn);
	const struct row *row = arg;

	if (!ws)
		return;
	mg_set_user_connection_data(conn, NULL);
	row->route->closed(ws->user);
	mem_free(ws);
}

int http_ws_send(struct http_ws *ws, enum http_ws_op op, const char *v,
                 size_t len)
{
	/* The count returned includes the frame's header. */
	return mg_websocket_write(ws->conn, (int)op, v, len) > 0 ? 0 : -EPIPE;
}

int ws_bind(struct ws_bind **bp, struct mg_context *ctx,
            const struct http_opts *opts)
{
	struct ws_bind *b = mem_zalloc(sizeof(*b));

	*bp = b;
	if (!b)
		return -ENOMEM;
	b->rows = mem_zalloc(opts->n_ws_routes * sizeof(*b->rows));
	if (!b->rows)
		return -ENOMEM;
	for (size_t i = 0; i < opts->n_ws_routes; i++) {
		struct row *row = &b->rows[b->n];
		const char *prefix = opts->ws_routes[i].prefix;

		row->route = &opts->ws_routes[i];
		row->arg = opts->arg;
		/* The library takes "/ws" for everything beneath it. */
		row->uri = mem_strndup(prefix, strlen(prefix) - 1);
		if (!row->uri)
			return -ENOMEM;
		b->n++;
		mg_set_websocket_handler(ctx, row->uri, on_connect, on_ready,
		                         on_data, on_close, row);
	}
	return 0;
}

void ws_unbind(struct ws_bind **bp)
{
	struct ws_bind *b = *bp;

	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		mem_free(b->rows[i].uri);
	mem_free(b->rows);
	mem_free(b);
	*bp = NULL;
}
