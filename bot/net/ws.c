#define _GNU_SOURCE
#include "bot/net/ws.h"

#include <errno.h>
#include <string.h>

#include "bot/net/ws_priv.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	CLOSE_WAIT_MS = 1000, /* for the peer's half of a close [ms] */
	FLUSH_MS = 3000,      /* for what was queued before it [ms] */
	/* Private to libwebsockets, whose own way of sending a close frame
	 * loses it on libuv unless a message is just being received. */
	WRITE_CLOSE = 4,
	TX_MAX = 2 * WS_MESSAGE_MAX, /* [bytes] of one message */
};

int ws_new(struct ws **wsp, struct net *net, size_t max_message,
           ws_event_h *eventh, void *arg)
{
	struct ws *ws = mem_zalloc(sizeof(*ws));

	if (!ws)
		return -ENOMEM;
	ws->net = net;
	ws->eventh = eventh;
	ws->arg = arg;
	ws->tail = &ws->head;
	ws->code = WS_NO_CLOSE;
	buf_init(&ws->rx, max_message ? max_message : WS_MESSAGE_MAX);
	list_append(&net->sockets, &ws->link);
	*wsp = ws;
	return 0;
}

static void drop_queue(struct ws *ws)
{
	while (ws->head) {
		struct ws_msg *m = ws->head;

		ws->head = m->next;
		mem_free(m);
	}
	ws->tail = &ws->head;
	ws->queued = 0;
}

static void destroy(struct ws *ws)
{
	ASSERT(!ws->wsi && ws->released);
	timer_stop(ws->net->timers, &ws->timer);
	timer_stop(ws->net->timers, &ws->ping);
	ws_dial_free(ws);
	drop_queue(ws);
	buf_fini(&ws->rx);
	list_remove(&ws->link);
	mem_free(ws);
}

/* The last event; @ws may be freed when this returns. */
static void finish(struct ws *ws, const struct ws_event *ev)
{
	timer_stop(ws->net->timers, &ws->timer);
	timer_stop(ws->net->timers, &ws->ping);
	drop_queue(ws);
	ws->state = WS_DONE;
	if (ws->released)
		destroy(ws);
	else if (ws->eventh)
		ws->eventh(ev, ws->arg);
}

static void kill_handler(void *arg)
{
	struct ws *ws = arg;

	if (ws->wsi)
		lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK,
		                LWS_TO_KILL_SYNC);
}

void ws_kill_later(struct ws *ws, uint32_t ms)
{
	timer_start(ws->net->timers, &ws->timer, ms, kill_handler, ws);
}

static void ping_handler(void *arg)
{
	struct ws *ws = arg;
	unsigned char v[LWS_PRE + 1] = {0};

	if (ws->state != WS_UP)
		return;
	if (!ws->head && !lws_partial_buffered(ws->wsi) &&
	    lws_write(ws->wsi, v + LWS_PRE, 0, LWS_WRITE_PING) < 0)
		ws_kill_later(ws, 0);
	timer_start(ws->net->timers, &ws->ping, ws->ping_sec * 1000,
	            ping_handler, ws);
}

void ws_set_ping(struct ws *ws, uint32_t sec)
{
	ws->ping_sec = sec;
	timer_stop(ws->net->timers, &ws->ping);
	if (sec && ws->state == WS_UP)
		timer_start(ws->net->timers, &ws->ping, sec * 1000,
		            ping_handler, ws);
}

void ws_up(struct ws *ws)
{
	static const struct ws_event open = {.type = WS_OPEN};

	if (ws->released) {
		ws_kill_later(ws, 0);
		return;
	}
	timer_stop(ws->net->timers, &ws->timer);
	ws->state = WS_UP;
	ws_set_ping(ws, ws->ping_sec);
	if (ws->dial) {
		ws_dial_free(ws);
		ws->eventh(&open, ws->arg);
	}
}

void ws_gone(struct ws *ws)
{
	struct ws_event ev = {.type = WS_CLOSED,
	                      .code = ws->code,
	                      .data = ws->reason,
	                      .len = ws->reason_len};

	ws->wsi = NULL;
	finish(ws, &ev);
}

void ws_failed(struct ws *ws, int err, int status, const char *why)
{
	struct ws_event ev = {.type = WS_FAILED,
	                      .err = err,
	                      .status = status,
	                      .data = why,
	                      .len = strlen(why)};

	finish(ws, &ev);
}

/* --- sending --- */

static int put(struct ws *ws, unsigned char *v, size_t len, int type)
{
	int n = lws_write(ws->wsi, v, len, (enum lws_write_protocol)type);

	if (n < 0) {
		ws->state = WS_CLOSING;
		ws_kill_later(ws, 0);
		return -ENOTCONN;
	}
	ws->in_flight = len;
	if (lws_partial_buffered(ws->wsi))
		lws_callback_on_writable(ws->wsi);
	return 0;
}

/* Our own half of the closing handshake; then the peer has a second. */
static void send_close(struct ws *ws)
{
	unsigned char v[LWS_PRE + 2 + WS_REASON_MAX];
	size_t n = 0;

	if (ws->code != WS_NO_CODE) {
		v[LWS_PRE] = (unsigned char)(ws->code >> 8);
		v[LWS_PRE + 1] = (unsigned char)ws->code;
		memcpy(v + LWS_PRE + 2, ws->reason, ws->reason_len);
		n = 2 + ws->reason_len;
	}
	ws->close_sent = true;
	if (put(ws, v + LWS_PRE, n, WRITE_CLOSE) == 0)
		ws_kill_later(ws, CLOSE_WAIT_MS);
}

static bool busy(const struct ws *ws)
{
	return ws->head || lws_partial_buffered(ws->wsi);
}

static void begin_close(struct ws *ws, int code, const char *reason)
{
	ws->state = WS_CLOSING;
	ws->code = code;
	ws->reason_len = reason ? strlen(reason) : 0;
	if (ws->reason_len >= WS_REASON_MAX)
		ws->reason_len = WS_REASON_MAX - 1;
	if (reason)
		memcpy(ws->reason, reason, ws->reason_len);
	timer_stop(ws->net->timers, &ws->ping);
	if (busy(ws))
		ws_kill_later(ws, FLUSH_MS);
	else
		send_close(ws);
}

static int enqueue(struct ws *ws, const void *v, size_t len, int type)
{
	struct ws_msg *m;

	if (ws_queued(ws) + len > WS_QUEUE_MAX)
		return -EAGAIN;
	m = mem_alloc(sizeof(*m) + LWS_PRE + len);
	if (!m)
		return -ENOMEM;
	m->next = NULL;
	m->len = len;
	m->type = type;
	if (len)
		memcpy(m->v + LWS_PRE, v, len);
	*ws->tail = m;
	ws->tail = &m->next;
	ws->queued += len;
	lws_callback_on_writable(ws->wsi);
	return 0;
}

static int send_message(struct ws *ws, const void *v, size_t len, int type)
{
	static const unsigned char pre[LWS_PRE];
	struct buf *tx = &ws->net->tx;

	if (ws->state != WS_UP)
		return -ENOTCONN;
	if (busy(ws))
		return enqueue(ws, v, len, type);
	if (len > TX_MAX - LWS_PRE)
		return ERR_LIMIT;
	buf_reset(tx);
	if (buf_add(tx, pre, sizeof(pre)) || buf_add(tx, v, len))
		return -ENOMEM;
	return put(ws, (unsigned char *)tx->v + LWS_PRE, len, type);
}

int ws_send_text(struct ws *ws, const char *v, size_t len)
{
	return send_message(ws, v, len, LWS_WRITE_TEXT);
}

int ws_send_binary(struct ws *ws, const void *v, size_t len)
{
	return send_message(ws, v, len, LWS_WRITE_BINARY);
}

size_t ws_queued(const struct ws *ws)
{
	size_t n = ws->queued;

	/* The library does not say how much of the last one it holds. */
	if (ws->wsi && lws_partial_buffered(ws->wsi))
		n += ws->in_flight;
	return n;
}

void ws_writable(struct ws *ws)
{
	if (ws->state == WS_DONE || ws->close_sent || ws->close_received)
		return;
	while (ws->head && !lws_partial_buffered(ws->wsi)) {
		struct ws_msg *m = ws->head;
		int err;

		ws->head = m->next;
		if (!ws->head)
			ws->tail = &ws->head;
		ws->queued -= m->len;
		err = put(ws, m->v + LWS_PRE, m->len, m->type);
		mem_free(m);
		if (err)
			return;
	}
	if (ws->head)
		lws_callback_on_writable(ws->wsi);
	else if (ws->state == WS_CLOSING && !busy(ws))
		send_close(ws);
}

/* --- receiving --- */

static void deliver(struct ws *ws, const char *v, size_t len, bool binary)
{
	struct ws_event ev = {
		.type = binary ? WS_BINARY : WS_TEXT, .data = v, .len = len};

	if (ws->state == WS_UP && !ws->released && ws->eventh)
		ws->eventh(&ev, ws->arg);
}

void ws_piece(struct ws *ws, const char *v, size_t len, bool binary, bool last)
{
	if (ws->state != WS_UP)
		return;
	if (last && !ws->rx.len && len <= ws->rx.limit) {
		deliver(ws, v ? v : "", len, binary);
		return;
	}
	if (buf_add(&ws->rx, v, len)) {
		buf_fini(&ws->rx);
		drop_queue(ws);
		begin_close(ws, WS_TOO_BIG, "message too long");
		return;
	}
	if (!last)
		return;
	deliver(ws, ws->rx.v, ws->rx.len, binary);
	buf_reset(&ws->rx);
}

int ws_peer_close(struct ws *ws, const unsigned char *v, size_t len)
{
	ws->close_received = true;
	if (ws->close_sent)
		return -1; /* this was the answer to ours */
	ws->state = WS_CLOSING;
	ws->code = len >= 2 ? v[0] << 8 | v[1] : WS_NO_CODE;
	ws->reason_len = len > 2 ? len - 2 : 0;
	if (ws->reason_len >= WS_REASON_MAX)
		ws->reason_len = WS_REASON_MAX - 1;
	if (ws->reason_len)
		memcpy(ws->reason, v + 2, ws->reason_len);
	ws_kill_later(ws, CLOSE_WAIT_MS);
	return 0;
}

/* --- the owner --- */

void ws_set_handler(struct ws *ws, ws_event_h *eventh, void *arg)
{
	ws->eventh = eventh;
	ws->arg = arg;
}

void ws_close(struct ws **wsp, int code, const char *reason)
{
	struct ws *ws = *wsp;

	if (!ws)
		return;
	*wsp = NULL;
	ws->released = true;
	ws->eventh = NULL;
	if (ws->state == WS_UP)
		begin_close(ws, code, reason);
	else if (!ws->wsi)
		destroy(ws);
	else if (ws->state == WS_CONNECTING)
		ws_kill_later(ws, 0);
}
