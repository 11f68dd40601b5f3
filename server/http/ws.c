/*
 * A WebSocket's life, on the thread of its connection: begin_request lets it
 * through (ws_expect), the library answers the upgrade, on_ready, on_data for
 * each frame, on_close. Where the library gives up before on_ready, the end of
 * the request is where we learn of it (ws_forget).
 *
 * The library cannot end a connection from outside: its flag is looked at
 * after the next frame only, and never within one. So the socket is looked up
 * among the open ones, to be shut down when it has to end now.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/http/ws.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/mem.h"
#include "server/http/message.h"

struct ws_bind {
	char **uris;
	size_t n;
};

struct http_ws {
	struct mg_connection *conn;
	const struct http_ws_route *route;
	void *user;
	int fd;            /* the library's; -1: not found */
	atomic_bool ended; /* its next frame is its last */
};

void ws_init_library(void)
{
	/* TLS is not asked for: a proxy or tunnel stands in front. */
	if (!mg_init_library(MG_FEATURES_WEBSOCKET))
		log_line(LOG_WARN, "http", NULL, "event=no_websockets");
}

int ws_expect(struct mg_connection *conn, const struct http_ws_route *route,
              void *user)
{
	struct http_ws *ws = mem_zalloc(sizeof(*ws));

	if (!ws)
		return -ENOMEM;
	ws->conn = conn;
	ws->route = route;
	ws->user = user;
	ws->fd = -1;
	mg_set_user_connection_data(conn, ws);
	return 0;
}

void ws_forget(const struct mg_connection *conn)
{
	struct http_ws *ws = mg_get_user_connection_data(conn);

	if (!ws)
		return;
	ws->route->closed(ws->user);
	mg_set_user_connection_data(conn, NULL);
	mem_free(ws);
}

/* Is @fd the connection that @info tells of? */
static bool is_socket_of(int fd, const struct mg_request_info *info)
{
	struct sockaddr_in peer = {.sin_family = AF_UNSPEC}, own = peer;
	socklen_t n = sizeof(peer), m = sizeof(own);
	char text[INET_ADDRSTRLEN];

	return !getpeername(fd, (struct sockaddr *)&peer, &n) &&
	       !getsockname(fd, (struct sockaddr *)&own, &m) &&
	       peer.sin_family == AF_INET &&
	       ntohs(peer.sin_port) == info->remote_port &&
	       ntohs(own.sin_port) == info->server_port &&
	       inet_ntop(AF_INET, &peer.sin_addr, text, sizeof(text)) &&
	       !strcmp(text, info->remote_addr);
}

static int find_socket(const struct mg_request_info *info)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *e;
	int fd = -1;

	if (!dir)
		return -1;
	/* The DIR is this call's own, so readdir is safe among threads. */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (fd < 0 && (e = readdir(dir)) != NULL) {
		fd = (int)strtol(e->d_name, NULL, 10);
		if (e->d_name[0] == '.' || !is_socket_of(fd, info))
			fd = -1;
	}
	closedir(dir);
	return fd;
}

static int on_connect(const struct mg_connection *conn, void *arg)
{
	(void)arg;
	/* Nothing that has not been through ws_expect(). */
	return mg_get_user_connection_data(conn) == NULL;
}

static void on_ready(struct mg_connection *conn, void *arg)
{
	struct http_ws *ws = mg_get_user_connection_data(conn);

	(void)arg;
	ws->fd = find_socket(mg_get_request_info(conn));
	if (ws->fd < 0)
		log_line(LOG_WARN, "http", NULL, "event=no_socket");
	if (ws->route->opened(ws, ws->user))
		http_ws_end(ws);
}

static int on_data(struct mg_connection *conn, int bits, char *v, size_t len,
                   void *arg)
{
	struct http_ws *ws = mg_get_user_connection_data(conn);

	(void)arg;
	/* Reserved bits belong to extensions, of which we have none. */
	if (!ws || atomic_load(&ws->ended) || (bits & 0x70))
		return 0;
	return ws->route->frame(ws->user, (enum http_ws_op)(bits & 0x0f),
	                        (bits & 0x80) != 0, v, len);
}

static void on_close(const struct mg_connection *conn, void *arg)
{
	(void)arg;
	ws_forget(conn);
}

int http_ws_send(struct http_ws *ws, enum http_ws_op op, const char *v,
                 size_t len)
{
	int n = mg_websocket_write(ws->conn, (int)op, v, len);

	/* The count is the payload's; the header's if there is no payload.
	 * Less than all of it is a frame that nobody can read. */
	return (len ? (size_t)n == len : n > 0) ? 0 : -EPIPE;
}

/* Not by mg_close_connection(): before the library's loop of frames it frees
 * what that loop and on_close() are still to use. */
void http_ws_end(struct http_ws *ws)
{
	atomic_store(&ws->ended, true);
	if (ws->fd >= 0)
		(void)shutdown(ws->fd, SHUT_RDWR);
}

int ws_bind(struct ws_bind **bp, struct mg_context *ctx,
            const struct http_opts *opts)
{
	struct ws_bind *b = mem_zalloc(sizeof(*b));

	*bp = b;
	if (!b)
		return -ENOMEM;
	b->uris = mem_zalloc(opts->n_ws_routes * sizeof(*b->uris));
	if (!b->uris)
		return -ENOMEM;
	for (size_t i = 0; i < opts->n_ws_routes; i++) {
		const char *prefix = opts->ws_routes[i].prefix;

		/* The library takes "/ws" for everything beneath it. */
		b->uris[i] = mem_strndup(prefix, strlen(prefix) - 1);
		if (!b->uris[i])
			return -ENOMEM;
		b->n++;
		mg_set_websocket_handler(ctx, b->uris[i], on_connect, on_ready,
		                         on_data, on_close, NULL);
	}
	return 0;
}

void ws_unbind(struct ws_bind **bp)
{
	struct ws_bind *b = *bp;

	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		mem_free(b->uris[i]);
	mem_free(b->uris);
	mem_free(b);
	*bp = NULL;
}

bool ws_is_asked(const struct http_req *req, const char *method)
{
	const char *up = http_header(req, "Upgrade");
	const char *key = http_header(req, "Sec-WebSocket-Key");
	const char *version = http_header(req, "Sec-WebSocket-Version");

	return up && !strcasecmp(up, "websocket") && key && *key && version &&
	       !strcmp(version, "13") && !strcmp(method, "GET");
}
