#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bot/config.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/worker.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/plivo_sign.h"
#include "common/timer.h"
#include "tests/fake/session.h"
#include "tests/harness/test.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";

static struct net *net;
static struct worker *worker;
static struct bot_config cfg;
static struct session_env env;
static struct timer watchdog, pause_timer;
static char dir[] = "/tmp/test_worker_XXXXXX";
static char base[64], ws_base[64];
static unsigned capacity = 2;
static const char *listen_on = "127.0.0.1:0";

/* Plivo's side of streams. */
struct phone {
	struct ws *ws;
	char log[512];
};

static struct phone phone, other;

/* The server's side of events. */
static struct ws_server *server;
static char events[8192];
static int events_status = 200;
static unsigned posts, asked;

static void server_request(const struct ws_request *req,
                           struct ws_response *res, void *arg)
{
	const char *auth = req->header(req, "authorization");
	size_t n = strlen(events);

	(void)arg;
	CHECK_STR("POST", req->method);
	if (!strcmp(req->body, "[]")) {
		asked++;
		return;
	}
	posts++;
	CHECK(!cfg.secret || (auth && strstr(auth, secret)));
	res->status = events_status;
	if (events_status != 200)
		return;
	snprintf(events + n, sizeof(events) - n, "%s\n", req->body);
}

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out: session \"%s\"",
	          fake_session()->log);
}

static void stop_handler(void *arg)
{
	(void)arg;
	net_stop(net);
}

/* Let the loop run for a while. Only where nothing is to be waited for. */
static void pass(uint32_t ms)
{
	timer_start(net_timers(net), &pause_timer, ms, stop_handler, NULL);
	net_run(net);
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

static void begin(void)
{
	static const struct ws_handlers h = {.request = server_request,
	                                     .max_body = 1 << 20};
	struct worker_params prm = {.cfg = &cfg, .session = &env};

	CHECK(mkdtemp(dir));
	write_agent("default", "{\"instructions\": \"Be brief.\"}");
	write_agent("broken", "{\"instructions\": 7}");
	CHECK_INT(0, net_new(&net, NULL));
	timer_start(net_timers(net), &watchdog, test_ms(10000),
	            watchdog_handler, NULL);
	env.timers = net_timers(net);
	snprintf(cfg.addr, sizeof(cfg.addr), "%s", listen_on);
	cfg.agents_dir = dir;
	cfg.agent = "default";
	cfg.plivo_url = "https://api.plivo.com";
	prm.net = net;
	prm.capacity = capacity;
	CHECK_INT(0, worker_open(&worker, &prm));
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
	         worker_port(worker));
	snprintf(ws_base, sizeof(ws_base), "ws://127.0.0.1:%u",
	         worker_port(worker));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
}

static void end(void)
{
	char cmd[128];

	worker_close(&worker);
	ws_close(&phone.ws, 1000, NULL);
	ws_close(&other.ws, 1000, NULL);
	ws_server_close(&server);
	timer_stop(net_timers(net), &pause_timer);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, fake_session()->open_now);
	CHECK_INT(0, mem_live());
	snprintf(cmd, sizeof(cmd), "%s/default.json", dir);
	unlink(cmd);
	snprintf(cmd, sizeof(cmd), "%s/broken.json", dir);
	unlink(cmd);
	rmdir(dir);
}

/* --- requests --- */

static int status;
static char answer[16384];
static long retry_after;

static void done_handler(const struct fetch_result *r, void *arg)
{
	(void)arg;
	CHECK_INT(0, r->err);
	status = r->status;
	retry_after = r->retry_after_sec;
	snprintf(answer, sizeof(answer), "%s", r->body ? r->body : "");
	net_stop(net);
}

static const char *bearer = "Authorization: Bearer "
			    "0123456789abcdef0123456789abcdef";

static int ask(const char *method, const char *path, const char *body)
{
	const char *headers[] = {"Content-Type: application/json", bearer,
	                         NULL};
	struct fetch_params prm = {.method = method,
	                           .headers = headers,
	                           .body = body,
	                           .body_len = body ? strlen(body) : 0,
	                           .total_ms = 3000,
	                           .done = done_handler};
	struct fetch_req *req;
	char url[512];

	snprintf(url, sizeof(url), "%s%s", base, path);
	prm.url = url;
	status = 0;
	CHECK_INT(0, fetch_start(net_fetch(net), &req, &prm));
	while (!status) /* other events stop the loop, too */
		net_run(net);
	return status;
}

static char id[64]; /* of the last reservation */

static int reserve(const char *call_id, const char *body)
{
	char text[1024];
	json_t *doc;
	const char *v;

	snprintf(text, sizeof(text),
	         "{\"call_id\":\"%s\",\"to\":\"+15551234567\",\"from\":null,"
	         "\"agent\":null,\"events_url\":\"http://127.0.0.1:%u/e\","
	         "\"ttl\":165%s%s}",
	         call_id, ws_server_port(server), body ? ",\"body\":" : "",
	         body ? body : "");
	if (ask("POST", "/reserve", text) != 200)
		return status;
	doc = js_parse(answer, strlen(answer), NULL, 0);
	v = js_str(doc, "id", NULL);
	CHECK(v);
	snprintf(id, sizeof(id), "%s", v);
	json_decref(doc);
	return status;
}

/* --- streams --- */

static void phone_handler(const struct ws_event *ev, void *arg)
{
	struct phone *p = arg;
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
	net_stop(net);
}

static void dial(struct phone *p, const char *path, bool as_server)
{
	const struct ws_header header = {"authorization", bearer + 15};
	struct ws_params prm = {.headers = &header, .n_headers = as_server};
	char url[2048];

	snprintf(url, sizeof(url), "%s%s", ws_base, path);
	prm.url = url;
	CHECK_INT(0, ws_connect(&p->ws, net, &prm, phone_handler, p));
	net_run(net);
}

static void start(struct phone *p, const char *uuid)
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

/* A reserved call that is on: session open. */
static void call(const char *call_id, const char *uuid)
{
	char path[128];
	unsigned before = fake_session()->opened;

	CHECK_INT(200, reserve(call_id, "{\"n\": 1e400}"));
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&phone, path, true);
	CHECK_STR("open ", phone.log);
	start(&phone, uuid);
	while (fake_session()->opened == before)
		pass(5);
}

static void probes_say_how_it_is(void)
{
	begin();
	bearer = NULL;
	CHECK_INT(200, ask("GET", "/livez", NULL));
	CHECK_STR("{\"status\":\"ok\"}\n", answer);
	CHECK_INT(200, ask("GET", "/healthz", NULL));
	CHECK_INT(200, ask("GET", "/readyz", NULL));
	CHECK_INT(405, ask("DELETE", "/readyz", NULL));
	CHECK_INT(501, ask("POST", "/bot", "{}"));
	CHECK(strstr(answer, "telephony streams come on /ws"));
	CHECK_INT(404, ask("GET", "/livezz", NULL));
	CHECK_INT(404, ask("GET", "/", NULL));
	CHECK_INT(426, ask("GET", "/ws/x", NULL));
	CHECK_INT(200, ask("GET", "/metrics", NULL));
	CHECK(strstr(answer, "\ndialout_bot_capacity 2\n"));
	CHECK(strstr(answer, "dialout_bot_lag_seconds{quantile=\"0.99\"}"));
	end();
}

static void a_reservation_is_made_once_per_call(void)
{
	char first[64];

	begin();
	CHECK_INT(200, reserve("c1", NULL));
	CHECK(strstr(answer, "\"stream_url\":null,\"calls\":1,\"capacity\":2"));
	CHECK_INT(22, strlen(id));
	snprintf(first, sizeof(first), "%s", id);
	CHECK_INT(200, reserve("c1", NULL));
	CHECK_STR(first, id);
	CHECK_INT(200, reserve("c2", NULL));
	CHECK_INT(503, reserve("c3", NULL));
	CHECK_INT(5, retry_after);
	CHECK_INT(200, reserve("c1", NULL)); /* full or not */
	end();
}

static void a_public_url_is_where_the_stream_shall_go(void)
{
	cfg.public_url = "wss://voice.example.com/b3/";
	begin();
	CHECK_INT(200, reserve("c1", NULL));
	CHECK(strstr(answer,
	             "\"stream_url\":\"wss://voice.example.com/b3/ws/"));
	end();
}

static void broken_wishes_are_refused_with_a_reason(void)
{
	static const struct {
		const char *body;
		int want;
		const char *why;
	} rows[] = {
		{"", 411, NULL},
		{"nonsense", 422, "no JSON"},
		{"[]", 422, "no JSON"},
		{"{}", 422, "call_id"},
		{"{\"call_id\":7,\"ttl\":1}", 422, "call_id"},
		{"{\"call_id\":\"c\"}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":0}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":\"x\"}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":9999}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"to\":1}", 422, "to, from"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"events_url\":"
	         "\"http://example.com/\"}",
	         422, "https"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"nobody\"}", 404,
	         NULL},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"../default\"}", 404,
	         NULL},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"broken\"}", 404,
	         "instructions"},
	};

	begin();
	for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(rows[i].want, ask("POST", "/reserve", rows[i].body));
		CHECK(!rows[i].why || strstr(answer, rows[i].why));
	}
	CHECK_INT(405, ask("GET", "/reserve", NULL));
	end();
}

static void a_request_too_large_is_413(void)
{
	char *big = malloc(200 * 1024);

	CHECK(big);
	begin();
	memset(big, ' ', 200 * 1024 - 1);
	big[200 * 1024 - 1] = '\0';
	CHECK_INT(413, ask("POST", "/reserve", big));
	free(big);
	end();
}

static void only_the_server_may_reserve(void)
{
	cfg.secret = secret;
	begin();
	bearer = NULL;
	CHECK_INT(401, reserve("c1", NULL));
	bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdeX";
	CHECK_INT(401, reserve("c1", NULL));
	bearer = "Authorization: Basic 0123456789abcdef0123456789abcdef";
	CHECK_INT(401, reserve("c1", NULL));
	bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdef";
	CHECK_INT(200, reserve("c1", NULL));
	end();
}

static void a_proxy_on_this_machine_is_not_the_server(void)
{
	begin();
	bearer = "X-Forwarded-For: 203.0.113.7";
	CHECK_INT(403, reserve("c1", NULL));
	CHECK_INT(401, ask("GET", "/metrics", NULL));
	CHECK_INT(200, ask("GET", "/livez", NULL));
	end();
}

static void a_browsers_page_is_not_the_server(void)
{
	static const char *const foreign[] = {
		"Origin: http://127.0.0.1:3000",
		"Forwarded: for=203.0.113.7",
		"X-Forwarded-Host: voice.example.com",
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		bearer = foreign[i];
		CHECK_INT(403, reserve("c1", NULL));
		CHECK_INT(401, ask("GET", "/metrics", NULL));
	}
	end();
}

static void without_a_secret_only_a_loopback_listener_serves_places(void)
{
	listen_on = "0.0.0.0:0";
	cfg.accept = ACCEPT_ANY;
	begin();
	bearer = NULL;
	CHECK_INT(403, reserve("c1", NULL));
	CHECK(strstr(answer, "BOT_SECRET"));
	dial(&phone, "/ws?body=e30%3D", false);
	CHECK_STR("open ", phone.log);
	end();
}

static void figures_are_for_the_secret_or_this_machine(void)
{
	static const char with_secret[] =
		"X-Forwarded-For: 203.0.113.7\r\nAuthorization: Bearer "
		"0123456789abcdef0123456789abcdef";

	cfg.secret = secret;
	begin();
	bearer = NULL;
	CHECK_INT(200, ask("GET", "/metrics", NULL));
	CHECK(!strstr(answer, secret));
	bearer = "X-Forwarded-For: 203.0.113.7";
	CHECK_INT(401, ask("GET", "/metrics", NULL));
	bearer = with_secret;
	CHECK_INT(200, ask("GET", "/metrics", NULL));
	end();
}

/* A request whose custom data are a string of so many bytes. */
static char *wish_of(size_t len)
{
	const char head[] = "{\"call_id\":\"big\",\"ttl\":9,\"body\":\"";
	char *text = malloc(sizeof(head) + len + 2);

	CHECK(text);
	memcpy(text, head, sizeof(head) - 1);
	memset(text + sizeof(head) - 1, 'x', len - 2);
	memcpy(text + sizeof(head) - 1 + len - 2, "\"}", 3);
	return text;
}

static void custom_data_have_a_size_and_a_depth(void)
{
	char deep[128] = "", *text;

	capacity = 3;
	begin();
	text = wish_of(64 * 1024);
	CHECK_INT(200, ask("POST", "/reserve", text));
	free(text);
	text = wish_of(64 * 1024 + 1);
	CHECK_INT(422, ask("POST", "/reserve", text));
	free(text);
	memset(deep, '[', 32);
	memset(deep + 32, ']', 32);
	CHECK_INT(200, reserve("deep", deep));
	memset(deep, '[', 33);
	memset(deep + 33, ']', 33);
	CHECK_INT(422, reserve("deeper", deep));
	end();
}

static void a_place_nobody_comes_for_ends_with_an_event(void)
{
	char text[256], path[64];

	begin();
	snprintf(text, sizeof(text),
	         "{\"call_id\":\"c9\",\"events_url\":"
	         "\"http://127.0.0.1:%u/e\",\"ttl\":1}",
	         ws_server_port(server));
	CHECK_INT(200, ask("POST", "/reserve", text));
	snprintf(path, sizeof(path), "/reserve/%.22s",
	         strstr(answer, "\"id\":\"") + 6);
	CHECK_INT(200, ask("GET", path, NULL));
	while (!strstr(events, "no_stream"))
		pass(20);
	CHECK(strstr(events, "\"call_id\":\"c9\""));
	CHECK(strstr(events, "\"type\":\"ended\""));
	CHECK_INT(404, ask("GET", path, NULL));
	CHECK_INT(409, ask("POST", "/reserve", text));
	end();
}

static void a_place_can_be_prepared_looked_at_and_released(void)
{
	char path[128], prepare[160];

	begin();
	CHECK_INT(200, reserve("c1", "{\"n\": 1e400}"));
	snprintf(path, sizeof(path), "/reserve/%s", id);
	snprintf(prepare, sizeof(prepare), "%s/prepare", path);
	CHECK_INT(200, ask("GET", path, NULL));
	CHECK(strstr(answer, "\"state\":\"waiting\""));
	CHECK_INT(422, ask("POST", prepare, "{}"));
	CHECK_INT(202, ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(202, ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(409, ask("POST", prepare, "{\"call_uuid\":\"u2\"}"));
	CHECK_INT(204, ask("DELETE", path, NULL));
	CHECK_INT(404, ask("DELETE", path, NULL));
	CHECK_INT(404, ask("GET", path, NULL));
	CHECK_INT(404, ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(409, reserve("c1", NULL)); /* it has ended */
	CHECK_INT(404, ask("GET", "/reserve/x/y", NULL));
	end();
}

/* A server that was cut off while it reserved knows only its own id. */
static void a_place_is_released_by_its_call_too(void)
{
	begin();
	CHECK_INT(200, reserve("c1", NULL));
	CHECK_INT(200, reserve("c2", NULL));
	CHECK_INT(503, reserve("c3", NULL));
	CHECK_INT(204, ask("DELETE", "/reserve/c1", NULL));
	CHECK_INT(404, ask("DELETE", "/reserve/c1", NULL));
	CHECK_INT(200, reserve("c3", NULL));
	end();
}

/* Events that wait for a server leave when it is back, not when their own
 * pause, which may be of many seconds, is over. */
static void the_server_is_asked_whether_it_is_there(void)
{
	static const struct ws_handlers h = {.request = server_request,
	                                     .max_body = 1 << 20};
	char address[64];

	begin();
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	         ws_server_port(server));
	call("c1", "u1");
	while (!asked)
		pass(20);
	ws_server_close(&server);
	fake_session_event(SESSION_STARTED, "");
	ws_close(&phone.ws, 1000, NULL);
	pass(3000);
	CHECK_STR("", events);
	CHECK_INT(0, ws_listen(&server, net, address, &h, NULL));
	asked = 0;
	while (!asked)
		pass(5);
	pass(100);
	CHECK(strstr(events, "\"ended\""));
	end();
}

static void a_call_is_had_from_start_to_end(void)
{
	cfg.secret = secret;
	begin();
	call("c1", "u1");
	CHECK_STR("open:c1/u1/+15551234567/{\"n\": 1e400}",
	          fake_session()->log);
	CHECK_INT(0, ws_send_text(phone.ws, "{\"event\":\"x\"}", 13));
	CHECK_INT(0, fake_session_send("{\"event\":\"playAudio\"}"));
	net_run(net);
	CHECK_STR("open text:{\"event\":\"playAudio\"} ", phone.log);
	fake_session_event(SESSION_STARTED, "\"a\":1");
	fake_session_event(SESSION_TURN, "\"text\":\"hi\"");
	ws_close(&phone.ws, 1000, "bye");
	while (!strstr(events, "\"ended\""))
		pass(5);
	CHECK(strstr(fake_session()->log,
	             "frame:{\"event\":\"x\"} lost close"));
	CHECK(strstr(events, "\"call_id\":\"c1\",\"seq\":1,\"at_ms\":"));
	CHECK(strstr(events, "\"seq\":2"));
	CHECK(strstr(events, ",\"type\":\"turn\",\"text\":\"hi\"}"));
	CHECK(strstr(events, "\"seq\":3"));
	CHECK(!strstr(events, "\"seq\":4"));
	CHECK_INT(409, reserve("c1", NULL));
	CHECK_INT(0, fake_session()->open_now);
	end();
}

static void events_are_posted_until_the_server_has_them(void)
{
	begin();
	events_status = 500;
	call("c1", "u1");
	fake_session_event(SESSION_STARTED, "");
	while (posts < 2)
		pass(20);
	fake_session_event(SESSION_TURN, "\"n\":1");
	ws_close(&phone.ws, 1000, NULL);
	while (fake_session()->open_now)
		pass(5);
	CHECK_STR("", events);
	events_status = 200;
	while (!strstr(events, "\"ended\""))
		pass(20);
	/* All of them, in order, in one array. */
	CHECK(strstr(events, "[{\"event_id\":"));
	CHECK(strstr(events, "started") < strstr(events, "\"n\":1"));
	CHECK(strstr(events, "\"n\":1") < strstr(events, "ended"));
	CHECK(strchr(events, '\n') == events + strlen(events) - 1);
	end();
}

static void only_the_awaited_call_may_bind(void)
{
	char path[128], prepare[160];

	begin();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", id);
	snprintf(prepare, sizeof(prepare), "/reserve/%s/prepare", id);
	CHECK_INT(202, ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	dial(&other, path, false);
	start(&other, "u2");
	net_run(net);
	CHECK_STR("open closed:1008 ", other.log);
	CHECK_INT(0, fake_session()->opened);
	dial(&phone, path, false);
	start(&phone, "u1");
	while (!fake_session()->opened)
		pass(5);
	CHECK_STR("open ", phone.log);
	ws_close(&phone.ws, 1000, NULL);
	end();
}

static void a_call_that_comes_again_replaces_its_socket(void)
{
	char path[128];

	begin();
	call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&other, path, false);
	start(&other, "u1");
	while (!strstr(fake_session()->log, "reline:s-u1"))
		pass(5);
	while (!strstr(phone.log, "closed"))
		pass(5);
	CHECK_STR("open closed:1001 ", phone.log);
	CHECK_INT(0, fake_session_send("still here"));
	net_run(net);
	CHECK_STR("open text:still here ", other.log);
	CHECK_INT(1, fake_session()->opened);
	ws_close(&other.ws, 1000, NULL);
	end();
}

static void streams_without_a_place_are_refused(void)
{
	char path[128];

	begin();
	dial(&phone, "/ws/AAAAAAAAAAAAAAAAAAAAAA", false);
	CHECK_STR("failed:404 ", phone.log);
	phone.log[0] = '\0';
	dial(&phone, "/ws?body=e30%3D", false);
	CHECK_STR("failed:403 ", phone.log);
	phone.log[0] = '\0';
	dial(&phone, "/other", false);
	CHECK_STR("failed:404 ", phone.log);
	phone.log[0] = '\0';
	call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", id);
	ws_close(&phone.ws, 1000, NULL);
	while (fake_session()->open_now)
		pass(5);
	phone.log[0] = '\0';
	dial(&phone, path, false);
	CHECK_STR("failed:410 ", phone.log);
	end();
}

static void a_stream_must_begin_with_its_start(void)
{
	char path[128];

	begin();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&phone, path, false);
	CHECK_INT(0, ws_send_text(phone.ws, "hello", 5));
	net_run(net);
	CHECK_STR("open closed:1008 ", phone.log);
	/* The place is still there for the call itself. */
	CHECK_INT(200, reserve("c1", NULL));
	CHECK(strstr(answer, "\"calls\":1"));
	CHECK_INT(0, fake_session()->opened);
	end();
}

static void a_silent_stream_is_shown_out(void)
{
	cfg.accept = ACCEPT_ANY;
	begin();
	dial(&phone, "/ws", false);
	CHECK_INT(503, (reserve("c1", NULL), reserve("c2", NULL)));
	while (!strstr(phone.log, "closed"))
		net_run(net);
	CHECK_STR("open closed:1008 ", phone.log);
	CHECK_INT(200, reserve("c2", NULL)); /* its place is free again */
	end();
}

static void inline_data_is_read_in_every_form(void)
{
	/* {"a":"?>~"} in both alphabets, padded, encoded, and not. */
	static const char *const forms[] = {
		"/ws?body=eyJhIjoiPz5%2BIn0%3D",
		"/ws?body=eyJhIjoiPz5+In0=",
		"/ws?body=eyJhIjoiPz5%20In0",
		"/ws?x=1&body=eyJhIjoiPz5-In0",
	};

	cfg.accept = ACCEPT_ANY;
	begin();
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		phone.log[0] = fake_session()->log[0] = '\0';
		dial(&phone, forms[i], false);
		start(&phone, "u1");
		while (!fake_session()->log[0])
			pass(5);
		CHECK(strstr(fake_session()->log, "/u1//{\"a\":\"?>~\"}"));
		ws_close(&phone.ws, 1000, NULL);
		while (fake_session()->open_now)
			pass(5);
	}
	end();
}

static void broken_inline_data_does_not_cost_the_call(void)
{
	cfg.accept = ACCEPT_ANY;
	begin();
	dial(&phone, "/ws?body=%25%25%25", false);
	start(&phone, "u1");
	while (!fake_session()->opened)
		pass(5);
	CHECK(strstr(fake_session()->log, "/u1//-"));
	ws_close(&phone.ws, 1000, NULL);
	end();
}

static void hanging_up_closes_the_stream(void)
{
	begin();
	call("c1", "u1");
	fake_session_hangup();
	while (!strstr(phone.log, "closed"))
		pass(5);
	CHECK_STR("open closed:1000 ", phone.log);
	while (fake_session()->open_now)
		pass(5);
	end();
}

static void releasing_a_place_ends_its_call(void)
{
	char path[128];

	begin();
	call("c1", "u1");
	snprintf(path, sizeof(path), "/reserve/%s", id);
	CHECK_INT(204, ask("DELETE", path, NULL));
	while (!strstr(phone.log, "closed"))
		pass(5);
	while (fake_session()->open_now)
		pass(5);
	CHECK_INT(404, ask("DELETE", path, NULL));
	end();
}

static void a_call_that_cannot_begin_is_told_of(void)
{
	char path[128];

	begin();
	fake_session()->refuse = -ENOMEM;
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&phone, path, false);
	start(&phone, "u1");
	while (!strstr(events, "setup_failed") || !strstr(phone.log, "closed"))
		pass(5);
	CHECK_STR("open closed:1011 ", phone.log);
	CHECK_INT(409, reserve("c1", NULL));
	end();
}

/* --- signed upgrades --- */

static const char plivo_token[] = "plivo-token";

/* Dial @path as Plivo would, signed for @url. */
static void dial_signed(struct phone *p, const char *path, const char *url,
                        const char *nonce)
{
	struct plivo_sign sign = {.url = url, .nonce = nonce};
	char signature[PLIVO_SIGN_LEN + 1], to[2048];
	struct ws_header headers[] = {
		{"x-plivo-signature-v3", signature},
		{"x-plivo-signature-v3-nonce", nonce},
	};
	struct ws_params prm = {.url = to, .headers = headers, .n_headers = 2};

	CHECK_INT(0, plivo_sign_make(signature, &sign, plivo_token));
	snprintf(to, sizeof(to), "%s%s", ws_base, path);
	p->log[0] = '\0';
	CHECK_INT(0, ws_connect(&p->ws, net, &prm, phone_handler, p));
	net_run(net);
}

static void begin_public(void)
{
	cfg.public_url = "wss://voice.example.com/b3";
	cfg.plivo_token = plivo_token;
	cfg.secret = secret;
	begin();
}

static void a_reserved_stream_needs_plivos_signature(void)
{
	char path[128], url[256];

	cfg.verify = VERIFY_ENFORCE;
	begin_public();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/b3/ws/%s", id);
	snprintf(url, sizeof(url), "http://voice.example.com/b3/ws/%s", id);
	dial(&other, path, false);
	CHECK_STR("failed:403 ", other.log);
	dial_signed(&other, path, "http://voice.example.com/b3/ws/x", "n1");
	CHECK_STR("failed:403 ", other.log);
	dial_signed(&phone, path, url, "n2");
	CHECK_STR("open ", phone.log);
	start(&phone, "u1");
	while (!fake_session()->opened)
		pass(5);
	/* The same nonce once more: the same call may, another may not. */
	dial_signed(&other, path, url, "n2");
	CHECK_STR("open ", other.log);
	start(&other, "u2");
	while (!strstr(other.log, "closed:1008"))
		net_run(net);
	CHECK_INT(1, fake_session()->opened);
	end();
}

static void a_nonce_is_no_use_at_another_place(void)
{
	char path[128], url[256];

	cfg.verify = VERIFY_ENFORCE;
	begin_public();
	for (int i = 0; i < 2; i++) {
		CHECK_INT(200, reserve(i ? "c2" : "c1", NULL));
		snprintf(path, sizeof(path), "/b3/ws/%s", id);
		snprintf(url, sizeof(url), "wss://voice.example.com/b3/ws/%s",
		         id);
		dial_signed(i ? &other : &phone, path, url, "n1");
	}
	CHECK_STR("open ", phone.log);
	CHECK_STR("failed:403 ", other.log);
	end();
}

static void logging_lets_a_bad_signature_pass(void)
{
	char path[128];

	cfg.verify = VERIFY_LOG;
	begin_public();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&phone, path, false);
	CHECK_STR("open ", phone.log);
	end();
}

static void the_relay_needs_no_signature(void)
{
	char path[128];

	cfg.verify = VERIFY_ENFORCE;
	begin_public();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/ws/%s", id);
	dial(&phone, path, true);
	CHECK_STR("open ", phone.log);
	end();
}

static void signed_inline_streams_are_taken_whatever_is_verified(void)
{
	cfg.accept = ACCEPT_SIGNED;
	cfg.verify = VERIFY_OFF;
	begin_public();
	dial(&other, "/ws?body=e30%3D", false);
	CHECK_STR("failed:403 ", other.log);
	dial_signed(&phone, "/ws?body=e30%3D",
	            "http://voice.example.com/ws?body=e30%3D", "n1");
	CHECK_STR("open ", phone.log);
	start(&phone, "u1");
	while (!fake_session()->opened)
		pass(5);
	CHECK(strstr(fake_session()->log, "/u1//{}"));
	end();
}

static void an_inline_call_that_comes_again_is_the_same(void)
{
	cfg.accept = ACCEPT_ANY;
	begin();
	dial(&phone, "/ws", false);
	start(&phone, "u1");
	while (!fake_session()->opened)
		pass(5);
	dial(&other, "/ws", false);
	start(&other, "u1");
	while (!strstr(fake_session()->log, "reline"))
		pass(5);
	CHECK_INT(1, fake_session()->opened);
	CHECK_INT(200, ask("GET", "/metrics", NULL));
	CHECK(strstr(answer, "\ndialout_bot_places 1\n"));
	end();
}

static void a_lost_socket_is_waited_for(void)
{
	char path[128];

	begin();
	call("c1", "u1");
	snprintf(path, sizeof(path), "/ws/%s", id);
	ws_close(&phone.ws, 1011, "trouble"); /* no way a call ends */
	pass(300);
	CHECK(!strstr(fake_session()->log, "lost"));
	dial(&other, path, false);
	start(&other, "u1");
	while (!strstr(fake_session()->log, "reline"))
		pass(5);
	ws_close(&other.ws, 1011, "trouble");
	while (fake_session()->open_now)
		pass(20); /* for three seconds, then it is over */
	CHECK(strstr(fake_session()->log, "lost close"));
	end();
}

static void inline_streams_need_room_too(void)
{
	cfg.accept = ACCEPT_ANY;
	capacity = 1;
	begin();
	dial(&phone, "/ws", false);
	CHECK_STR("open ", phone.log);
	dial(&other, "/ws", false);
	CHECK_STR("failed:503 ", other.log);
	end();
}

static void unsigned_streams_are_taken_where_nobody_looks(void)
{
	char path[128];

	cfg.verify = VERIFY_OFF;
	begin_public();
	CHECK_INT(200, reserve("c1", NULL));
	snprintf(path, sizeof(path), "/b3/ws/%s", id);
	dial(&phone, path, false);
	CHECK_STR("open ", phone.log);
	end();
}

static unsigned drained;

static void drained_handler(void *arg)
{
	(void)arg;
	drained++;
	net_stop(net);
}

static void draining_waits_for_calls_and_takes_no_more(void)
{
	cfg.accept = ACCEPT_ANY;
	begin();
	call("c1", "u1");
	worker_drain(worker, 60, drained_handler, NULL);
	CHECK_INT(503, ask("GET", "/readyz", NULL));
	CHECK_INT(503, reserve("c2", NULL));
	CHECK(strstr(answer, "draining"));
	CHECK_INT(200, reserve("c1", NULL)); /* that is there already */
	dial(&other, "/ws", false);
	CHECK_STR("failed:503 ", other.log);
	pass(50);
	CHECK_INT(0, drained);
	ws_close(&phone.ws, 1000, NULL);
	while (!drained)
		net_run(net);
	CHECK(strstr(events, "\"ended\""));
	CHECK_INT(1, drained);
	end();
}

static void out_of_patience_goodbyes_are_said(void)
{
	begin();
	call("c1", "u1");
	worker_drain(worker, 0, drained_handler, NULL);
	while (!drained)
		net_run(net);
	CHECK(strstr(fake_session()->log, "drain close"));
	CHECK(strstr(events, "\"ended\""));
	end();
}

static void an_idle_bot_drains_at_once(void)
{
	begin();
	worker_drain(worker, 60, drained_handler, NULL);
	while (!drained)
		net_run(net);
	end();
}

static void closing_in_mid_call_leaves_nothing(void)
{
	begin();
	call("c1", "u1");
	CHECK_INT(200, reserve("c2", NULL));
	end();
}

static const struct test tests[] = {
	TEST(probes_say_how_it_is),
	TEST(a_reservation_is_made_once_per_call),
	TEST(a_public_url_is_where_the_stream_shall_go),
	TEST(broken_wishes_are_refused_with_a_reason),
	TEST(a_request_too_large_is_413),
	TEST(only_the_server_may_reserve),
	TEST(a_proxy_on_this_machine_is_not_the_server),
	TEST(a_browsers_page_is_not_the_server),
	TEST(without_a_secret_only_a_loopback_listener_serves_places),
	TEST(figures_are_for_the_secret_or_this_machine),
	TEST(custom_data_have_a_size_and_a_depth),
	TEST(a_place_nobody_comes_for_ends_with_an_event),
	TEST(inline_streams_need_room_too),
	TEST(unsigned_streams_are_taken_where_nobody_looks),
	TEST(a_place_can_be_prepared_looked_at_and_released),
	TEST(a_place_is_released_by_its_call_too),
	TEST(the_server_is_asked_whether_it_is_there),
	TEST(a_call_is_had_from_start_to_end),
	TEST(events_are_posted_until_the_server_has_them),
	TEST(only_the_awaited_call_may_bind),
	TEST(a_call_that_comes_again_replaces_its_socket),
	TEST(streams_without_a_place_are_refused),
	TEST(a_stream_must_begin_with_its_start),
	TEST(a_silent_stream_is_shown_out),
	TEST(inline_data_is_read_in_every_form),
	TEST(broken_inline_data_does_not_cost_the_call),
	TEST(hanging_up_closes_the_stream),
	TEST(releasing_a_place_ends_its_call),
	TEST(a_call_that_cannot_begin_is_told_of),
	TEST(a_reserved_stream_needs_plivos_signature),
	TEST(a_nonce_is_no_use_at_another_place),
	TEST(logging_lets_a_bad_signature_pass),
	TEST(the_relay_needs_no_signature),
	TEST(signed_inline_streams_are_taken_whatever_is_verified),
	TEST(an_inline_call_that_comes_again_is_the_same),
	TEST(a_lost_socket_is_waited_for),
	TEST(draining_waits_for_calls_and_takes_no_more),
	TEST(out_of_patience_goodbyes_are_said),
	TEST(an_idle_bot_drains_at_once),
	TEST(closing_in_mid_call_leaves_nothing),
};

TEST_MAIN(tests)
