/*
 * The web server on civetweb: one thread a connection, fixed in number.
 *
 * All requests are taken in begin_request, which comes before any of the
 * library's own ways of answering (files, scripts, forms): none of those can
 * be reached. Only an upgrade to one of our WebSocket routes is let through.
 */
#define _POSIX_C_SOURCE 200809L
#include <civetweb.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/http/halt.h"
#include "server/http/http.h"
#include "server/http/library.h"
#include "server/http/message.h"
#include "server/http/route.h"
#include "server/http/ws.h"

enum {
	HEAD_MAX = 8 * 1024,      /* [bytes] of a response's head */
	DISCARD_MAX = 256 * 1024, /* [bytes] of a refused body read, so that
	                           * the answer is not lost with a reset */
	OPTION_MAX = 32,
};

struct http {
	struct http_opts opts;
	struct mg_context *ctx;
	unsigned port;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	unsigned running; /* handlers; under lock */
	bool draining;    /* under lock */
	struct ws_bind *binds;
};

/* What begin_request knows of one request. */
struct exchange {
	struct http *http;
	struct mg_connection *conn;
	const struct mg_request_info *info;
	struct http_header headers[MG_MAX_HEADERS];
	struct http_req req;
	struct http_res res;
	struct buf body;
	bool head;  /* HEAD: no body in the answer */
	bool close; /* part of the request is unread */
};

static void fill_request(struct exchange *x)
{
	const struct mg_request_info *info = x->info;

	for (int i = 0; i < info->num_headers; i++) {
		x->headers[i].name = info->http_headers[i].name;
		x->headers[i].value = info->http_headers[i].value;
	}
	x->req.headers = x->headers;
	x->req.n_headers = (size_t)info->num_headers;
	x->req.path = info->request_uri ? info->request_uri : "";
	x->req.query = info->query_string ? info->query_string : "";
	x->req.peer = info->remote_addr;
	x->req.body = "";
	x->req.tail = "";
}

static bool fill_method(struct exchange *x)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {{"GET", HTTP_GET},
	               {"HEAD", HTTP_GET},
	               {"POST", HTTP_POST},
	               {"DELETE", HTTP_DELETE},
	               {"OPTIONS", HTTP_OPTIONS}};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i].name, x->info->request_method)) {
			x->req.method = methods[i].method;
			x->head = !strcmp(x->info->request_method, "HEAD");
			return true;
		}
	return false;
}

static bool read_body(struct exchange *x, const struct http_route *route)
{
	size_t max = route->body_max ? route->body_max : HTTP_BODY_MAX;
	char chunk[4096];
	long long want;
	int got = 0, err = 0;

	if (!http_body_length(&x->req, &x->res, route->needs_body, max,
	                      &want)) {
		x->close = true;
		return false;
	}
	buf_init(&x->body, max);
	while (!err && (want < 0 || (long long)x->body.len < want)) {
		got = mg_read(x->conn, chunk, sizeof(chunk));
		if (got <= 0)
			break;
		err = buf_add(&x->body, chunk, (size_t)got);
	}
	if (!err && got >= 0 && (want < 0 || (long long)x->body.len == want)) {
		x->req.body = buf_str(&x->body);
		x->req.body_len = x->body.len;
		return true;
	}
	x->close = true;
	if (err == ERR_LIMIT)
		http_fail(&x->res, 413,
		          "The request has more than %zu bytes: send less.",
		          max);
	else if (err)
		http_res_check(&x->res, err);
	else
		http_fail(&x->res, 400,
		          "The request's body is incomplete: send as many "
		          "bytes as Content-Length says, and without pausing.");
	return false;
}

/* A browser's request. Its answer may be read by pages of known origins; all
 * others are told why not. Returns false when it is answered. */
static bool check_origin(struct exchange *x, const struct http_route *route,
                         unsigned allowed)
{
	const char *origin = http_header(&x->req, "Origin");
	const char *type = http_header(&x->req, "Content-Type");
	char methods[64];

	if (!origin)
		return true;
	if (!http_origin_allowed(origin, x->http->opts.cors_origins)) {
		http_fail(&x->res, 403,
		          "Browsers may not call from %s: add it to "
		          "CORS_ORIGINS.",
		          origin);
		return false;
	}
	http_res_header(&x->res, "Access-Control-Allow-Origin", origin);
	http_res_header(&x->res, "Vary", "Origin");
	if (x->req.method == HTTP_OPTIONS && allowed) {
		x->res.status = 204;
		http_res_header(&x->res, "Access-Control-Allow-Methods",
		                route_allow(methods, sizeof(methods), allowed));
		http_res_header(&x->res, "Access-Control-Allow-Headers",
		                "Authorization, Content-Type, Idempotency-Key");
		http_res_header(&x->res, "Access-Control-Max-Age", "600");
		return false;
	}
	if (route && x->req.method == HTTP_POST &&
	    (!type || strncasecmp(type, "application/json", 16) != 0)) {
		http_fail(&x->res, 415,
		          "A browser's request needs a type: send "
		          "Content-Type: application/json.");
		return false;
	}
	return true;
}

static void handle(struct exchange *x)
{
	const struct http_opts *opts = &x->http->opts;
	const struct http_route *route;
	unsigned allowed;
	char methods[64];

	if (!fill_method(x)) {
		x->close = true;
		http_fail(&x->res, 405,
		          "This method is not known here: use GET, POST or "
		          "DELETE.");
		return;
	}
	route = route_find(opts->routes, opts->n_routes, x->req.path,
	                   x->req.method, &x->req.tail, &allowed);
	if (!check_origin(x, route, allowed)) {
		x->close = true;
		return;
	}
	if (!route) {
		x->close = true;
		if (!allowed) {
			http_fail(&x->res, 404,
			          "There is nothing here: look at the address, "
			          "and for the paths in README.md.");
			return;
		}
		route_allow(methods, sizeof(methods), allowed);
		http_res_header(&x->res, "Allow", methods);
		http_fail(&x->res, 405,
		          "This path does not take this method: use %s.",
		          methods);
		return;
	}
	if (read_body(x, route))
		route->handler(&x->req, &x->res, opts->arg);
}

static void discard(struct mg_connection *conn)
{
	char chunk[4096];
	size_t n = 0;
	int got;

	while (n < DISCARD_MAX) {
		got = mg_read(conn, chunk, sizeof(chunk));
		if (got <= 0)
			break;
		n += (size_t)got;
	}
}

static bool has_body(const struct exchange *x)
{
	return http_header(&x->req, "Content-Length") ||
	       http_header(&x->req, "Transfer-Encoding");
}

static void respond(struct exchange *x)
{
	const struct http_res *res = &x->res;
	struct buf head;
	int err;

	if (x->close && !has_body(x))
		x->close = false;
	buf_init(&head, HEAD_MAX);
	err = buf_addf(&head, "HTTP/1.1 %d %s\r\n", res->status,
	               http_reason(res->status));
	if (!err && res->status != 204)
		err = buf_addf(&head,
		               "Content-Type: %s\r\nContent-Length: %zu\r\n",
		               res->content_type, res->body.len);
	if (!err)
		err = buf_addf(&head, "Cache-Control: no-store\r\n%s%s\r\n",
		               x->close ? "Connection: close\r\n" : "",
		               buf_str(&res->headers));
	if (!err)
		(void)mg_write(x->conn, head.v, head.len);
	if (!err && !x->head && res->status != 204 && res->body.len)
		(void)mg_write(x->conn, res->body.v, res->body.len);
	buf_fini(&head);
	if (x->close || err) {
		discard(x->conn);
		mg_close_connection(x->conn);
	}
}

static bool enter(struct http *h)
{
	bool ok;

	pthread_mutex_lock(&h->lock);
	ok = !h->draining;
	h->running++;
	pthread_mutex_unlock(&h->lock);
	return ok;
}

static void leave(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	if (!--h->running)
		pthread_cond_broadcast(&h->idle);
	pthread_mutex_unlock(&h->lock);
}

/* Is this an upgrade to a WebSocket of ours, and allowed? Then the library
 * goes on with it. */
static bool upgrade(struct exchange *x)
{
	const struct http_opts *opts = &x->http->opts;
	void *user = NULL;

	if (!ws_is_asked(&x->req, x->info->request_method))
		return false;
	x->req.method = HTTP_GET;
	for (size_t i = 0; i < opts->n_ws_routes; i++) {
		const struct http_ws_route *r = &opts->ws_routes[i];

		x->req.tail = route_tail(r->prefix, x->req.path);
		if (!x->req.tail)
			continue;
		if (!r->check(&x->req, &x->res, &user, opts->arg))
			return false;
		if (!ws_expect(x->conn, r, user))
			return true;
		r->closed(user);
		http_res_check(&x->res, -ENOMEM);
		return false;
	}
	http_fail(&x->res, 404,
	          "There is no WebSocket here: use /ws/ID with the id that an "
	          "answer's XML has.");
	x->req.tail = "";
	return false;
}

static int on_request(struct mg_connection *conn)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	struct exchange x = {.conn = conn, .info = info};
	bool pass = false;
	int status;

	x.http = info->user_data;
	http_res_init(&x.res);
	fill_request(&x);
	if (!enter(x.http)) {
		x.close = true;
		http_fail_later(
			&x.res, 503, 2,
			"The server is stopping: try again after Retry-After.");
	} else if (x.req.n_headers >= HTTP_HEADERS_MAX) {
		/* There may be more, which would tell of a proxy. */
		x.close = true;
		http_fail(
			&x.res, 413,
			"The request has too many headers: send fewer than %d.",
			HTTP_HEADERS_MAX);
	} else if (http_header(&x.req, "Upgrade")) {
		pass = upgrade(&x);
		if (!pass && x.res.status == 200)
			http_fail(&x.res, 400,
			          "This upgrade is unknown: use WebSockets of "
			          "version 13, or none.");
	} else {
		handle(&x);
	}
	status = x.res.status;
	if (!pass)
		respond(&x);
	leave(x.http);
	http_res_fini(&x.res);
	buf_fini(&x.body);
	return pass ? 0 : status;
}

static void on_end(const struct mg_connection *conn, int status)
{
	(void)status;
	ws_forget(conn);
}

static int start(struct http *h, const char *listen)
{
	char threads[16], ms[16], error[256] = "";
	const char *options[OPTION_MAX] = {
		"listening_ports",
		listen,
		"num_threads",
		threads,
		"request_timeout_ms",
		ms,
		"keep_alive_timeout_ms",
		"2000",
		"websocket_timeout_ms",
		"60000",
		"enable_keep_alive",
		"yes",
		"tcp_nodelay",
		"1",
		"connection_queue",
		"128",
		"max_request_size",
		"16384",
		"enable_directory_listing",
		"no",
		"cgi_pattern",
		"",
		"ssi_pattern",
		"",
		NULL,
	};
	struct mg_callbacks callbacks = {.begin_request = on_request,
	                                 .end_request = on_end,
	                                 .http_error = library_fault,
	                                 .log_message = library_log};
	struct mg_init_data init = {&callbacks, h, options};
	struct mg_error_data fault = {
		.code = NULL, .text = error, .text_buffer_size = sizeof(error)};
	struct mg_server_port port;

	snprintf(threads, sizeof(threads), "%u", h->opts.threads);
	snprintf(ms, sizeof(ms), "%d", HTTP_REQUEST_MS);
	h->ctx = mg_start2(&init, &fault);
	if (!h->ctx) {
		log_line(LOG_ERROR, "http", NULL,
		         "event=listen_failed address=%s text=%s",
		         LOG_TEXT(listen), LOG_TEXT(error));
		return -EADDRINUSE;
	}
	if (mg_get_server_ports(h->ctx, 1, &port) < 1)
		return -EINVAL;
	h->port = (unsigned)port.port;
	return 0;
}

int http_open(struct http **hp, const struct http_opts *opts)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_condattr_t attr;
	struct http *h = mem_zalloc(sizeof(*h));
	int err;

	*hp = NULL;
	if (!h)
		return -ENOMEM;
	pthread_once(&once, ws_init_library);
	h->opts = *opts;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->idle, &attr);
	pthread_condattr_destroy(&attr);
	err = start(h, opts->listen);
	if (!err && opts->n_ws_routes)
		err = ws_bind(&h->binds, h->ctx, opts);
	if (err)
		http_close(&h, 0);
	*hp = h;
	return err;
}

unsigned http_port(const struct http *h)
{
	return h->port;
}

unsigned http_running(struct http *h)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	n = h->running;
	pthread_mutex_unlock(&h->lock);
	return n;
}

static void drain(struct http *h, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&h->lock);
	h->draining = true;
	while (h->running &&
	       !pthread_cond_timedwait(&h->idle, &h->lock, &until))
		;
	pthread_mutex_unlock(&h->lock);
}

void http_close(struct http **hp, unsigned ms)
{
	struct http *h = *hp;

	if (!h)
		return;
	/* The library drops replies that are under way when it stops. */
	drain(h, ms);
	if (h->ctx)
		halt_library(h->ctx);
	ws_unbind(&h->binds);
	pthread_cond_destroy(&h->idle);
	pthread_mutex_destroy(&h->lock);
	mem_free(h);
	*hp = NULL;
}
