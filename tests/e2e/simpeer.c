#define _GNU_SOURCE
#include "tests/e2e/simpeer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/js.h"
#include "common/str.h"
#include "tests/harness/http.h"
#include "tests/harness/test.h"

enum { IN_MAX = 64 << 20, UPGRADE_MS = 3000 };

double simpeer_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void put(struct simpeer *p, const void *v, size_t len)
{
	const char *at = v;

	while (len > 0) {
		const ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the simulator has gone; reading will tell */
		at += n;
		len -= (size_t)n;
	}
}

/* More bytes into p->in. 1; 0: time is up; -1: the end. */
static int more(struct simpeer *p, double until)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	const double left = until - simpeer_now();
	char chunk[65536];
	ssize_t n;

	if (poll(&fd, 1, left > 0 ? (int)left + 1 : 0) == 0)
		return 0;
	n = recv(p->fd, chunk, sizeof(chunk), 0);
	if (n <= 0)
		return -1;
	CHECK_INT(0, buf_add(&p->in, chunk, (size_t)n));
	return 1;
}

/* A refusal has a body of a declared length, behind @head bytes. */
static size_t read_body(struct simpeer *p, size_t head, double until)
{
	const char *field = strcasestr(p->in.v, "\r\ncontent-length: ");
	const size_t n = head + (field ? strtoul(field + 18, NULL, 10) : 0);

	while (p->in.len < n)
		CHECK_INT(1, more(p, until));
	return n;
}

static void read_head(struct simpeer *p)
{
	const double until = simpeer_now() + UPGRADE_MS;
	const char *end = NULL;
	uint64_t status = 0;
	size_t n;

	while (!end) {
		if (more(p, until) <= 0)
			return;
		end = strstr(buf_str(&p->in), "\r\n\r\n");
	}
	CHECK(strncmp(p->in.v, "HTTP/1.1 ", 9) == 0);
	CHECK_INT(0, str_u64(str_n(p->in.v + 9, 3), 999, &status));
	p->status = (int)status;
	n = (size_t)(end - p->in.v) + 4;
	if (status != 101)
		n = read_body(p, n, until);
	CHECK(n < sizeof(p->head));
	memcpy(p->head, p->in.v, n);
	p->head[n] = '\0';
	buf_drop(&p->in, n);
}

void simpeer_open(struct simpeer *p, const char *url, const char *target,
                  const char *headers)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	const char *port = strrchr(url, ':');
	char head[8192];
	int n;

	*p = (struct simpeer){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	CHECK(port && p->fd >= 0);
	buf_init(&p->in, IN_MAX);
	buf_init(&p->msg, IN_MAX);
	sa.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(0, connect(p->fd, (struct sockaddr *)&sa, sizeof(sa)));
	n = snprintf(head, sizeof(head),
	             "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	             "Sec-WebSocket-Version: 13\r\n%s\r\n",
	             target, headers);
	CHECK(n > 0 && (size_t)n < sizeof(head));
	put(p, head, (size_t)n);
	read_head(p);
	if (p->status == 101)
		CHECK(strstr(p->head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

void simpeer_close(struct simpeer *p)
{
	close(p->fd);
	buf_fini(&p->in);
	buf_fini(&p->msg);
	json_decref(p->json);
	p->json = NULL;
}

void simpeer_send_frame(struct simpeer *p, int head, bool masked, const void *v,
                        size_t len)
{
	static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
	const uint8_t *src = v;
	uint8_t *frame = malloc(len + 14);
	size_t n = 0;

	CHECK(frame && len < 65536);
	frame[n++] = (uint8_t)head;
	frame[n] = masked ? 0x80 : 0;
	if (len < 126) {
		frame[n++] |= (uint8_t)len;
	} else {
		frame[n++] |= 126;
		frame[n++] = (uint8_t)(len >> 8);
		frame[n++] = (uint8_t)len;
	}
	if (masked) {
		memcpy(frame + n, mask, 4);
		n += 4;
	}
	for (size_t i = 0; i < len; i++)
		frame[n++] = masked ? src[i] ^ mask[i % 4] : src[i];
	put(p, frame, n);
	free(frame);
}

void simpeer_send(struct simpeer *p, const char *text)
{
	simpeer_send_frame(p, 0x80 | SIMPEER_TEXT, true, text, strlen(text));
}

void simpeer_send_binary(struct simpeer *p, const void *v, size_t len)
{
	simpeer_send_frame(p, 0x80 | SIMPEER_BINARY, true, v, len);
}

/* One frame out of p->in: its first byte and payload; false: not whole. */
static bool take_frame(struct simpeer *p, int *head, size_t *at, size_t *len)
{
	const uint8_t *v = (const uint8_t *)p->in.v;
	const size_t have = p->in.len;

	if (have < 2)
		return false;
	CHECK(!(v[1] & 0x80)); /* servers do not mask */
	*head = v[0];
	*len = v[1];
	*at = *len == 126 ? 4 : *len == 127 ? 10 : 2;
	if (have < *at)
		return false;
	if (*at > 2) {
		*len = 0;
		for (size_t i = 2; i < *at; i++)
			*len = *len << 8 | v[i];
	}
	return have >= *at + *len;
}

static int on_close(struct simpeer *p, const uint8_t *v, size_t len)
{
	p->code = len >= 2 ? v[0] << 8 | v[1] : 1005;
	CHECK_INT(0, buf_add(&p->msg, v, len));
	simpeer_send_frame(p, 0x88, true, v, len >= 2 ? 2 : 0);
	return SIMPEER_CLOSE;
}

int simpeer_next(struct simpeer *p, int ms)
{
	const double until = simpeer_now() + ms;
	int opcode = 0;

	buf_reset(&p->msg);
	for (;;) {
		size_t at, len;
		int head, rc;

		if (!take_frame(p, &head, &at, &len)) {
			rc = more(p, until);
			if (rc <= 0)
				return rc ? SIMPEER_EOF : SIMPEER_TIMEOUT;
			continue;
		}
		if ((head & 0x0f) == SIMPEER_CLOSE)
			return on_close(p, (const uint8_t *)p->in.v + at, len);
		if ((head & 0x0f) > SIMPEER_CLOSE) {
			p->pings++;
			buf_drop(&p->in, at + len);
			continue;
		}
		CHECK_INT(0, buf_add(&p->msg, p->in.v + at, len));
		buf_drop(&p->in, at + len);
		p->pieces++;
		if (head & 0x0f)
			opcode = head & 0x0f;
		if (head & 0x80)
			return opcode;
	}
}

const json_t *simpeer_wait(struct simpeer *p, const char *type, int ms)
{
	const double until = simpeer_now() + ms;

	for (;;) {
		const double left = until - simpeer_now();
		const int opcode =
			simpeer_next(p, left > 0 ? (int)left + 1 : 0);

		if (opcode != SIMPEER_TEXT)
			return NULL;
		json_decref(p->json);
		p->json = js_parse(p->msg.v, p->msg.len, NULL, 0);
		if (strcmp(js_str(p->json, "type", ""), type) == 0)
			return p->json;
	}
}

int simpeer_wait_end(struct simpeer *p, int ms)
{
	const double until = simpeer_now() + ms;
	int opcode;

	do {
		const double left = until - simpeer_now();

		opcode = simpeer_next(p, left > 0 ? (int)left + 1 : 0);
	} while (opcode > 0 && opcode != SIMPEER_CLOSE);
	return opcode == SIMPEER_CLOSE ? p->code : opcode;
}

/* --- the simulator's own words --- */

static void ask(struct http_answer *a, const char *method, const char *url,
                const char *path, const char *body)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", url, path);
	http_send(a, method, full, NULL, body);
	CHECK_INT(200, a->status);
}

const char *simpeer_violations(const char *url)
{
	static char text[8192];
	struct http_answer a;

	ask(&a, "GET", url, "/sim/violations", NULL);
	snprintf(text, sizeof(text), "%s", a.body);
	http_done(&a);
	return text;
}

json_t *simpeer_state(const char *url, const char *path)
{
	struct http_answer a;
	struct str rest = str_of(path);
	json_t *at;

	ask(&a, "GET", url, "/sim/state", NULL);
	at = a.json;
	while (rest.len > 0 && at) {
		const struct str part = str_cut(&rest, '.');
		uint64_t i;
		char key[64];

		CHECK_INT(0, str_copy(key, sizeof(key), part));
		if (json_is_array(at) && !str_u64(part, 100000, &i))
			at = json_array_get(at, i);
		else
			at = json_object_get(at, key);
	}
	json_incref(at);
	http_done(&a);
	return at;
}

void simpeer_fault(const char *url, const char *fault)
{
	struct http_answer a;

	ask(&a, "POST", url, "/sim/fault", fault);
	http_done(&a);
}
