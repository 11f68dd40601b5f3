#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

/* One side of a connection and what it saw. */
struct side {
	struct ws *ws;
	char log[512]; /* "open text:hello closed:1000" */
	size_t bytes, messages;
	bool echo, close_on_text, close_on_open, stop_on_text;
	int code, err, status;
};

static struct net *net;
static struct ws_server *server;
static struct side client, peer;
static struct timer watchdog, later;
static char url[128];
static int upgrade_status;
static bool leave_handler_unset;

static void note(struct side *s, const char *what, const char *v, size_t len)
{
	size_t n = strlen(s->log);

	snprintf(s->log + n, sizeof(s->log) - n, "%s%s%.*s", n ? " " : "", what,
	         (int)(len < 40 ? len : 40), v);
}

static void event_handler(const struct ws_event *ev, void *arg)
{
	struct side *s = arg;
	char code[16];

	switch (ev->type) {
	case WS_OPEN:
		note(s, "open", "", 0);
		if (s->close_on_open)
			ws_close(&s->ws, 1001, "going");
		break;
	case WS_TEXT:
	case WS_BINARY:
		note(s, ev->type == WS_TEXT ? "text:" : "binary:", ev->data,
		     ev->len);
		s->bytes += ev->len;
		s->messages++;
		if (s->echo)
			CHECK_INT(0, ev->type == WS_TEXT
			                     ? ws_send_text(s->ws, ev->data,
			                                    ev->len)
			                     : ws_send_binary(s->ws, ev->data,
			                                      ev->len));
		if (s->close_on_text)
			ws_close(&s->ws, 1008, "enough");
		if (s->stop_on_text)
			net_stop(net);
		break;
	case WS_CLOSED:
		snprintf(code, sizeof(code), "closed:%d/", ev->code);
		note(s, code, ev->data, ev->len);
		s->code = ev->code;
		ws_close(&s->ws, 1000, NULL);
		net_stop(net);
		break;
	case WS_FAILED:
		note(s, "failed", "", 0);
		s->err = ev->err;
		s->status = ev->status;
		ws_close(&s->ws, 1000, NULL);
		net_stop(net);
		break;
	}
}

static char seen[2048]; /* of the last request or upgrade */

static const char *or_none(const char *v)
{
	return v ? v : "-";
}

static void note_request(const struct ws_request *req)
{
	snprintf(seen, sizeof(seen), "%s %s ? %s auth=%s peer=%s body=%s",
	         req->method, req->path, req->query,
	         or_none(req->header(req, "authorization")), req->peer,
	         req->body);
}

static void request_handler(const struct ws_request *req,
                            struct ws_response *res, void *arg)
{
	(void)arg;
	note_request(req);
	res->status = strcmp(req->path, "/missing") ? 200 : 404;
	CHECK_INT(0, buf_addf(&res->body, "%zu", req->body_len));
}

static int upgrade_handler(const struct ws_request *req, void **tag, void *arg)
{
	(void)arg;
	note_request(req);
	*tag = &peer;
	return upgrade_status;
}

static void accepted_handler(struct ws *ws, void *tag, void *arg)
{
	struct side *s = tag;

	(void)arg;
	CHECK(ws);
	CHECK(s == &peer);
	if (leave_handler_unset)
		return;
	s->ws = ws;
	ws_set_handler(ws, event_handler, s);
	if (s->close_on_open)
		ws_close(&s->ws, 1013, "full");
}

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: client \"%s\" peer \"%s\"",
	          client.log, peer.log);
}

static void begin(void)
{
	static const struct ws_handlers h = {request_handler, upgrade_handler,
	                                     accepted_handler, 1000};

	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	CHECK(ws_server_port(server));
	snprintf(url, sizeof(url), "ws://localhost:%u/ws/a%%2Fb?body=a+b%%3D;c",
	         ws_server_port(server));
	timer_start(net_timers(net), &watchdog, test_ms(8000), watchdog_handler,
	            NULL);
}

static void end(void)
{
	ws_close(&client.ws, 1000, NULL);
	ws_close(&peer.ws, 1000, NULL);
	ws_server_close(&server);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, mem_live());
}

static void dial(const char *to)
{
	static const struct ws_header headers[] = {
		{"authorization", "Token abc"},
		{"x-other", "1"},
	};
	struct ws_params prm = {.url = to,
	                        .headers = headers,
	                        .n_headers = 2,
	                        .connect_ms = 1500};

	CHECK_INT(0, ws_connect(&client.ws, net, &prm, event_handler, &client));
	CHECK_STR("", client.log); /* not yet */
}

static void send_hello(void *arg)
{
	struct side *s = arg;

	CHECK_INT(0, ws_send_text(s->ws, "hello", 5));
}

static void send_hello_when_open(void *arg)
{
	if (strstr(client.log, "open"))
		send_hello(arg);
	else
		timer_start(net_timers(net), &later, 1, send_hello_when_open,
		            arg);
}

static void a_message_comes_back_as_it_was_sent(void)
{
	begin();
	peer.echo = client.stop_on_text = true;
	dial(url);
	send_hello_when_open(&client);
	net_run(net);
	CHECK_STR("open text:hello", client.log);
	CHECK_STR("text:hello", peer.log);
	CHECK_STR("GET /ws/a%2Fb ? body=a+b%3D;c auth=Token abc "
	          "peer=127.0.0.1 body=",
	          seen);
	end();
}

static bool both_open(void)
{
	return strstr(client.log, "open") && peer.ws;
}

static void close_client(void *arg)
{
	if (!both_open()) {
		timer_start(net_timers(net), &later, 1, close_client, arg);
		return;
	}
	ws_close(&client.ws, 4001, "bye now");
}

static void the_peer_learns_code_and_reason_of_a_close(void)
{
	begin();
	dial(url);
	timer_start(net_timers(net), &later, 1, close_client, NULL);
	net_run(net);
	CHECK_STR("closed:4001/bye now", peer.log);
	end();
}

static void close_peer(void *arg)
{
	if (!both_open()) {
		timer_start(net_timers(net), &later, 1, close_peer, arg);
		return;
	}
	CHECK_INT(0, ws_send_text(peer.ws, "last", 4));
	ws_close(&peer.ws, 1008, "policy");
}

static void what_was_sent_arrives_before_the_close(void)
{
	begin();
	dial(url);
	timer_start(net_timers(net), &later, 1, close_peer, NULL);
	net_run(net);
	CHECK_STR("open text:last closed:1008/policy", client.log);
	end();
}

static void a_client_may_close_inside_its_first_event(void)
{
	begin();
	client.close_on_open = true;
	dial(url);
	net_run(net);
	CHECK_STR("open", client.log);
	CHECK_STR("closed:1001/going", peer.log);
	end();
}

static void a_server_may_close_inside_a_message(void)
{
	begin();
	peer.close_on_text = true;
	dial(url);
	send_hello_when_open(&client);
	net_run(net);
	CHECK_STR("open closed:1008/enough", client.log);
	end();
}

static void a_server_may_close_while_accepting(void)
{
	begin();
	peer.close_on_open = true;
	dial(url);
	net_run(net);
	/* The library judges 1013 itself; what counts is that it ends. */
	CHECK(strstr(client.log, "open closed:"));
	end();
}

static void a_socket_nobody_takes_is_closed(void)
{
	begin();
	leave_handler_unset = true;
	dial(url);
	net_run(net);
	CHECK_STR("open closed:1011/", client.log);
	end();
}

static void a_refused_upgrade_tells_its_status(void)
{
	begin();
	upgrade_status = 403;
	dial(url);
	net_run(net);
	CHECK_STR("failed", client.log);
	CHECK_INT(403, client.status);
	CHECK_INT(ERR_PROTO, client.err);
	end();
}

static void a_refused_connection_fails(void)
{
	begin();
	ws_server_close(&server);
	dial(url);
	net_run(net);
	CHECK_STR("failed", client.log);
	CHECK_INT(-ECONNREFUSED, client.err);
	CHECK_INT(0, client.status);
	end();
}

static void a_name_that_is_none_fails(void)
{
	begin();
	dial("ws://no-such-host.invalid/");
	net_run(net);
	CHECK_STR("failed", client.log);
	CHECK_INT(-EHOSTUNREACH, client.err);
	end();
}

static int silent_listener(char to[64])
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(0, bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	CHECK_INT(0, listen(fd, 5));
	CHECK_INT(0, getsockname(fd, (struct sockaddr *)&sa, &len));
	snprintf(to, 64, "127.0.0.1:%u/", ntohs(sa.sin_port));
	return fd;
}

static void silence(const char *scheme)
{
	char at[64], to[80];
	int fd;

	begin();
	fd = silent_listener(at);
	snprintf(to, sizeof(to), "%s://%s", scheme, at);
	dial(to);
	net_run(net);
	CHECK_STR("failed", client.log);
	CHECK_INT(-ETIMEDOUT, client.err);
	close(fd);
	end();
}

static void a_server_that_stays_silent_times_out(void)
{
	silence("ws");
}

static void a_tls_server_that_stays_silent_times_out(void)
{
	silence("wss");
}

static void closing_while_connecting_is_silent(void)
{
	begin();
	dial(url);
	ws_close(&client.ws, 1000, NULL);
	CHECK(!client.ws);
	end();
	CHECK_STR("", client.log);
}

static void stop_handler(void *arg)
{
	(void)arg;
	net_stop(net);
}

static void close_early(void *arg)
{
	(void)arg;
	ws_close(&client.ws, 1000, NULL);
	timer_start(net_timers(net), &later, 50, stop_handler, NULL);
}

static void closing_a_connection_under_way_is_silent(void)
{
	char at[64], to[80];
	int fd;

	begin();
	fd = silent_listener(at);
	snprintf(to, sizeof(to), "ws://%s", at);
	dial(to);
	timer_start(net_timers(net), &later, 50, close_early, NULL);
	net_run(net);
	CHECK_STR("", client.log);
	close(fd);
	end();
}

static char big[200 * 1024];

static void send_big(void *arg)
{
	(void)arg;
	if (!strstr(client.log, "open")) {
		timer_start(net_timers(net), &later, 1, send_big, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 % 251);
	CHECK_INT(0, ws_send_binary(client.ws, big, sizeof(big)));
}

static void a_large_message_comes_back_whole(void)
{
	begin();
	peer.echo = client.stop_on_text = true;
	dial(url);
	send_big(NULL);
	net_run(net);
	CHECK_INT(sizeof(big), client.bytes);
	CHECK_INT(1, client.messages);
	CHECK_INT(1, peer.messages);
	end();
}

static size_t accepted_bytes;

static void flood(void *arg)
{
	int err = 0;

	(void)arg;
	if (!strstr(client.log, "open")) {
		timer_start(net_timers(net), &later, 1, flood, NULL);
		return;
	}
	for (int i = 0; i < 4000 && !err; i++) {
		err = ws_send_binary(client.ws, big, 10000);
		if (!err)
			accepted_bytes += 10000;
	}
	CHECK_INT(-EAGAIN, err);
	CHECK(ws_queued(client.ws) <= WS_QUEUE_MAX);
	CHECK(ws_queued(client.ws) > WS_QUEUE_MAX - 20001);
	ws_close(&client.ws, 1000, "done");
}

static void a_full_queue_says_so_and_loses_nothing(void)
{
	begin();
	dial(url);
	flood(NULL);
	net_run(net);
	CHECK_INT(accepted_bytes, peer.bytes);
	CHECK_INT(1000, peer.code);
	end();
}

static void a_message_beyond_the_limit_closes_with_1009(void)
{
	struct ws_params prm = {.url = url, .max_message = 1000};

	begin();
	peer.echo = true;
	CHECK_INT(0, ws_connect(&client.ws, net, &prm, event_handler, &client));
	send_big(NULL);
	net_run(net); /* one side hears of it first ... */
	net_run(net); /* ... then the other */
	CHECK_INT(0, client.messages);
	CHECK_INT(1009, client.code);
	CHECK_INT(1009, peer.code);
	end();
}

/* Descriptors are lacking for half a second, with somebody at the door. */
static void who_comes_while_descriptors_lack_is_served_later(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct rlimit files, few;
	char v[64];
	int fd;

	begin();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd >= 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(ws_server_port(server));
	CHECK_INT(0, getrlimit(RLIMIT_NOFILE, &files));
	few = files;
	few.rlim_cur = (rlim_t)fd + 1;
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &few));
	CHECK_INT(0, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	CHECK(send(fd, "GET /x HTTP/1.0\r\n\r\n", 19, 0) == 19);
	timer_start(net_timers(net), &later, 500, stop_handler, NULL);
	net_run(net);
	CHECK_STR("", seen);
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &files));
	timer_start(net_timers(net), &later, 300, stop_handler, NULL);
	net_run(net);
	CHECK(recv(fd, v, sizeof(v), MSG_DONTWAIT) > 12);
	CHECK(!memcmp(v, "HTTP/1.1 200", 12));
	close(fd);
	end();
}

static void an_empty_header_is_empty(void)
{
	static const struct ws_header headers[] = {{"authorization", ""},
	                                           {"x-other", "1"}};
	struct ws_params prm = {.url = url, .headers = headers, .n_headers = 2};

	begin();
	client.close_on_open = true;
	CHECK_INT(0, ws_connect(&client.ws, net, &prm, event_handler, &client));
	net_run(net);
	CHECK(strstr(seen, " auth= peer=127.0.0.1 "));
	end();
}

static void a_bad_url_is_refused_at_once(void)
{
	static const char *const urls[] = {
		"http://a/",     "ws://",        "ws://a:b/", "ws://a:0/",
		"ws://u@a/",     "ws://a/ b",    "ws://a/#f", "wss:/a",
		"ws://a:70000/", "ws://[::1]x/", "ws://[::1",
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct ws_params prm = {.url = urls[i]};

		CHECK_INT(-EINVAL, ws_connect(&client.ws, net, &prm,
		                              event_handler, &client));
	}
	end();
}

static const struct test tests[] = {
	TEST(a_message_comes_back_as_it_was_sent),
	TEST(the_peer_learns_code_and_reason_of_a_close),
	TEST(what_was_sent_arrives_before_the_close),
	TEST(a_client_may_close_inside_its_first_event),
	TEST(a_server_may_close_inside_a_message),
	TEST(a_server_may_close_while_accepting),
	TEST(a_socket_nobody_takes_is_closed),
	TEST(a_refused_upgrade_tells_its_status),
	TEST(a_refused_connection_fails),
	TEST(a_name_that_is_none_fails),
	TEST(a_server_that_stays_silent_times_out),
	TEST(a_tls_server_that_stays_silent_times_out),
	TEST(closing_while_connecting_is_silent),
	TEST(closing_a_connection_under_way_is_silent),
	TEST(a_large_message_comes_back_whole),
	TEST(a_full_queue_says_so_and_loses_nothing),
	TEST(a_message_beyond_the_limit_closes_with_1009),
	TEST(an_empty_header_is_empty),
	TEST(who_comes_while_descriptors_lack_is_served_later),
	TEST(a_bad_url_is_refused_at_once),
};

TEST_MAIN(tests)
