#include "tests/fake/ws_pair.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/harness/test.h"

struct ws_pair pair;
static struct timer watchdog;

static void note(struct ws_side *s, const char *what, const char *v, size_t len)
{
	size_t n = strlen(s->log);

	snprintf(s->log + n, sizeof(s->log) - n, "%s%s%.*s", n ? " " : "", what,
	         (int)(len < 40 ? len : 40), v);
}

void ws_pair_event(const struct ws_event *ev, void *arg)
{
	struct ws_side *s = arg;
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
			net_stop(pair.net);
		break;
	case WS_CLOSED:
		snprintf(code, sizeof(code), "closed:%d/", ev->code);
		note(s, code, ev->data, ev->len);
		s->code = ev->code;
		ws_close(&s->ws, 1000, NULL);
		net_stop(pair.net);
		break;
	case WS_FAILED:
		note(s, "failed", "", 0);
		s->err = ev->err;
		s->status = ev->status;
		ws_close(&s->ws, 1000, NULL);
		net_stop(pair.net);
		break;
	}
}

static const char *or_none(const char *v)
{
	return v ? v : "-";
}

static void note_request(const struct ws_request *req)
{
	snprintf(pair.seen, sizeof(pair.seen),
	         "%s %s ? %s auth=%s peer=%s body=%s", req->method, req->path,
	         req->query, or_none(req->header(req, "authorization")),
	         req->peer, req->body);
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
	*tag = &pair.peer;
	return pair.upgrade_status;
}

static void accepted_handler(struct ws *ws, void *tag, void *arg)
{
	struct ws_side *s = tag;

	(void)arg;
	CHECK(ws);
	CHECK(s == &pair.peer);
	if (pair.leave_handler_unset)
		return;
	s->ws = ws;
	ws_set_handler(ws, ws_pair_event, s);
	if (s->close_on_open)
		ws_close(&s->ws, 1013, "full");
}

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: client \"%s\" peer \"%s\"",
	          pair.client.log, pair.peer.log);
}

void ws_pair_open(void)
{
	static const struct ws_handlers h = {request_handler, upgrade_handler,
	                                     accepted_handler, 1000};

	CHECK_INT(0, net_new(&pair.net, NULL));
	CHECK_INT(0,
	          ws_listen(&pair.server, pair.net, "127.0.0.1:0", &h, NULL));
	CHECK(ws_server_port(pair.server));
	snprintf(pair.url, sizeof(pair.url),
	         "ws://localhost:%u/ws/a%%2Fb?body=a+b%%3D;c",
	         ws_server_port(pair.server));
	timer_start(net_timers(pair.net), &watchdog, test_ms(8000),
	            watchdog_handler, NULL);
}

void ws_pair_close(void)
{
	ws_close(&pair.client.ws, 1000, NULL);
	ws_close(&pair.peer.ws, 1000, NULL);
	ws_server_close(&pair.server);
	timer_stop(net_timers(pair.net), &watchdog);
	net_free(&pair.net);
	CHECK_INT(0, mem_live());
}

void ws_pair_dial(const char *url)
{
	static const struct ws_header headers[] = {
		{"authorization", "Token abc"},
		{"x-other", "1"},
	};
	struct ws_params prm = {.url = url,
	                        .headers = headers,
	                        .n_headers = 2,
	                        .connect_ms = 1500};

	CHECK_INT(0, ws_connect(&pair.client.ws, pair.net, &prm, ws_pair_event,
	                        &pair.client));
	CHECK_STR("", pair.client.log); /* not yet */
}

static void send_hello(void *arg)
{
	struct ws_side *s = arg;

	CHECK_INT(0, ws_send_text(s->ws, "hello", 5));
}

void ws_pair_hello(void *arg)
{
	if (strstr(pair.client.log, "open"))
		send_hello(arg);
	else
		timer_start(net_timers(pair.net), &pair.later, 1, ws_pair_hello,
		            arg);
}

void ws_pair_stop(void *arg)
{
	(void)arg;
	net_stop(pair.net);
}
