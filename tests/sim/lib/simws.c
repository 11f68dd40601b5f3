#include "tests/sim/lib/simws.h"

#include <stdint.h>
#include <string.h>

#include "common/base64.h"
#include "common/crypto.h"
#include "common/str.h"
#include "common/utf8.h"
#include "tests/sim/lib/simmem.h"

enum {
	CLOSE_WAIT_MS = 2000, /* for the answer to our close */
	OP_MORE = 0,
	OP_TEXT = 1,
	OP_BINARY = 2,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10,
	FIN = 0x80,
	RSV = 0x70,
	MASKED = 0x80,
	CONTROL_MAX = 125,
};

struct simws {
	struct simconn *c;
	struct simnet *net;
	const struct simws_ops *ops;
	void *arg;
	struct buf in, message;
	struct timer wait;
	size_t piece, budget; /* budget: bytes until it is cut; 0: no limit */
	int opcode; /* of the message that is being put together; 0: none */
	bool closing, closed, in_recv, dead, paused;
};

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const char *simws_check(const struct simreq *r)
{
	const char *upgrade = simreq_header(r, "upgrade");
	const char *connection = simreq_header(r, "connection");
	const char *key = simreq_header(r, "sec-websocket-key");
	const char *version = simreq_header(r, "sec-websocket-version");
	uint8_t raw[32];

	if (strcmp(simreq_method(r), "GET") != 0)
		return "an upgrade must be a GET";
	if (!upgrade || !str_eq_nocase(str_of(upgrade), "websocket"))
		return "no Upgrade: websocket";
	if (!connection ||
	    (!strstr(connection, "pgrade") && !strstr(connection, "PGRADE")))
		return "no Connection: Upgrade";
	if (!version || strcmp(version, "13") != 0)
		return "Sec-WebSocket-Version is not 13";
	if (!key || strlen(key) != 24 || base64_decode(raw, key, 24) != 16)
		return "Sec-WebSocket-Key is not 16 bytes of base64";
	return NULL;
}

static void finish(struct simws *ws)
{
	timer_stop(simnet_timers(ws->net), &ws->wait);
	simconn_close(&ws->c, SIMCONN_FLUSH);
	buf_fini(&ws->in);
	buf_fini(&ws->message);
	mem_free(ws);
}

/* The one place that tells of the end. */
static void tell_closed(struct simws *ws, int code)
{
	const struct simws_ops *ops = ws->ops;

	if (ws->closed)
		return;
	ws->closed = true;
	ws->ops = NULL;
	if (ops)
		ops->closed(code, ws->arg);
}

static void frame(struct buf *b, int head, const void *v, size_t len)
{
	uint8_t h[10];
	size_t n = 2;

	h[0] = (uint8_t)head;
	if (len < 126) {
		h[1] = (uint8_t)len;
	} else if (len < 65536) {
		h[1] = 126;
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
		n = 4;
	} else {
		h[1] = 127;
		for (int i = 0; i < 8; i++)
			h[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	sim_add(b, h, n);
	if (len > 0)
		sim_add(b, v, len);
}

static void on_wait(void *arg)
{
	struct simws *ws = arg;

	tell_closed(ws, SIMWS_GONE);
}

static void on_cut(void *arg)
{
	struct simws *ws = arg;

	simconn_close(&ws->c, SIMCONN_RESET);
	tell_closed(ws, SIMWS_GONE);
}

static void put(struct simws *ws, const char *v, size_t len)
{
	if (ws->budget > 0 && len >= ws->budget) {
		len = ws->budget - 1;
		ws->closing = true;
		timer_start(simnet_timers(ws->net), &ws->wait, 0, on_cut, ws);
	} else if (ws->budget > 0) {
		ws->budget -= len;
	}
	if (len > 0)
		simconn_send(ws->c, v, len);
}

static void send_message(struct simws *ws, int opcode, const char *v,
                         size_t len)
{
	const size_t piece = ws->piece ? ws->piece : len;
	struct buf b;

	if (ws->closing || ws->closed || !ws->c)
		return;
	buf_init(&b, SIM_BUF_MAX);
	while (len > piece) {
		frame(&b, opcode, v, piece);
		frame(&b, FIN | OP_PING, "between", 7);
		v += piece;
		len -= piece;
		opcode = OP_MORE;
	}
	frame(&b, FIN | opcode, v, len);
	put(ws, b.v, b.len);
	buf_fini(&b);
}

static void send_control(struct simws *ws, int opcode, const void *v,
                         size_t len)
{
	struct buf b;

	if (ws->closing || ws->closed || !ws->c)
		return;
	buf_init(&b, 256);
	frame(&b, FIN | opcode, v, len);
	simconn_send(ws->c, b.v, b.len);
	buf_fini(&b);
}

void simws_close(struct simws *ws, int code, const char *reason)
{
	const char number[2] = {(char)(code >> 8), (char)code};
	struct buf b;

	if (ws->closing || ws->closed)
		return;
	buf_init(&b, 4096);
	if (code != SIMWS_NO_CODE) {
		sim_add(&b, number, sizeof(number));
		sim_adds(&b, reason ? reason : "");
	}
	send_control(ws, OP_CLOSE, b.v,
	             b.len < CONTROL_MAX ? b.len : CONTROL_MAX);
	buf_fini(&b);
	ws->closing = true;
	timer_start(simnet_timers(ws->net), &ws->wait, CLOSE_WAIT_MS, on_wait,
	            ws);
}

static void bad(struct simws *ws, int code, const char *what)
{
	if (ws->ops && ws->ops->violation)
		ws->ops->violation(what, ws->arg);
	simws_close(ws, code, what);
	tell_closed(ws, code);
}

static void on_close_frame(struct simws *ws, const uint8_t *v, size_t len)
{
	int code = SIMWS_NO_CODE;

	if (len == 1) {
		bad(ws, 1002, "close frame of one byte");
		return;
	}
	if (len >= 2)
		code = v[0] << 8 | v[1];
	if (!ws->closing) {
		send_control(ws, OP_CLOSE, v, len >= 2 ? 2 : 0);
		ws->closing = true;
	}
	tell_closed(ws, code);
}

static bool is_utf8(const char *v, size_t len)
{
	size_t n;

	for (; len > 0; v += n, len -= n) {
		n = utf8_len(v, len);
		if (n == 0)
			return false;
	}
	return true;
}

static void on_message(struct simws *ws)
{
	const int opcode = ws->opcode;

	ws->opcode = 0;
	if (ws->closing || !ws->ops)
		return;
	if (opcode == OP_TEXT) {
		if (!is_utf8(ws->message.v, ws->message.len))
			bad(ws, 1007, "text is not UTF-8");
		else
			ws->ops->text(buf_str(&ws->message), ws->message.len,
			              ws->arg);
	} else {
		ws->ops->binary(buf_str(&ws->message), ws->message.len,
		                ws->arg);
	}
}

static void on_frame(struct simws *ws, int head, const uint8_t *v, size_t len)
{
	const int opcode = head & 0x0f;

	if (opcode >= OP_CLOSE) {
		if (!(head & FIN) || len > CONTROL_MAX)
			bad(ws, 1002, "control frame too long or in pieces");
		else if (opcode == OP_CLOSE)
			on_close_frame(ws, v, len);
		else if (opcode == OP_PING)
			send_control(ws, OP_PONG, v, len);
		else if (opcode != OP_PONG)
			bad(ws, 1002, "unknown opcode");
		return;
	}
	if (opcode > OP_BINARY || (opcode == OP_MORE) != (ws->opcode != 0)) {
		bad(ws, 1002, "broken order of frames");
		return;
	}
	if (opcode != OP_MORE) {
		ws->opcode = opcode;
		buf_reset(&ws->message);
	}
	if (buf_add(&ws->message, v, len))
		bad(ws, 1009, "message too long");
	else if (head & FIN)
		on_message(ws);
}

/* Bytes used; 0: more must come. */
static size_t take_frame(struct simws *ws)
{
	uint8_t *v = (uint8_t *)ws->in.v;
	const size_t have = ws->in.len;
	uint64_t len;
	size_t at = 2;

	if (have < 2)
		return 0;
	if ((v[0] & RSV) || !(v[1] & MASKED)) {
		bad(ws, 1002, v[0] & RSV ? "reserved bit" : "frame not masked");
		return 0;
	}
	len = v[1] & 0x7f;
	if (len >= 126)
		at = len == 126 ? 4 : 10;
	if (have < at + 4)
		return 0;
	if (len >= 126) {
		len = 0;
		for (size_t i = 2; i < at; i++)
			len = len << 8 | v[i];
	}
	if (len > SIMWS_MESSAGE_MAX) {
		bad(ws, 1009, "message too long");
		return 0;
	}
	if (have < at + 4 + len)
		return 0;
	for (size_t i = 0; i < len; i++)
		v[at + 4 + i] ^= v[at + (i & 3)];
	on_frame(ws, v[0], v + at + 4, len);
	return at + 4 + len;
}

/* Frames that have come, unless the owner wants to be spared. */
static void take_frames(struct simws *ws)
{
	size_t n;

	ws->in_recv = true;
	while (!ws->closed && !ws->dead && !ws->paused &&
	       (n = take_frame(ws)) > 0)
		buf_drop(&ws->in, n);
	ws->in_recv = false;
	if (ws->dead)
		finish(ws);
}

static void on_recv(const char *v, size_t len, void *arg)
{
	struct simws *ws = arg;

	if (ws->closed)
		return;
	sim_add(&ws->in, v, len);
	take_frames(ws);
}

static void on_ended(int err, void *arg)
{
	struct simws *ws = arg;

	(void)err;
	ws->in_recv = true;
	tell_closed(ws, SIMWS_GONE);
	ws->in_recv = false;
	if (ws->dead)
		finish(ws);
}

struct simws *simws_accept(struct simreq *r, struct simnet *n,
                           const struct simws_ops *ops, void *arg)
{
	static const struct simconn_ops conn_ops = {on_recv, on_ended};
	struct simws *ws = sim_zalloc(sizeof(*ws));
	uint8_t sha[CRYPTO_SHA1_LEN];
	char accept[BASE64_LEN(CRYPTO_SHA1_LEN) + 1] = "";
	struct buf b, rest;

	buf_init(&b, 4096);
	sim_adds(&b, simreq_header(r, "sec-websocket-key"));
	sim_adds(&b, guid);
	crypto_sha1(sha, b.v, b.len);
	base64_encode(accept, sha, sizeof(sha));
	buf_reset(&b);
	sim_addf(&b,
	         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
	         accept);
	simreq_print_headers(r, &b);
	sim_adds(&b, "\r\n");

	ws->net = n;
	ws->ops = ops;
	ws->arg = arg;
	buf_init(&ws->in, SIM_BUF_MAX);
	buf_init(&ws->message, SIMWS_MESSAGE_MAX);
	ws->c = simreq_detach(r, &rest);
	simconn_own(ws->c, &conn_ops, ws);
	simconn_send(ws->c, b.v, b.len);
	if (rest.len > 0)
		sim_add(&ws->in, rest.v, rest.len);
	buf_fini(&rest);
	buf_fini(&b);
	return ws;
}

void simws_fragment(struct simws *ws, size_t size)
{
	ws->piece = size;
}

void simws_text(struct simws *ws, const char *v, size_t len)
{
	send_message(ws, OP_TEXT, v, len);
}

void simws_binary(struct simws *ws, const void *v, size_t len)
{
	send_message(ws, OP_BINARY, v, len);
}

size_t simws_queued(const struct simws *ws)
{
	return ws->c ? simconn_queued(ws->c) : 0;
}

void simws_pause(struct simws *ws, bool paused)
{
	if (!ws->c || ws->paused == paused)
		return;
	ws->paused = paused;
	simconn_pause(ws->c, paused);
	if (!paused && !ws->in_recv)
		take_frames(ws);
}

void simws_raw(struct simws *ws, const void *v, size_t len)
{
	if (ws->c)
		simconn_send(ws->c, v, len);
}

void simws_cut(struct simws *ws)
{
	ws->closing = true;
	timer_start(simnet_timers(ws->net), &ws->wait, 0, on_cut, ws);
}

void simws_cut_after(struct simws *ws, size_t bytes)
{
	ws->budget = bytes + 1;
}

void simws_freeze(struct simws *ws)
{
	if (ws->c)
		simconn_freeze(ws->c);
}

void simws_free(struct simws **wsp, enum simconn_end how)
{
	struct simws *ws = *wsp;

	*wsp = NULL;
	if (!ws)
		return;
	ws->ops = NULL;
	ws->closed = true;
	simconn_close(&ws->c, how);
	ws->dead = true;
	if (!ws->in_recv)
		finish(ws);
}
