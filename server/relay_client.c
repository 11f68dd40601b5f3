/*
 * The bot's side of a relayed stream.
 *
 * The reader's thread owns the input buffer and takes whole frames out of it
 * where they lie; only a message in several frames is put together elsewhere.
 * Writers share the output buffer under a lock, because a client must mask
 * what it sends and may not touch the caller's bytes.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/relay_client.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/crypto.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/str.h"
#include "server/relay_socket.h"

enum {
	HEAD_MAX = 8 * 1024, /* [bytes] of the bot's answer to the upgrade */
	FRAME_HEAD_MAX = 14, /* [bytes] with a mask */
	CONTROL_MAX = 125,   /* [bytes] RFC 6455, 5.5 */
	NONCE = 16,          /* [bytes] of Sec-WebSocket-Key */
	IN_MAX = RELAY_MESSAGE_MAX + FRAME_HEAD_MAX,
};

struct relay_client {
	int fd;
	/* the reader's */
	char *in;
	size_t at, len; /* [bytes] taken, and there */
	struct buf part;
	enum relay_op part_op;
	bool in_part;
	/* the writers' */
	pthread_mutex_t lock;
	unsigned char *out; /* under lock */
};

struct frame {
	enum relay_op op;
	bool fin;
	size_t head, len; /* [bytes] */
};

/* --- the upgrade --- */

static int ask(struct relay_client *c, const char *host, unsigned port,
               const char *path, const char *secret,
               char key[BASE64_LEN(NONCE) + 1])
{
	unsigned char nonce[NONCE];
	struct buf req;
	int err;

	crypto_random(nonce, sizeof(nonce));
	key[base64_encode(key, nonce, sizeof(nonce))] = '\0';
	buf_init(&req, HEAD_MAX);
	err = buf_addf(&req,
	               strchr(host, ':') ? "GET %s HTTP/1.1\r\n"
	                                   "Host: [%s]:%u\r\n"
	                                 : "GET %s HTTP/1.1\r\n"
	                                   "Host: %s:%u\r\n",
	               path, host, port);
	if (!err)
		err = buf_addf(&req,
		               "Connection: Upgrade\r\n"
		               "Upgrade: websocket\r\n"
		               "Sec-WebSocket-Version: 13\r\n"
		               "Sec-WebSocket-Key: %s\r\n",
		               key);
	if (!err && secret)
		err = buf_addf(&req, "Authorization: Bearer %s\r\n", secret);
	if (!err)
		err = buf_adds(&req, "\r\n");
	if (!err)
		err = relay_write(c->fd, req.v, req.len, RELAY_SEND_MS);
	buf_fini(&req);
	return err;
}

/* Read until the head is whole; frames may follow it at once. */
static int read_head(struct relay_client *c, struct str *head)
{
	static const char end[] = "\r\n\r\n";
	int64_t until = relay_now_ms() + RELAY_UPGRADE_MS;

	while (c->len < HEAD_MAX) {
		ssize_t n = relay_read(c->fd, c->in + c->len, HEAD_MAX - c->len,
		                       until, -1);

		if (n <= 0)
			return n ? (int)n : ERR_EOF;
		c->len += (size_t)n;
		for (size_t i = 0; i + 4 <= c->len; i++)
			if (!memcmp(c->in + i, end, 4)) {
				c->at = i + 4;
				*head = str_n(c->in, i + 2);
				return 0;
			}
	}
	return ERR_PROTO;
}

static struct str head_value(struct str head, const char *name)
{
	while (head.len) {
		struct str line = str_cut(&head, '\n');
		struct str key = str_cut(&line, ':');

		if (str_eq_nocase(str_trim(key), name))
			return str_trim(line);
	}
	return str_n("", 0);
}

static int check_answer(struct str head, const char *key, int *status)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[BASE64_LEN(NONCE) + sizeof(guid)];
	char want[BASE64_LEN(CRYPTO_SHA1_LEN) + 1];
	uint8_t digest[CRYPTO_SHA1_LEN];
	uint64_t n;

	if (!str_starts(head, "HTTP/1.1 ") || head.len < 12 ||
	    str_u64(str_n(head.v + 9, 3), 999, &n))
		return ERR_PROTO;
	*status = (int)n;
	memcpy(text, key, BASE64_LEN(NONCE));
	memcpy(text + BASE64_LEN(NONCE), guid, sizeof(guid) - 1);
	crypto_sha1(digest, text, sizeof(text) - 1);
	want[base64_encode(want, digest, sizeof(digest))] = '\0';
	if (n != 101 || !str_eq(head_value(head, "Sec-WebSocket-Accept"), want))
		return ERR_PROTO;
	/* We asked for none. */
	return head_value(head, "Sec-WebSocket-Extensions").len ? ERR_PROTO : 0;
}

static int upgrade(struct relay_client *c, const char *host, unsigned port,
                   const char *path, const char *secret, int *status)
{
	char key[BASE64_LEN(NONCE) + 1];
	struct str head = {NULL, 0};
	int err = ask(c, host, port, path, secret, key);

	if (!err)
		err = read_head(c, &head);
	return err ? err : check_answer(head, key, status);
}

int relay_client_open(struct relay_client **cp, const char *host, unsigned port,
                      const char *path, const char *secret, int *status)
{
	struct relay_client *c = mem_zalloc(sizeof(*c));
	int err = -ENOMEM;

	*cp = NULL;
	*status = 0;
	if (!c)
		return err;
	c->fd = -1;
	pthread_mutex_init(&c->lock, NULL);
	buf_init(&c->part, RELAY_MESSAGE_MAX);
	c->in = mem_alloc(IN_MAX);
	c->out = mem_alloc(IN_MAX);
	if (!c->in || !c->out)
		goto out;
	err = relay_connect(host, port, RELAY_CONNECT_MS);
	if (err < 0)
		goto out;
	c->fd = err;
	err = upgrade(c, host, port, path, secret, status);
out:
	if (err)
		relay_client_close(&c);
	*cp = c;
	return err;
}

/* --- sending --- */

static size_t put_head(unsigned char *dst, enum relay_op op, size_t len,
                       const unsigned char mask[4])
{
	size_t n = 2;

	dst[0] = (unsigned char)(0x80 | (unsigned)op);
	if (len <= CONTROL_MAX) {
		dst[1] = (unsigned char)(0x80 | len);
	} else if (len <= 0xffff) {
		dst[1] = 0x80 | 126;
		dst[2] = (unsigned char)(len >> 8);
		dst[3] = (unsigned char)len;
		n = 4;
	} else {
		dst[1] = 0x80 | 127;
		for (; n < 10; n++)
			dst[n] =
				(unsigned char)((uint64_t)len >> (8 * (9 - n)));
	}
	memcpy(dst + n, mask, 4);
	return n + 4;
}

int relay_client_send(struct relay_client *c, enum relay_op op, const char *v,
                      size_t len)
{
	unsigned char mask[4];
	unsigned char *dst;
	int err;

	if (len > RELAY_MESSAGE_MAX)
		return ERR_LIMIT;
	crypto_random(mask, sizeof(mask));
	pthread_mutex_lock(&c->lock);
	dst = c->out + put_head(c->out, op, len, mask);
	for (size_t i = 0; i < len; i++)
		dst[i] = (unsigned char)v[i] ^ mask[i & 3];
	err = relay_write(c->fd, c->out, (size_t)(dst - c->out) + len,
	                  RELAY_SEND_MS);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* --- receiving --- */

static uint64_t big_endian(const unsigned char *v, size_t n)
{
	uint64_t x = 0;

	while (n--)
		x = x << 8 | *v++;
	return x;
}

static bool op_known(unsigned op)
{
	return op <= RELAY_BINARY || (op >= RELAY_CLOSE && op <= RELAY_PONG);
}

/* The frame that the input begins with. -EAGAIN: it is not whole. */
static int look(const struct relay_client *c, struct frame *f)
{
	const unsigned char *v = (const unsigned char *)c->in + c->at;
	size_t n = c->len - c->at, wide;
	uint64_t len;

	if (n < 2)
		return -EAGAIN;
	/* Reserved bits, masks of a server, pieces of a control frame. */
	if ((v[0] & 0x70) || (v[1] & 0x80) || !op_known(v[0] & 0x0f) ||
	    ((v[0] & 0x08) && (!(v[0] & 0x80) || v[1] > CONTROL_MAX)))
		return ERR_PROTO;
	wide = v[1] == 127 ? 8 : v[1] == 126 ? 2 : 0;
	if (n < 2 + wide)
		return -EAGAIN;
	len = wide ? big_endian(v + 2, wide) : v[1];
	if (len > RELAY_MESSAGE_MAX)
		return ERR_LIMIT;
	*f = (struct frame){.op = (enum relay_op)(v[0] & 0x0f),
	                    .fin = (v[0] & 0x80) != 0,
	                    .head = 2 + wide,
	                    .len = (size_t)len};
	return n < f->head + f->len ? -EAGAIN : 0;
}

/* Is this frame a message, or the end of one? -EAGAIN: not yet. */
static int gather(struct relay_client *c, const struct frame *f, const char *v,
                  struct relay_msg *msg)
{
	int err;

	*msg = (struct relay_msg){.op = f->op, .v = v, .len = f->len};
	if (f->op >= RELAY_CLOSE)
		return 0;
	if ((f->op == RELAY_MORE) != c->in_part)
		return ERR_PROTO;
	if (f->fin && !c->in_part)
		return 0;
	if (!c->in_part) {
		c->in_part = true;
		c->part_op = f->op;
		buf_reset(&c->part);
	}
	err = buf_add(&c->part, v, f->len);
	if (err || !f->fin)
		return err ? err : -EAGAIN;
	c->in_part = false;
	*msg = (struct relay_msg){
		.op = c->part_op, .v = buf_str(&c->part), .len = c->part.len};
	return 0;
}

static int fill(struct relay_client *c, int64_t until, int stop_fd)
{
	ssize_t n;

	if (c->at) {
		memmove(c->in, c->in + c->at, c->len - c->at);
		c->len -= c->at;
		c->at = 0;
	}
	n = relay_read(c->fd, c->in + c->len, IN_MAX - c->len, until, stop_fd);
	if (n <= 0)
		return n ? (int)n : ERR_EOF;
	c->len += (size_t)n;
	return 0;
}

int relay_client_next(struct relay_client *c, int64_t until, int stop_fd,
                      struct relay_msg *msg)
{
	struct frame f;
	int err;

	for (;;) {
		err = look(c, &f);
		if (!err) {
			const char *v = c->in + c->at + f.head;

			c->at += f.head + f.len;
			err = gather(c, &f, v, msg);
			if (err != -EAGAIN)
				return err;
			continue;
		}
		if (err == -EAGAIN)
			err = fill(c, until, stop_fd);
		if (err)
			return err;
	}
}

/* --- the end --- */

void relay_client_shut(struct relay_client *c)
{
	(void)shutdown(c->fd, SHUT_RDWR);
}

void relay_client_close(struct relay_client **cp)
{
	struct relay_client *c = *cp;

	if (!c)
		return;
	if (c->fd >= 0)
		(void)close(c->fd);
	pthread_mutex_destroy(&c->lock);
	buf_fini(&c->part);
	mem_free(c->in);
	mem_free(c->out);
	mem_free(c);
	*cp = NULL;
}
