/*
 * The listener as a peer sees it that is slow, odd or hostile: bytes by hand
 * over plain sockets, the server's loop in the same thread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

static struct net *net;
static struct ws_server *server;
static struct ws *ws;
static struct timer pause_timer;
static char seen[65536]; /* what the handlers were given */
static int fd;

static void add(const char *what, const char *v, size_t len)
{
	size_t n = strlen(seen);

	snprintf(seen + n, sizeof(seen) - n, "%s%.*s;", what, (int)len, v);
}

static void request_handler(const struct ws_request *req,
                            struct ws_response *res, void *arg)
{
	(void)arg;
	add("", req->path, strlen(req->path));
	add("body:", req->body, req->body_len);
	CHECK_INT(req->body_len, strlen(req->body)); /* terminated */
	CHECK_INT(0, buf_adds(&res->body, req->path));
	if (!strcmp(req->path, "/204"))
		res->status = 204;
}

static int upgrade_handler(const struct ws_request *req, void **tag, void *arg)
{
	(void)tag;
	(void)arg;
	add("upgrade:", req->path, strlen(req->path));
	return 0;
}

static void event_handler(const struct ws_event *ev, void *arg)
{
	char code[32];

	(void)arg;
	if (ev->type == WS_CLOSED) {
		snprintf(code, sizeof(code), "closed:%d", ev->code);
		add(code, "", 0);
		ws_close(&ws, 1000, NULL);
	} else {
		add(ev->type == WS_TEXT ? "text:" : "binary:", ev->data,
		    ev->len);
	}
}

static void accepted_handler(struct ws *accepted, void *tag, void *arg)
{
	(void)tag;
	(void)arg;
	CHECK(accepted);
	ws = accepted;
	ws_set_handler(ws, event_handler, NULL);
}

static void begin(void)
{
	static const struct ws_handlers h = {request_handler, upgrade_handler,
	                                     accepted_handler, 100};
	struct sockaddr_in sa = {.sin_family = AF_INET};

	seen[0] = '\0';
	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons(ws_server_port(server));
	CHECK_INT(0, connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
}

static void end(void)
{
	close(fd);
	ws_close(&ws, 1000, NULL);
	ws_server_close(&server);
	net_free(&net);
	CHECK_INT(0, mem_live());
}

static void stop_handler(void *arg)
{
	(void)arg;
	net_stop(net);
}

static void pass(uint32_t ms)
{
	timer_start(net_timers(net), &pause_timer, ms, stop_handler, NULL);
	net_run(net);
}

static void put(const void *v, size_t len)
{
	CHECK_INT(len, send(fd, v, len, MSG_NOSIGNAL));
}

static void puts_text(const char *text)
{
	put(text, strlen(text));
}

static char got[65536];

/* What has come so far, and whether the end has. */
static bool get(void)
{
	size_t n = strlen(got);
	ssize_t k = 1;

	while (k > 0) {
		k = recv(fd, got + n, sizeof(got) - n - 1, MSG_DONTWAIT);
		if (k > 0)
			n += (size_t)k;
		got[n] = '\0';
	}
	return k == 0;
}

/* Run until @text has come; the test's time limit is the deadline. */
static void wait_for(const char *text)
{
	while (!strstr(got, text)) {
		pass(2);
		get();
	}
}

static void wait_end(void)
{
	while (!get())
		pass(2);
}

static void requests_in_one_packet_are_answered_in_order(void)
{
	const char *a, *b;

	begin();
	puts_text("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
	          "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
	          "GET /204 HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_for("204 No Content");
	CHECK_STR("/a;body:;/b;body:xyz;/204;body:;", seen);
	a = strstr(got, "\r\n\r\n/a");
	b = strstr(got, "\r\n\r\n/b");
	CHECK(a && b && a < b);
	CHECK(!strstr(got, "\r\n\r\n/204"));
	end();
}

static void a_request_may_come_byte_by_byte(void)
{
	static const char text[] =
		"POST /slow HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";

	begin();
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		put(text + i, 1);
		pass(1);
	}
	wait_for("/slow");
	CHECK_STR("/slow;body:body;", seen);
	end();
}

static void a_peer_that_says_close_is_closed(void)
{
	begin();
	puts_text("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"
	          "GET /b HTTP/1.1\r\n\r\n");
	wait_end();
	CHECK(strstr(got, "Connection: close"));
	CHECK_STR("/a;body:;", seen);
	end();
}

static void what_is_wrong_gets_its_status_and_the_end(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"POST /a HTTP/1.1\r\n\r\n", "HTTP/1.1 411 "},
		{"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	         "HTTP/1.1 411 "},
		{"POST /a HTTP/1.1\r\nContent-Length: 101\r\n\r\n",
	         "HTTP/1.1 413 "},
		{"nonsense\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 "},
		/* A frame before the answer. */
		{"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nX",
	         "HTTP/1.1 400 "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		got[0] = '\0';
		begin();
		puts_text(rows[i].text);
		wait_end();
		if (strncmp(got, rows[i].want, strlen(rows[i].want)) != 0)
			test_fail(__FILE__, __LINE__, "%s -> %s", rows[i].text,
			          got);
		CHECK_STR("", seen);
		end();
	}
}

static void a_head_without_end_is_431(void)
{
	static char junk[40000];

	begin();
	memset(junk, 'a', sizeof(junk));
	puts_text("GET / HTTP/1.1\r\nX: ");
	put(junk, sizeof(junk));
	wait_end();
	CHECK(!strncmp(got, "HTTP/1.1 431 ", 13));
	end();
}

static void a_large_body_is_told_to_continue(void)
{
	begin();
	puts_text("POST /c HTTP/1.1\r\nContent-Length: 2\r\n"
	          "Expect: 100-continue\r\n\r\n");
	wait_for("100 Continue\r\n\r\n");
	CHECK_STR("", seen);
	puts_text("ok");
	wait_for("200 OK");
	CHECK_STR("/c;body:ok;", seen);
	end();
}

/* --- frames --- */

static void upgrade(void)
{
	puts_text("GET /ws/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
	          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	          "Sec-WebSocket-Protocol: audio\r\n"
	          "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	wait_for("\r\n\r\n");
	CHECK(!strncmp(got, "HTTP/1.1 101 ", 13));
	/* The example of RFC 6455. */
	CHECK(strstr(got, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	CHECK(!strcasestr(got, "sec-websocket-protocol"));
	CHECK(!strcasestr(got, "permessage-deflate"));
	CHECK_STR("upgrade:/ws/x;", seen);
	seen[0] = got[0] = '\0';
}

/* A masked frame of at most 125 bytes, the mask being "mask". */
static void frame(unsigned char first, const char *v)
{
	unsigned char f[140] = {
		first, (unsigned char)(0x80 | strlen(v)), 'm', 'a', 's', 'k'};
	size_t n = strlen(v);

	for (size_t i = 0; i < n; i++)
		f[6 + i] = (unsigned char)(v[i] ^ "mask"[i % 4]);
	put(f, 6 + n);
}

static void fragments_become_one_message(void)
{
	begin();
	upgrade();
	frame(0x01, "one ");
	frame(0x89, "ping"); /* may come between them */
	frame(0x00, "two ");
	frame(0x80, "three");
	frame(0x82, "bin");
	frame(0x81, "");
	while (!strstr(seen, "text:;"))
		pass(2);
	CHECK_STR("text:one two three;binary:bin;text:;", seen);
	wait_for("\x8a\x04ping");
	end();
}

static void a_frame_may_come_byte_by_byte(void)
{
	static const unsigned char f[] = {0x81, 0x82, 'm',       'a',
	                                  's',  'k',  'h' ^ 'm', 'i' ^ 'a'};

	begin();
	upgrade();
	for (size_t i = 0; i < sizeof(f); i++) {
		put(f + i, 1);
		pass(1);
	}
	while (!seen[0])
		pass(2);
	CHECK_STR("text:hi;", seen);
	end();
}

static void a_close_is_answered_with_its_code(void)
{
	begin();
	upgrade();
	frame(0x88, "\x03\xe9gone");
	wait_end();
	CHECK_STR("closed:1001;", seen);
	CHECK(!strncmp(got, "\x88", 1) && got[2] == 3 &&
	      (unsigned char)got[3] == 0xe9);
	end();
}

static void a_close_without_code_is_1005(void)
{
	begin();
	upgrade();
	frame(0x88, "");
	wait_end();
	CHECK_STR("closed:1005;", seen);
	end();
}

static void a_peer_that_vanishes_is_1006(void)
{
	begin();
	upgrade();
	close(fd);
	while (!seen[0])
		pass(2);
	CHECK_STR("closed:1006;", seen);
	fd = -1;
	end();
}

static void our_close_is_a_frame_with_the_code(void)
{
	begin();
	upgrade();
	ws_close(&ws, 1008, "no");
	wait_for("no");
	CHECK(!memcmp(got, "\x88\x04\x03\xf0no", 6));
	wait_end(); /* the peer never answers; a second, and it is over */
	CHECK_STR("", seen);
	end();
}

static void a_frame_that_breaks_the_protocol_ends_it(void)
{
	static const unsigned char firsts[] = {0x83, 0xf1, 0x8b};

	for (size_t i = 0; i < sizeof(firsts); i++) {
		got[0] = '\0';
		begin();
		upgrade();
		frame(firsts[i], "x");
		/* Behind reserved bits no answer is read: it has 5 s. */
		wait_for("\x88");
		if (firsts[i] != 0xf1)
			frame(0x88, "\x03\xea");
		wait_end();
		CHECK(!strstr(seen, "text") && !strstr(seen, "binary"));
		CHECK(strstr(seen, "closed:"));
		end();
	}
}

static const struct test tests[] = {
	TEST(requests_in_one_packet_are_answered_in_order),
	TEST(a_request_may_come_byte_by_byte),
	TEST(a_peer_that_says_close_is_closed),
	TEST(what_is_wrong_gets_its_status_and_the_end),
	TEST(a_head_without_end_is_431),
	TEST(a_large_body_is_told_to_continue),
	TEST(fragments_become_one_message),
	TEST(a_frame_may_come_byte_by_byte),
	TEST(a_close_is_answered_with_its_code),
	TEST(a_close_without_code_is_1005),
	TEST(a_peer_that_vanishes_is_1006),
	TEST(our_close_is_a_frame_with_the_code),
	TEST(a_frame_that_breaks_the_protocol_ends_it),
};

TEST_MAIN(tests)
