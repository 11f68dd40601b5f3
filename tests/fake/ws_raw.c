#define _GNU_SOURCE /* strcasestr() */
#include "tests/fake/ws_raw.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/crypto.h"
#include "tests/harness/test.h"

#define KEY  "dGhlIHNhbXBsZSBub25jZQ=="
#define SUM  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};

int ws_raw_connect(unsigned port, const char *target, const char *headers,
                   struct http_answer *a)
{
	char head[8192];
	int fd = client_connect(port);
	int n = snprintf(head, sizeof(head),
	                 "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	                 "Sec-WebSocket-Key: " KEY "\r\n"
	                 "Sec-WebSocket-Version: 13\r\n%s\r\n",
	                 target, headers);

	CHECK(n > 0 && (size_t)n < sizeof(head));
	client_send(fd, head, (size_t)n);
	client_read(fd, a, 1);
	if (a->status == 101) {
		CHECK_STR(SUM, client_header(a, "Sec-WebSocket-Accept"));
		return fd;
	}
	close(fd);
	return -1;
}

void ws_raw_accept(int fd, const char *head)
{
	static const char name[] = "\r\nSec-WebSocket-Key: ";
	const char *key = strcasestr(head, name);
	const struct timeval limit = {.tv_sec = WS_RAW_SEC};
	char text[128], sum[BASE64_LEN(CRYPTO_SHA1_LEN) + 1], answer[512];
	uint8_t digest[CRYPTO_SHA1_LEN];
	int n;

	CHECK(key != NULL);
	key += sizeof(name) - 1;
	n = snprintf(text, sizeof(text), "%.*s" GUID, (int)strcspn(key, "\r"),
	             key);
	CHECK(n > 0 && (size_t)n < sizeof(text));
	crypto_sha1(digest, text, (size_t)n);
	sum[base64_encode(sum, digest, sizeof(digest))] = '\0';
	n = snprintf(answer, sizeof(answer),
	             "HTTP/1.1 101 Switching Protocols\r\n"
	             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	             "Sec-WebSocket-Accept: %s\r\n\r\n",
	             sum);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	client_send(fd, answer, (size_t)n);
}

static size_t put_head(unsigned char *dst, int op, bool fin, bool masked,
                       size_t len)
{
	size_t wide = len < 126 ? 0 : len < 65536 ? 2 : 8, n = 2;

	dst[0] = (unsigned char)(op | (fin ? 0x80 : 0));
	dst[1] = (unsigned char)(wide == 0 ? len : wide == 2 ? 126 : 127);
	dst[1] |= masked ? 0x80 : 0;
	for (size_t i = 0; i < wide; i++)
		dst[n++] = (unsigned char)((uint64_t)len >> 8 * (wide - 1 - i));
	if (masked) {
		memcpy(dst + n, mask, sizeof(mask));
		n += sizeof(mask);
	}
	return n;
}

void ws_raw_send_head(int fd, int op, bool fin, bool masked, size_t len)
{
	unsigned char head[14];

	client_send(fd, (char *)head, put_head(head, op, fin, masked, len));
}

void ws_raw_send(int fd, int op, bool fin, bool masked, const void *v,
                 size_t len)
{
	const unsigned char *src = v;
	unsigned char *frame = malloc(len + 14);
	size_t n;

	CHECK(frame != NULL);
	n = put_head(frame, op, fin, masked, len);
	for (size_t i = 0; i < len; i++)
		frame[n++] = masked ? src[i] ^ mask[i % 4] : src[i];
	client_send(fd, (char *)frame, n);
	free(frame);
}

static bool read_all(int fd, void *v, size_t len)
{
	char *at = v;

	while (len) {
		ssize_t n = recv(fd, at, len, 0);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

int ws_raw_read(int fd, struct ws_raw *f, unsigned ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned char head[8], key[4] = {0};
	size_t wide;

	f->op = WS_RAW_NOTHING;
	if (poll(&p, 1, (int)ms) == 0)
		return f->op;
	f->op = WS_RAW_EOF;
	if (!read_all(fd, head, 2))
		return f->op;
	f->fin = (head[0] & 0x80) != 0;
	f->masked = (head[1] & 0x80) != 0;
	f->len = head[1] & 0x7f;
	wide = f->len == 127 ? 8 : f->len == 126 ? 2 : 0;
	CHECK(!(head[0] & 0x70));
	if (wide) {
		unsigned char more[8];

		if (!read_all(fd, more, wide))
			return f->op;
		f->len = 0;
		for (size_t i = 0; i < wide; i++)
			f->len = f->len << 8 | more[i];
	}
	CHECK(f->len <= WS_RAW_MAX);
	if (f->masked && !read_all(fd, key, sizeof(key)))
		return f->op;
	if (!read_all(fd, f->v, f->len))
		return f->op;
	for (size_t i = 0; i < f->len; i++)
		f->v[i] = (char)((unsigned char)f->v[i] ^ key[i % 4]);
	f->v[f->len] = '\0';
	f->op = head[0] & 0x0f;
	return f->op;
}

void ws_raw_expect(int fd, int op, bool fin, const void *v, size_t len)
{
	struct ws_raw *f = calloc(1, sizeof(*f));

	CHECK(f != NULL);
	CHECK_INT(op, ws_raw_read(fd, f, WS_RAW_SEC * 1000));
	CHECK_INT(fin, f->fin);
	CHECK_INT(len, f->len);
	CHECK(!memcmp(v, f->v, len));
	free(f);
}

void ws_raw_expect_end(int fd)
{
	struct ws_raw *f = calloc(1, sizeof(*f));

	CHECK(f != NULL);
	CHECK_INT(WS_RAW_EOF, ws_raw_read(fd, f, WS_RAW_SEC * 1000));
	free(f);
}
