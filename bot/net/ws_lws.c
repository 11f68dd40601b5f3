#define _GNU_SOURCE
/*
 * The one place that libwebsockets calls. Its version 4.1.6 has habits on a
 * foreign libuv loop that decide the shape of this folder: it resolves names
 * on the loop, says nothing when a server accepts and stays silent, loses the
 * close frame when asked to close outside of receiving, and does not arm
 * timeouts set from outside. Hence own addresses, own timers, own close frame.
 */
#include <errno.h>

#include "bot/net/ws_priv.h"
#include "common/err.h"
#include "common/log.h"

enum {
	RX_SIZE = 4096,          /* [bytes] one read; a media message fits */
	TX_PIECE = 1 << 20,      /* [bytes] never cut a message in writing */
	HEADERS_MAX = 16 * 1024, /* [bytes] of an upgrade's answer */
	SCRATCH = 16 * 1024,     /* [bytes] of the library's own */
	FDS_MAX = 16384,         /* not a container's 2^30 */
	LWS_PATIENCE_SEC = 30,   /* our timers are shorter */
};

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

static int add_headers(const struct ws_dial *d, struct lws *wsi,
                       unsigned char **p, size_t room)
{
	unsigned char *end = *p + room;
	const char *h = d->headers, *stop = h ? h + d->headers_len : h;

	while (h < stop) {
		const char *value = h + strlen(h) + 1;
		size_t len = strlen(value);

		if (lws_add_http_header_by_name(wsi, (const unsigned char *)h,
		                                (const unsigned char *)value,
		                                (int)len, p, end))
			return -1;
		h = value + len + 1;
	}
	return 0;
}

/* What the server said of its refusal; @in, the library's own words, else. */
static void note_refusal(struct ws *ws, struct lws *wsi, const char *in,
                         size_t len)
{
	static const char *const headers[] = {"dg-error:", "x-error:"};
	char why[WS_REASON_MAX];
	int n = -1;

	if (!ws->dial) {
		ws_gone(ws);
		return;
	}
	ws->dial->status = (int)lws_http_client_http_response(wsi);
	for (size_t i = 0; i < ARRAY_LEN(headers) && n < 0; i++)
		if (ws->dial->status)
			n = lws_hdr_custom_copy(wsi, why, sizeof(why),
			                        headers[i],
			                        (int)strlen(headers[i]));
	if (n > 0)
		ws_dial_failed(ws, why, (size_t)n);
	else
		ws_dial_failed(ws, in, in ? len : 0);
}

static int client_event(struct ws *ws, struct lws *wsi,
                        enum lws_callback_reasons reason, void *in, size_t len)
{
	if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		return ws->dial ? add_headers(ws->dial, wsi, in, len) : 0;
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
		ws->wsi = wsi;
		ws_up(ws);
		return 0;
	}
	/* LWS_CALLBACK_CLIENT_CONNECTION_ERROR */
	lws_set_opaque_user_data(wsi, NULL);
	note_refusal(ws, wsi, in, len);
	return 0;
}

static void gone(struct ws *ws, struct lws *wsi)
{
	lws_set_opaque_user_data(wsi, NULL);
	if (ws->state == WS_CONNECTING)
		ws_dial_failed(ws, "closed before it was open", 25);
	else
		ws_gone(ws);
}

static struct ws *owner_of(struct net *net, struct lws *wsi,
                           enum lws_callback_reasons reason)
{
	struct ws *ws = lws_get_opaque_user_data(wsi);

	if (reason == LWS_CALLBACK_ESTABLISHED && !ws && net->adopting) {
		ws = net->adopting;
		net->adopting = NULL;
		ws->wsi = wsi;
		lws_set_opaque_user_data(wsi, ws);
	}
	return ws;
}

static int socket_event(struct ws *ws, struct lws *wsi,
                        enum lws_callback_reasons reason, void *in, size_t len)
{
	/* The library has some eighty reasons; these are ours. */
	switch ((int)reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		return client_event(ws, wsi, reason, in, len);
	case LWS_CALLBACK_ESTABLISHED:
		ws_up(ws);
		return 0;
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE:
		ws_piece(ws, in, len, lws_frame_is_binary(wsi) != 0,
		         !lws_remaining_packet_payload(wsi) &&
		                 lws_is_final_fragment(wsi));
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		ws_writable(ws);
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return ws_peer_close(ws, in, len);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_WSI_DESTROY:
		gone(ws, wsi);
		return 0;
	default:
		return 0;
	}
}

static int lws_handler(struct lws *wsi, enum lws_callback_reasons reason,
                       void *user, void *in, size_t len)
{
	struct net *net;
	struct ws *ws;

	(void)user;
	/* Certificates are loaded and verified by the library itself. */
	if (!wsi || !lws_get_context(wsi))
		return 0;
	net = lws_context_user(lws_get_context(wsi));
	if (!net || !net->lws)
		return 0;
	ws = owner_of(net, wsi, reason);
	if (!ws)
		return reason == LWS_CALLBACK_HTTP ? -1 : 0;
	net_touch(net);
	return socket_event(ws, wsi, reason, in, len);
}

static const struct lws_protocols protocols[] = {
	{.name = "dialout",
         .callback = lws_handler,
         .rx_buffer_size = RX_SIZE,
         .tx_packet_size = TX_PIECE},
	{.name = NULL},
};

/* Its pings count only pongs as life, received data not; ours are our own. */
static const lws_retry_bo_t no_pings = {.secs_since_valid_hangup = 0};

static int add_vhosts(struct net *net, const char *ca_file)
{
	struct lws_context_creation_info info = {0};

	info.protocols = protocols;
	info.retry_and_idle_policy = &no_pings;
	info.timeout_secs = LWS_PATIENCE_SEC;
	info.keepalive_timeout = LWS_PATIENCE_SEC;
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.vhost_name = "server";
	net->server_vhost = lws_create_vhost(net->lws, &info);

	info.port = CONTEXT_PORT_NO_LISTEN;
	info.vhost_name = "client";
	info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.client_ssl_ca_filepath = ca_file ? ca_file : system_ca;
	net->client_vhost = lws_create_vhost(net->lws, &info);
	if (!net->server_vhost || !net->client_vhost) {
		log_line(LOG_ERROR, "net", NULL,
		         "event=tls_unusable certificates=%s",
		         info.client_ssl_ca_filepath);
		return ERR_AUTH;
	}
	return 0;
}

int net_lws_init(struct net *net, const char *ca_file)
{
	struct lws_context_creation_info info = {0};
	void *loops[] = {&net->loop};

	lws_set_log_level(0, NULL);
	info.options = LWS_SERVER_OPTION_LIBUV |
	               LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
	               LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.foreign_loops = loops;
	info.fd_limit_per_thread = FDS_MAX;
	info.max_http_header_data = HEADERS_MAX;
	info.pt_serv_buf_size = SCRATCH;
	info.timeout_secs = LWS_PATIENCE_SEC;
	info.connect_timeout_secs = LWS_PATIENCE_SEC;
	info.retry_and_idle_policy = &no_pings;
	info.user = net;
	net->lws = lws_create_context(&info);
	if (!net->lws) {
		log_line(LOG_ERROR, "net", NULL,
		         "event=websockets_unusable "
		         "hint=\"is libwebsockets-evlib-uv installed?\"");
		return -ENOSYS;
	}
	return add_vhosts(net, ca_file);
}

void net_lws_stop(struct net *net)
{
	while (!list_empty(&net->sockets)) {
		struct ws *ws =
			CONTAINER_OF(net->sockets.next, struct ws, link);

		/* What its owner has closed; it was only saying goodbye. */
		ASSERT(ws->released && ws->wsi);
		lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK,
		                LWS_TO_KILL_SYNC);
	}
	if (net->lws)
		lws_context_destroy(net->lws);
}

void net_lws_fini(struct net *net)
{
	struct lws_context *lws = net->lws;

	net->lws = NULL;
	/* The first call closed everything, this one releases the rest. */
	if (lws)
		lws_context_destroy(lws);
}
