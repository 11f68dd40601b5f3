#define _GNU_SOURCE
#include "tests/e2e/plivo_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/test.h"

double ppeer_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void ppeer_open(struct ppeer *p)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	memset(p, 0, sizeof(*p));
	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(p->listener, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!listen(p->listener, 64));
	CHECK(!getsockname(p->listener, (struct sockaddr *)&a, &len));
	p->port = ntohs(a.sin_port);
	for (int i = 0; i < PPEER_CONNS; i++)
		p->conns[i].fd = -1;
	p->status = 200;
	p->upgrade = 101;
	p->payload = 216;
	p->close_code = -1;
	p->events = json_array();
}

static void drop(struct ppeer *p, struct ppeer_conn *c)
{
	if (c->fd < 0)
		return;
	close(c->fd);
	free(c->in);
	c->in = NULL;
	c->len = 0;
	c->ws = false;
	c->fd = -1;
	if (c == p->stream) {
		p->stream = NULL;
		p->closed = true;
	}
}

void ppeer_close(struct ppeer *p)
{
	for (int i = 0; i < PPEER_CONNS; i++)
		drop(p, &p->conns[i]);
	close(p->listener);
	json_decref(p->events);
}

void ppeer_put(struct ppeer_conn *c, const void *v, size_t len)
{
	const char *at = v;

	while (len) {
		const ssize_t n = send(c->fd, at, len, 0);

		if (n <= 0)
			return; /* reading will tell */
		at += n;
		len -= (size_t)n;
	}
}

void ppeer_hang_up(struct ppeer *p, int code)
{
	const uint8_t v[2] = {(uint8_t)(code >> 8), (uint8_t)code};

	if (code)
		ppeer_frame(p, 0x88, v, sizeof(v));
	else
		drop(p, p->stream);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void on_media(struct ppeer *p, const json_t *o)
{
	const char *payload = text_of(json_object_get(o, "media"), "payload");
	unsigned char raw[2048];
	const int n = EVP_DecodeBlock(raw, (const unsigned char *)payload,
	                              (int)strlen(payload));

	p->last_media = ppeer_now();
	if (!p->media++)
		p->first_media = p->last_media;
	CHECK(n >= 160);
	CHECK_INT(p->payload, strlen(payload));
	for (int i = 0; i < 160; i++) {
		const uint8_t level = (uint8_t)(0x7f - (raw[i] & 0x7f));

		if (level > p->loudest)
			p->loudest = level;
	}
}

static void on_text(struct ppeer *p, const char *v, size_t len)
{
	json_t *o = json_loadb(v, len, JSON_REJECT_DUPLICATES, NULL);
	const char *event = text_of(o, "event");

	CHECK(o);
	if (!strcmp(event, "media")) {
		on_media(p, o);
		json_decref(o);
		return;
	}
	if (!strcmp(event, "start")) {
		const json_t *start = json_object_get(o, "start");

		p->starts++;
		(void)snprintf(p->stream_id, sizeof(p->stream_id), "%s",
		               text_of(start, "streamId"));
		(void)snprintf(p->call_id, sizeof(p->call_id), "%s",
		               text_of(start, "callId"));
	}
	json_array_append_new(p->events, o);
}

/* One frame from the simulator; returns its length, 0: not all there. */
static size_t on_frame(struct ppeer *p, struct ppeer_conn *c)
{
	uint8_t *v = (uint8_t *)c->in;
	size_t len, head = 2;

	if (c->len < 2)
		return 0;
	len = v[1] & 0x7f;
	CHECK(v[1] & 0x80 && len != 127); /* masked, and short */
	if (len == 126) {
		head = 4;
		if (c->len < head)
			return 0;
		len = (size_t)v[2] << 8 | v[3];
	}
	if (c->len < head + 4 + len)
		return 0;
	for (size_t i = 0; i < len; i++)
		v[head + 4 + i] ^= v[head + (i & 3)];
	head += 4;
	if (v[0] == 0x81) {
		on_text(p, c->in + head, len);
	} else if (v[0] == 0x89) {
		p->pings++;
		ppeer_frame(p, 0x8a, v + head, len);
	} else if (v[0] == 0x88) {
		p->close_code = len >= 2 ? v[head] << 8 | v[head + 1] : 1005;
		ppeer_frame(p, 0x88, v + head, len < 2 ? len : 2);
		drop(p, c);
		return 0;
	}
	return head + len;
}

const char *ppeer_header(const struct ppeer_request *r, const char *name)
{
	static char value[4096];
	char wanted[128];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "\r\n%s:", name);
	at = strcasestr(r->headers, wanted);
	if (!at)
		return "";
	at += strlen(wanted);
	at += strspn(at, " ");
	(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"),
	               at);
	return value;
}

const char *ppeer_param(const struct ppeer_request *r, const char *name)
{
	static char value[1024];
	const char *at = r->body;
	size_t n = 0;

	for (; *at; at += *at ? 1 : 0) {
		const size_t len = strcspn(at, "&");

		if (!strncmp(at, name, strlen(name)) && at[strlen(name)] == '=')
			break;
		at += len;
	}
	if (!*at)
		return "";
	for (at += strlen(name) + 1; *at && *at != '&'; at++) {
		if (*at == '%' && at[1] && at[2]) {
			const char hex[3] = {at[1], at[2], '\0'};

			value[n++] = (char)strtoul(hex, NULL, 16);
			at += 2;
		} else {
			value[n++] = *at == '+' ? ' ' : *at;
		}
		CHECK(n < sizeof(value));
	}
	value[n] = '\0';
	return value;
}

static void upgrade(struct ppeer *p, struct ppeer_conn *c,
                    const struct ppeer_request *r)
{
	char key[128], text[512];
	unsigned char digest[SHA_DIGEST_LENGTH], accept[64];

	(void)snprintf(key, sizeof(key),
	               "%.60s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
	               ppeer_header(r, "Sec-WebSocket-Key"));
	SHA1((const unsigned char *)key, strlen(key), digest);
	EVP_EncodeBlock(accept, digest, sizeof(digest));
	if (p->upgrade != 101) {
		(void)snprintf(text, sizeof(text),
		               "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
		               p->upgrade);
		ppeer_put(c, text, strlen(text));
		drop(p, c);
		return;
	}
	(void)snprintf(text, sizeof(text),
	               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
	               "websocket\r\nConnection: keep-alive, Upgrade\r\n"
	               "Sec-WebSocket-Accept: %s\r\n\r\n",
	               accept);
	ppeer_put(c, text, strlen(text));
	c->ws = true;
	p->stream = c;
	p->closed = false;
	p->media = 0;
}

static void respond(struct ppeer *p, struct ppeer_conn *c,
                    const struct ppeer_request *r)
{
	const bool xml = !strncmp(r->target, "/answer", 7) ||
	                 !strncmp(r->target, "/next", 5);
	const char *body = !xml                  ? "ok"
	                   : r->target[1] == 'a' ? p->answer
	                                         : p->next;
	int status = 200;
	char text[8192];

	if (xml && p->fail) {
		p->fail--;
		status = p->status;
	}
	(void)snprintf(text, sizeof(text),
	               "HTTP/1.1 %d X\r\nContent-Type: %s\r\n"
	               "Content-Length: %zu\r\n\r\n%s",
	               status, xml ? "application/xml" : "text/plain",
	               strlen(body), body);
	ppeer_put(c, text, strlen(text));
}

/* One request; returns its length, 0: not all there. */
static size_t on_request(struct ppeer *p, struct ppeer_conn *c)
{
	const char *end = memmem(c->in, c->len, "\r\n\r\n", 4), *line, *space;
	struct ppeer_request *r = &p->log[p->count];
	size_t head, body;

	if (!end)
		return 0;
	CHECK(p->count < PPEER_REQUESTS);
	memset(r, 0, sizeof(*r));
	head = (size_t)(end - c->in) + 4;
	line = memmem(c->in, head, "\r\n", 2);
	space = memchr(c->in, ' ', head);
	CHECK(line && space && space < line && line - space > 10);
	(void)snprintf(r->headers, sizeof(r->headers), "%.*s",
	               (int)(end + 2 - line), line);
	body = (size_t)strtoul(ppeer_header(r, "Content-Length"), NULL, 10);
	if (c->len < head + body)
		return 0;
	(void)snprintf(r->method, sizeof(r->method), "%.*s",
	               (int)(space - c->in), c->in);
	(void)snprintf(r->target, sizeof(r->target), "%.*s",
	               (int)(line - space - 10), space + 1);
	(void)snprintf(r->body, sizeof(r->body), "%.*s", (int)body,
	               c->in + head);
	r->at = ppeer_now();
	p->count++;
	if (*ppeer_header(r, "Upgrade"))
		upgrade(p, c, r);
	else
		respond(p, c, r);
	return head + body;
}

static void on_readable(struct ppeer *p, struct ppeer_conn *c)
{
	const ssize_t n = recv(c->fd, c->in + c->len, PPEER_IN - c->len, 0);

	if (n <= 0) {
		drop(p, c);
		return;
	}
	c->len += (size_t)n;
	while (c->fd >= 0) {
		const size_t used = c->ws ? on_frame(p, c) : on_request(p, c);

		if (!used || !c->in)
			return;
		memmove(c->in, c->in + used, c->len - used);
		c->len -= used;
	}
}

static void on_connection(struct ppeer *p)
{
	const int fd = accept(p->listener, NULL, NULL), on = 1;

	CHECK(fd >= 0);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int i = 0; i < PPEER_CONNS; i++) {
		if (p->conns[i].fd >= 0)
			continue;
		p->conns[i].fd = fd;
		p->conns[i].in = malloc(PPEER_IN);
		CHECK(p->conns[i].in);
		return;
	}
	test_fail(__FILE__, __LINE__, "too many connections");
}

/* Serve what comes within @ms; at most one round. */
static void turn(struct ppeer *p, int ms)
{
	struct pollfd fds[PPEER_CONNS + 1] = {
		{.fd = p->listener, .events = POLLIN}};

	for (int i = 0; i < PPEER_CONNS; i++)
		fds[i + 1] =
			(struct pollfd){.fd = p->conns[i].fd, .events = POLLIN};
	if (poll(fds, PPEER_CONNS + 1, ms) <= 0)
		return;
	for (int i = 0; i < PPEER_CONNS; i++)
		if (fds[i + 1].revents && p->conns[i].fd == fds[i + 1].fd)
			on_readable(p, &p->conns[i]);
	if (fds[0].revents)
		on_connection(p);
}

const struct ppeer_request *ppeer_request(const struct ppeer *p,
                                          const char *prefix, size_t n)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strncmp(p->log[i].target, prefix, strlen(prefix)) && !n--)
			return &p->log[i];
	return NULL;
}

size_t ppeer_requests(const struct ppeer *p, const char *prefix)
{
	size_t n = 0;

	while (ppeer_request(p, prefix, n))
		n++;
	return n;
}

size_t ppeer_events(const struct ppeer *p, const char *event)
{
	size_t n = 0, i;
	json_t *o;

	json_array_foreach(p->events, i, o) n +=
		!strcmp(text_of(o, "event"), event);
	return n;
}

void ppeer_serve(struct ppeer *p, int ms)
{
	const double until = ppeer_now() + ms / 1e3;

	while (ppeer_now() < until)
		turn(p, 1 + (int)((until - ppeer_now()) * 1e3));
}

void ppeer_wait_requests(struct ppeer *p, const char *prefix, size_t n, int ms)
{
	const double until = ppeer_now() + ms / 1e3;

	while (ppeer_requests(p, prefix) < n) {
		if (ppeer_now() > until)
			test_fail(__FILE__, __LINE__, "%zu of %zu requests %s",
			          ppeer_requests(p, prefix), n, prefix);
		turn(p, 20);
	}
}

void ppeer_wait_events(struct ppeer *p, const char *event, size_t n, int ms)
{
	const double until = ppeer_now() + ms / 1e3;

	while (ppeer_events(p, event) < n) {
		if (ppeer_now() > until)
			test_fail(__FILE__, __LINE__, "%zu of %zu events %s",
			          ppeer_events(p, event), n, event);
		turn(p, 20);
	}
}

void ppeer_wait_media(struct ppeer *p, unsigned n, int ms)
{
	const double until = ppeer_now() + ms / 1e3;

	while (p->media < n) {
		if (ppeer_now() > until)
			test_fail(__FILE__, __LINE__, "%u of %u media",
			          p->media, n);
		turn(p, 20);
	}
}

void ppeer_wait_closed(struct ppeer *p, int ms)
{
	const double until = ppeer_now() + ms / 1e3;

	while (!p->closed) {
		if (ppeer_now() > until)
			test_fail(__FILE__, __LINE__, "the stream is open");
		turn(p, 20);
	}
}
