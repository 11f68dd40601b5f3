#define _GNU_SOURCE
#include "tests/fake/booth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/js.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "tests/fake/session.h"
#include "tests/harness/test.h"

const char booth_secret[] = "0123456789abcdef0123456789abcdef";
const char booth_token[] = "plivo-token";

struct booth booth = {
	.capacity = 2,
	.listen_on = "127.0.0.1:0",
	.bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdef",
	.events_status = 200,
};

static struct session_env env;
static struct timer watchdog, pause_timer;
static char dir[] = "/tmp/test_worker_XXXXXX";

static void server_request(const struct ws_request *req,
                           struct ws_response *res, void *arg)
{
	const char *auth = req->header(req, "authorization");
	size_t n = strlen(booth.events);

	(void)arg;
	CHECK_STR("POST", req->method);
	if (!strcmp(req->body, "[]")) {
		booth.asked++;
		return;
	}
	booth.posts++;
	CHECK(!booth.cfg.secret || (auth && strstr(auth, booth_secret)));
	res->status = booth.events_status;
	if (booth.events_status != 200)
		return;
	snprintf(booth.events + n, sizeof(booth.events) - n, "%s\n", req->body);
}

const struct ws_handlers booth_server = {.request = server_request,
                                         .max_body = 1 << 20};

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: session \"%s\"",
	          fake_session()->log);
}

static void stop_handler(void *arg)
{
	(void)arg;
	net_stop(booth.net);
}

void booth_pass(uint32_t ms)
{
	timer_start(net_timers(booth.net), &pause_timer, ms, stop_handler,
	            NULL);
	net_run(booth.net);
}

static void write_agent(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	f = fopen(path, "w");
	CHECK(f);
	fputs(text, f);
	fclose(f);
}

void booth_open(void)
{
	struct worker_params prm = {.cfg = &booth.cfg, .session = &env};

	CHECK(mkdtemp(dir));
	write_agent("default", booth.agent ? booth.agent
	                                   : "{\"instructions\": \"Be "
	                                     "brief.\"}");
	write_agent("broken", "{\"instructions\": 7}");
	CHECK_INT(0, net_new(&booth.net, NULL));
	timer_start(net_timers(booth.net), &watchdog, test_ms(10000),
	            watchdog_handler, NULL);
	env.timers = net_timers(booth.net);
	env.fallback = booth.fallback;
	snprintf(booth.cfg.addr, sizeof(booth.cfg.addr), "%s", booth.listen_on);
	booth.cfg.agents_dir = dir;
	booth.cfg.agent = "default";
	booth.cfg.plivo_url = "https://api.plivo.com";
	prm.net = booth.net;
	prm.capacity = booth.capacity;
	CHECK_INT(0, worker_open(&booth.worker, &prm));
	snprintf(booth.base, sizeof(booth.base), "http://127.0.0.1:%u",
	         worker_port(booth.worker));
	snprintf(booth.ws_base, sizeof(booth.ws_base), "ws://127.0.0.1:%u",
	         worker_port(booth.worker));
	CHECK_INT(0, ws_listen(&booth.server, booth.net, "127.0.0.1:0",
	                       &booth_server, NULL));
}

void booth_close(void)
{
	char cmd[128];

	worker_close(&booth.worker);
	ws_close(&booth.phone.ws, 1000, NULL);
	ws_close(&booth.other.ws, 1000, NULL);
	ws_server_close(&booth.server);
	timer_stop(net_timers(booth.net), &pause_timer);
	timer_stop(net_timers(booth.net), &watchdog);
	net_free(&booth.net);
	CHECK_INT(0, fake_session()->open_now);
	CHECK_INT(0, mem_live());
	snprintf(cmd, sizeof(cmd), "%s/default.json", dir);
	unlink(cmd);
	snprintf(cmd, sizeof(cmd), "%s/broken.json", dir);
	unlink(cmd);
	rmdir(dir);
}

static void done_handler(const struct fetch_result *r, void *arg)
{
	(void)arg;
	CHECK_INT(0, r->err);
	booth.status = r->status;
	booth.retry_after = r->retry_after_sec;
	snprintf(booth.answer, sizeof(booth.answer), "%s",
	         r->body ? r->body : "");
	net_stop(booth.net);
}

int booth_ask(const char *method, const char *path, const char *body)
{
	const char *headers[] = {"Content-Type: application/json", booth.bearer,
	                         NULL};
	struct fetch_params prm = {.method = method,
	                           .headers = headers,
	                           .body = body,
	                           .body_len = body ? strlen(body) : 0,
	                           .total_ms = 3000,
	                           .done = done_handler};
	struct fetch_req *req;
	char url[512];

	snprintf(url, sizeof(url), "%s%s", booth.base, path);
	prm.url = url;
	booth.status = 0;
	CHECK_INT(0, fetch_start(net_fetch(booth.net), &req, &prm));
	while (!booth.status) /* other events stop the loop, too */
		net_run(booth.net);
	return booth.status;
}

int booth_reserve(const char *call_id, const char *body)
{
	char text[1024];
	json_t *doc;
	const char *v;

	snprintf(text, sizeof(text),
	         "{\"call_id\":\"%s\",\"to\":\"+15551234567\",\"from\":null,"
	         "\"agent\":null,\"events_url\":\"http://127.0.0.1:%u/e\","
	         "\"ttl\":165%s%s}",
	         call_id, ws_server_port(booth.server),
	         body ? ",\"body\":" : "", body ? body : "");
	if (booth_ask("POST", "/reserve", text) != 200)
		return booth.status;
	doc = js_parse(booth.answer, strlen(booth.answer), NULL, 0);
	v = js_str(doc, "id", NULL);
	CHECK(v);
	snprintf(booth.id, sizeof(booth.id), "%s", v);
	json_decref(doc);
	return booth.status;
}

static void phone_handler(const struct ws_event *ev, void *arg)
{
	struct booth_phone *p = arg;
	size_t n = strlen(p->log);

	if (ev->type == WS_OPEN)
		snprintf(p->log + n, sizeof(p->log) - n, "open ");
	else if (ev->type == WS_TEXT)
		snprintf(p->log + n, sizeof(p->log) - n, "text:%.*s ",
		         (int)ev->len, ev->data);
	else if (ev->type == WS_CLOSED)
		snprintf(p->log + n, sizeof(p->log) - n, "closed:%d ",
		         ev->code);
	else if (ev->type == WS_FAILED)
		snprintf(p->log + n, sizeof(p->log) - n, "failed:%d ",
		         ev->status);
	if (ev->type == WS_CLOSED || ev->type == WS_FAILED)
		ws_close(&p->ws, 1000, NULL);
	net_stop(booth.net);
}

void booth_dial(struct booth_phone *p, const char *path, bool as_server)
{
	struct ws_header header = {"authorization", ""};
	struct ws_params prm = {.headers = &header, .n_headers = as_server};
	char url[2048];

	if (as_server)
		header.value = booth.bearer + strlen("Authorization: ");
	snprintf(url, sizeof(url), "%s%s", booth.ws_base, path);
	prm.url = url;
	CHECK_INT(0, ws_connect(&p->ws, booth.net, &prm, phone_handler, p));
	net_run(booth.net);
}

void booth_start(struct booth_phone *p, const char *uuid)
{
	char text[512];

	snprintf(text, sizeof(text),
	         "{\"event\":\"start\",\"sequenceNumber\":1,\"start\":{"
	         "\"callId\":\"%s\",\"streamId\":\"s-%s\",\"tracks\":["
	         "\"inbound\"],\"mediaFormat\":{\"encoding\":"
	         "\"audio/x-mulaw\",\"sampleRate\":8000}}}",
	         uuid, uuid);
	CHECK_INT(0, ws_send_text(p->ws, text, strlen(text)));
}

void booth_call(const char *call_id, const char *uuid)
{
	char path[128];
	unsigned before = fake_session()->opened;

	CHECK_INT(200, booth_reserve(call_id, "{\"n\": 1e400}"));
	snprintf(path, sizeof(path), "/ws/%s", booth.id);
	booth_dial(&booth.phone, path, true);
	CHECK_STR("open ", booth.phone.log);
	booth_start(&booth.phone, uuid);
	while (fake_session()->opened == before)
		booth_pass(5);
}

void booth_dial_signed(struct booth_phone *p, const char *path, const char *url,
                       const char *nonce)
{
	struct plivo_sign sign = {.url = url, .nonce = nonce};
	char signature[PLIVO_SIGN_LEN + 1], to[2048];
	struct ws_header headers[] = {
		{"x-plivo-signature-v3", signature},
		{"x-plivo-signature-v3-nonce", nonce},
	};
	struct ws_params prm = {.url = to, .headers = headers, .n_headers = 2};

	CHECK_INT(0, plivo_sign_make(signature, &sign, booth_token));
	snprintf(to, sizeof(to), "%s%s", booth.ws_base, path);
	p->log[0] = '\0';
	CHECK_INT(0, ws_connect(&p->ws, booth.net, &prm, phone_handler, p));
	net_run(booth.net);
}

void booth_open_public(void)
{
	booth.cfg.public_url = "wss://voice.example.com/b3";
	booth.cfg.plivo_token = booth_token;
	booth.cfg.secret = booth_secret;
	booth_open();
}
