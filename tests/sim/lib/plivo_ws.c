#define _GNU_SOURCE
#include "tests/sim/lib/plivo_ws.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/sim/lib/plivo_audio.h"
#include "tests/sim/lib/plivo_http.h"
#include "tests/sim/lib/plivo_net.h"

enum {
	OP_CONTINUE = 0,
	OP_TEXT = 1,
	OP_BINARY = 2,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10,
	FRAME_HEAD_MAX = 14,  /* [bytes] with the mask */
	CONTROL_MAX = 125,    /* [bytes] */
	CLOSE_WAIT_MS = 1000, /* for the peer's close frame */
	IN_MAX = 256 * 1024,  /* [bytes] not yet taken apart */
	KEY_MAX = 25,         /* [bytes] with terminator */
	ACCEPT_MAX = 29       /* [bytes] with terminator */
};

struct psim_ws {
	struct psim_loop *loop;
	struct psim_conn *conn;
	const struct psim_ws_h *h; /* NULL: the owner has closed it */
	void *arg;
	struct buf in, out, message;
	char accept[ACCEPT_MAX];
	uint32_t mask; /* state of the generator of masks */
	int status, code;
	char why[CONTROL_MAX];
	bool open, in_message, close_sent, close_seen;
	struct timer timer;
};

static void ws_free(struct psim_ws *w)
{
	psim_timer_stop(w->loop, &w->timer);
	psim_conn_close(&w->conn);
	buf_fini(&w->in);
	buf_fini(&w->out);
	buf_fini(&w->message);
	mem_free(w);
}

static void finish(struct psim_ws *w, int err)
{
	psim_timer_stop(w->loop, &w->timer);
	psim_conn_close(&w->conn);
	if (!w->h) {
		ws_free(w);
		return;
	}
	w->h->end(err, w->status, w->close_seen ? w->code : PSIM_WS_ABNORMAL,
	          w->why, w->arg);
}

static void fault(struct psim_ws *w, const char *what)
{
	if (w->h)
		w->h->fault(what, w->arg);
}

/* Masks keep proxies from being fooled; here any changing one will do. */
static uint32_t next_mask(struct psim_ws *w)
{
	w->mask ^= w->mask << 13;
	w->mask ^= w->mask >> 17;
	w->mask ^= w->mask << 5;
	return w->mask;
}

static size_t frame_head(uint8_t *to, int op, size_t len, uint32_t mask)
{
	size_t n = 2;

	to[0] = (uint8_t)(0x80 | op);
	if (len < 126) {
		to[1] = (uint8_t)(0x80 | len);
	} else if (len < 65536) {
		to[1] = 0x80 | 126;
		to[2] = (uint8_t)(len >> 8);
		to[3] = (uint8_t)len;
		n = 4;
	} else {
		to[1] = 0x80 | 127;
		for (int i = 0; i < 8; i++)
			to[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	memcpy(to + n, &mask, sizeof(mask));
	return n + sizeof(mask);
}

static int send_frame(struct psim_ws *w, int op, const char *v, size_t len)
{
	const uint32_t mask = next_mask(w);
	uint8_t head[FRAME_HEAD_MAX];
	size_t n = frame_head(head, op, len, mask);
	size_t i = 0;
	int err;

	if (!w->conn)
		return -ENOTCONN;
	buf_reset(&w->out);
	err = buf_add(&w->out, head, n);
	if (!err && len)
		err = buf_add(&w->out, v, len);
	if (err)
		return err;
	for (char *p = w->out.v + n; i + sizeof(mask) <= len; i += 4) {
		uint32_t word;

		memcpy(&word, p + i, sizeof(word));
		word ^= mask;
		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		w->out.v[n + i] =
			(char)(w->out.v[n + i] ^ (char)(head[n - 4 + (i & 3)]));
	return psim_conn_send(w->conn, w->out.v, w->out.len);
}

static bool close_code_ok(int code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
	        code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

/* True: the connection is over. */
static bool on_close_frame(struct psim_ws *w, const uint8_t *v, size_t len)
{
	const char reply[2] = {(char)(1000 >> 8), (char)(1000 & 0xff)};

	w->close_seen = true;
	w->code = len >= 2 ? v[0] << 8 | v[1] : 1005;
	if (len == 1 || (len >= 2 && !close_code_ok(w->code)))
		fault(w, "close frame with a code that may not be sent");
	if (len > 2)
		(void)snprintf(w->why, sizeof(w->why), "%.*s", (int)(len - 2),
		               (const char *)v + 2);
	if (!w->close_sent) {
		w->close_sent = true;
		/* The close is echoed; when that fails it is closed, too. */
		(void)!send_frame(w, OP_CLOSE,
		                  len >= 2 ? (const char *)v : reply, 2);
	}
	finish(w, 0);
	return true;
}

/* True: the connection is over. */
static bool on_control(struct psim_ws *w, int op, const uint8_t *v, size_t len)
{
	if (op == OP_CLOSE)
		return on_close_frame(w, v, len);
	if (op == OP_PING) {
		if (send_frame(w, OP_PONG, (const char *)v, len)) {
			finish(w, -EPIPE);
			return true;
		}
		if (w->h && w->h->ping)
			w->h->ping(w->arg);
	} else if (w->h && w->h->pong) {
		w->h->pong(w->arg);
	}
	return false;
}

static bool give_up(struct psim_ws *w, const char *what)
{
	fault(w, what);
	finish(w, ERR_PROTO);
	return true;
}

static bool on_frame(struct psim_ws *w, int first, const uint8_t *v, size_t len)
{
	const int op = first & 0x0f;
	const bool fin = first & 0x80;

	if (op >= OP_CLOSE) {
		if (!fin || len > CONTROL_MAX || op > OP_PONG)
			return give_up(w, "bad control frame");
		return on_control(w, op, v, len);
	}
	if (op == OP_BINARY)
		return give_up(w, "binary message");
	if (op > OP_BINARY || (op == OP_CONTINUE) != w->in_message)
		return give_up(w, "frame out of order");
	if (!w->in_message)
		buf_reset(&w->message);
	w->in_message = !fin;
	if (buf_add(&w->message, v, len))
		return give_up(w, "message of more than 64 KB");
	if (fin && w->h && !w->close_sent)
		w->h->text(w->message.v, w->message.len, w->arg);
	return false;
}

/* The frame that begins at @at. 0: not all there; -1: it was the end. */
static int take_frame(struct psim_ws *w, size_t at)
{
	const uint8_t *v = (const uint8_t *)w->in.v + at;
	const size_t have = w->in.len - at;
	uint64_t len;
	size_t head = 2;

	if (have < 2)
		return 0;
	if (v[0] & 0x70 || v[1] & 0x80) {
		(void)give_up(w, "reserved bits, or a masked frame");
		return -1;
	}
	len = v[1];
	if (len == 126)
		head = 4;
	else if (len == 127)
		head = 10;
	if (have < head)
		return 0;
	if (head > 2) {
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | v[i];
	}
	if (len > PSIM_WS_MESSAGE_MAX) {
		(void)give_up(w, "message of more than 64 KB");
		return -1;
	}
	if (have < head + len)
		return 0;
	if (on_frame(w, v[0], v + head, (size_t)len))
		return -1;
	return (int)(head + len);
}

/* The owner may close us in any of these; we then go on without it. */
static void take_frames(struct psim_ws *w)
{
	size_t at = 0;
	int n = 1;

	while (n > 0) {
		n = take_frame(w, at);
		if (n < 0)
			return;
		at += (size_t)n;
	}
	buf_drop(&w->in, at);
}

static bool contains_token(struct str list, const char *token)
{
	while (list.len)
		if (str_eq_nocase(str_trim(str_cut(&list, ',')), token))
			return true;
	return false;
}

/* The answer to our upgrade. */
static int on_answer(struct psim_ws *w, const struct psim_message *m)
{
	w->status = m->status;
	if (m->status != 101)
		return ERR_AUTH;
	if (!str_eq_nocase(psim_message_header(m, "upgrade"), "websocket") ||
	    !contains_token(psim_message_header(m, "connection"), "upgrade") ||
	    !str_eq(psim_message_header(m, "sec-websocket-accept"),
	            w->accept)) {
		fault(w, "upgrade answered with wrong headers");
		return ERR_PROTO;
	}
	if (psim_message_header(m, "sec-websocket-extensions").v ||
	    psim_message_header(m, "sec-websocket-protocol").v) {
		fault(w, "upgrade answered with what was not offered");
		return ERR_PROTO;
	}
	return 0;
}

static void on_data(const char *v, size_t len, void *arg)
{
	struct psim_ws *w = arg;

	if (buf_add(&w->in, v, len)) {
		finish(w, ERR_LIMIT);
		return;
	}
	if (!w->open) {
		struct psim_message m;
		int rc, err;

		psim_message_init(&m);
		rc = psim_head_parse(&m, str_n(w->in.v, w->in.len), true);
		if (!rc)
			return;
		err = rc < 0 ? rc : on_answer(w, &m);
		if (err) {
			finish(w, err);
			return;
		}
		buf_drop(&w->in, m.head_len);
		psim_timer_stop(w->loop, &w->timer);
		w->open = true;
		w->h->open(w->arg);
	}
	take_frames(w);
}

static void on_end(int err, void *arg)
{
	finish(arg, err);
}

static void on_connected(void *arg)
{
	struct psim_ws *w = arg;
	const int err = psim_conn_send(w->conn, w->out.v, w->out.len);

	if (err)
		finish(w, err);
}

static void on_late(void *arg)
{
	finish(arg, -ETIMEDOUT);
}

static const struct psim_conn_h handlers = {
	.open = on_connected, .data = on_data, .end = on_end};

static int compose(struct psim_ws *w, const struct psim_url *u,
                   const char *headers)
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t raw[16], digest[CRYPTO_SHA1_LEN];
	char key[KEY_MAX], both[KEY_MAX + sizeof(magic)];

	crypto_random(raw, sizeof(raw));
	key[psim_base64(key, raw, sizeof(raw))] = '\0';
	(void)snprintf(both, sizeof(both), "%s%s", key, magic);
	crypto_sha1(digest, both, strlen(both));
	w->accept[psim_base64(w->accept, digest, sizeof(digest))] = '\0';
	crypto_random(&w->mask, sizeof(w->mask));
	w->mask |= 1;
	return buf_addf(&w->out,
	                "GET %s%s HTTP/1.1\r\nHost: %s\r\n"
	                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	                "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
	                "%s\r\n",
	                u->target[0] == '/' ? "" : "/", u->target, u->authority,
	                key, headers);
}

int psim_ws_open(struct psim_ws **wp, struct psim_loop *l,
                 const struct psim_url *u, const char *headers,
                 uint32_t timeout_ms, const struct psim_ws_h *h, void *arg)
{
	struct psim_ws *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->loop = l;
	w->h = h;
	w->arg = arg;
	buf_init(&w->in, IN_MAX);
	buf_init(&w->out, IN_MAX);
	buf_init(&w->message, PSIM_WS_MESSAGE_MAX);
	err = compose(w, u, headers);
	if (!err)
		err = psim_conn_dial(&w->conn, l, u, timeout_ms, &handlers, w);
	if (err) {
		ws_free(w);
		return err;
	}
	psim_timer(l, &w->timer, timeout_ms, on_late, w);
	*wp = w;
	return 0;
}

int psim_ws_text(struct psim_ws *w, const char *v, size_t len)
{
	return send_frame(w, OP_TEXT, v, len);
}

int psim_ws_ping(struct psim_ws *w)
{
	return send_frame(w, OP_PING, "plivo-sim", 9);
}

size_t psim_ws_queued(const struct psim_ws *w)
{
	return w->conn ? psim_conn_queued(w->conn) : 0;
}

/* Runs when the peer never echoed our close, or at once to free. */
static void on_forget(void *arg)
{
	ws_free(arg);
}

void psim_ws_close(struct psim_ws **wp, int code)
{
	struct psim_ws *w = *wp;
	const char body[2] = {(char)(code >> 8), (char)(code & 0xff)};
	uint32_t wait_ms = 0;

	*wp = NULL;
	if (!w)
		return;
	w->h = NULL;
	if (code && w->open && w->conn && !w->close_sent) {
		w->close_sent = true;
		if (!send_frame(w, OP_CLOSE, body, sizeof(body)))
			wait_ms = CLOSE_WAIT_MS;
	}
	if (!wait_ms)
		psim_conn_close(&w->conn);
	/* Never freed here: a frame of ours may be on the stack. */
	psim_timer(w->loop, &w->timer, wait_ms, on_forget, w);
}

void psim_ws_reset(struct psim_ws **wp)
{
	struct psim_ws *w = *wp;

	*wp = NULL;
	if (!w)
		return;
	w->h = NULL;
	psim_conn_reset(&w->conn);
	psim_timer(w->loop, &w->timer, 0, on_forget, w);
}
