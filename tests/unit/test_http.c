#define _POSIX_C_SOURCE 200809L
#include "server/http/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "server/http/message.h"
#include "tests/fake/http_client.h"
#include "tests/harness/test.h"

static struct http_answer answer;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int inside, let_go;

static void echo(const struct http_req *req, struct http_res *res, void *arg)
{
	int err;

	(void)arg;
	err = buf_addf(&res->body, "%s %s|%s|%s|%zu|", req->path, req->tail,
	               req->query, req->peer, req->body_len);
	if (!err)
		err = buf_add(&res->body, req->body, req->body_len);
	http_res_check(res, err);
}

static void slow(const struct http_req *req, struct http_res *res, void *arg)
{
	(void)req;
	(void)arg;
	pthread_mutex_lock(&lock);
	inside = 1;
	pthread_cond_broadcast(&changed);
	while (!let_go)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	http_res_check(res, buf_adds(&res->body, "at last"));
}

static const struct http_route routes[] = {
	{HTTP_GET | HTTP_POST, "/echo", echo, 0, false},
	{HTTP_GET | HTTP_POST, "/echo/", echo, 0, false},
	{HTTP_POST, "/start", echo, 100, true},
	{HTTP_GET, "/slow", slow, 0, false},
};

static struct http_ws *ws_user;

static bool refuse_open; /* by the one who was to take it */

static bool ws_check(const struct http_req *req, struct http_res *res,
                     void **userp, void *arg)
{
	(void)arg;
	*userp = &ws_user;
	refuse_open = !strcmp(req->tail, "full");
	if (strcmp(req->tail, "good") != 0 && !refuse_open)
		http_fail(res, 403, "Not this one.");
	return res->status == 200;
}

static int ws_opened(struct http_ws *ws, void *user)
{
	CHECK(user == &ws_user);
	ws_user = ws;
	return refuse_open ? -1 : http_ws_send(ws, HTTP_WS_TEXT, "hi", 2);
}

static bool ws_frame(void *user, enum http_ws_op op, bool fin, const char *v,
                     size_t len)
{
	CHECK(fin && user == &ws_user);
	if (op == HTTP_WS_PING)
		op = HTTP_WS_PONG;
	return !http_ws_send(ws_user, op, v, len) && op != HTTP_WS_CLOSE;
}

static void ws_closed(void *user)
{
	(void)user;
	pthread_mutex_lock(&lock);
	let_go = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static const struct http_ws_route ws_routes[] = {
	{"/ws/", ws_check, ws_opened, ws_frame, ws_closed},
};

static struct http *serve(void)
{
	struct http_opts opts = {.listen = "127.0.0.1:0",
	                         .threads = 4,
	                         .routes = routes,
	                         .n_routes = ARRAY_LEN(routes),
	                         .ws_routes = ws_routes,
	                         .n_ws_routes = ARRAY_LEN(ws_routes),
	                         .cors_origins = "https://app.example.com, "
	                                         "https://b.example.com"};
	struct http *h;

	CHECK_INT(0, http_open(&h, &opts));
	CHECK(http_port(h) != 0);
	return h;
}

static void stop(struct http *h)
{
	http_close(&h, 1000);
	CHECK(!h);
	CHECK_INT(0, mem_live());
}

static void requests_reach_their_handler(void)
{
	struct http *h = serve();

	client_do(http_port(h), &answer, "GET", "/echo?a=1&b=%20", "", NULL);
	CHECK_INT(200, answer.status);
	CHECK_STR("/echo |a=1&b=%20|127.0.0.1|0|", answer.body);
	CHECK_STR("application/json", client_header(&answer, "Content-Type"));
	CHECK_STR("no-store", client_header(&answer, "Cache-Control"));
	client_do(http_port(h), &answer, "POST", "/echo/k_-9Z", "", "xyz");
	CHECK_STR("/echo/k_-9Z k_-9Z||127.0.0.1|3|xyz", answer.body);
	client_do(http_port(h), &answer, "HEAD", "/echo", "", NULL);
	CHECK_INT(200, answer.status);
	CHECK_STR("20", client_header(&answer, "Content-Length"));
	stop(h);
}

static void unknown_paths_are_404_and_methods_405(void)
{
	static const char *const paths[] = {
		"/",           "/echo/",      "/echo/a/b",
		"/echo/a.b",   "/echo/a%2fb", "/../../etc/passwd",
		"/etc/passwd", "/echo//a",    "/Echo",
		"/ech",        "/start/x",    "//echo"};
	struct http *h = serve();

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		client_do(http_port(h), &answer, "GET", paths[i], "", NULL);
		CHECK_INT(404, answer.status);
		CHECK_STR("{\"detail\":\"There is nothing here: look at the "
		          "address, and for the paths in README.md.\"}",
		          answer.body);
	}
	client_do(http_port(h), &answer, "GET", "/echo/\xc3\xb3", "", NULL);
	CHECK_INT(400, answer.status);
	client_do(http_port(h), &answer, "DELETE", "/echo", "", NULL);
	CHECK_INT(405, answer.status);
	CHECK_STR("GET, POST", client_header(&answer, "Allow"));
	client_do(http_port(h), &answer, "GET", "/start", "", NULL);
	CHECK_INT(405, answer.status);
	CHECK_STR("POST", client_header(&answer, "Allow"));
	client_do(http_port(h), &answer, "PUT", "/start", "", "x");
	CHECK_INT(405, answer.status);
	stop(h);
}

static void a_body_over_its_limit_is_413(void)
{
	struct http *h = serve();
	const char *huge = "POST /start HTTP/1.1\r\nHost: h\r\n"
			   "Content-Length: 9999999999999\r\n\r\n";
	char big[HTTP_BODY_MAX + 2];
	int fd;

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	client_do(http_port(h), &answer, "POST", "/echo", "", big);
	CHECK_INT(413, answer.status);
	CHECK_STR("close", client_header(&answer, "Connection"));
	big[HTTP_BODY_MAX] = '\0';
	client_do(http_port(h), &answer, "POST", "/echo", "", big);
	CHECK_INT(200, answer.status);
	big[101] = '\0';
	client_do(http_port(h), &answer, "POST", "/start", "", big);
	CHECK_INT(413, answer.status);
	CHECK(strstr(answer.body, "100 bytes"));

	/* A promise of terabytes is refused by its head alone. */
	fd = client_connect(http_port(h));
	client_send(fd, huge, strlen(huge));
	client_read(fd, &answer, 1);
	CHECK_INT(413, answer.status);
	close(fd);
	stop(h);
}

static void chunks_are_counted_while_they_come(void)
{
	struct http *h = serve();
	int fd = client_connect(http_port(h));
	const char *head = "POST /start HTTP/1.1\r\nHost: h\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n";
	char chunk[200];

	client_send(fd, head, strlen(head));
	client_send(fd, "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", 22);
	client_read(fd, &answer, 1);
	CHECK_INT(200, answer.status);
	CHECK_STR("/start ||127.0.0.1|7|abcdefg", answer.body);
	close(fd);

	fd = client_connect(http_port(h));
	client_send(fd, head, strlen(head));
	memset(chunk, 'x', sizeof(chunk));
	client_send(fd, "65\r\n", 4);
	client_send(fd, chunk, 101);
	client_send(fd, "\r\n0\r\n\r\n", 7);
	client_read(fd, &answer, 1);
	CHECK_INT(413, answer.status);
	close(fd);
	stop(h);
}

static void a_request_without_or_with_two_lengths_is_refused(void)
{
	struct http *h = serve();

	client_do(http_port(h), &answer, "POST", "/start", "", NULL);
	CHECK_INT(411, answer.status);
	client_do(http_port(h), &answer, "POST", "/start",
	          "Transfer-Encoding: chunked\r\n", "0\r\n\r\n");
	CHECK_INT(400, answer.status);
	client_do(http_port(h), &answer, "POST", "/echo",
	          "Transfer-Encoding: gzip, chunked\r\n", NULL);
	CHECK_INT(400, answer.status);
	client_do(http_port(h), &answer, "POST", "/echo", "", NULL);
	CHECK_INT(200, answer.status);
	stop(h);
}

static void connections_are_kept(void)
{
	struct http *h = serve();
	int fd = client_connect(http_port(h));
	const char *req = "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n";

	for (int i = 0; i < 3; i++) {
		client_send(fd, req, strlen(req));
		client_read(fd, &answer, 1);
		CHECK_INT(200, answer.status);
	}
	/* A refusal that read everything keeps it, too. */
	req = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(fd, req, strlen(req));
	client_read(fd, &answer, 1);
	CHECK_INT(404, answer.status);
	req = "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(fd, req, strlen(req));
	client_read(fd, &answer, 1);
	CHECK_INT(200, answer.status);
	close(fd);
	stop(h);
}

static void browsers_need_a_known_origin_and_json(void)
{
	struct http *h = serve();
	const unsigned port = http_port(h);

	client_do(port, &answer, "POST", "/start",
	          "Origin: https://evil.example.com\r\n"
	          "Content-Type: application/json\r\n",
	          "{}");
	CHECK_INT(403, answer.status);
	CHECK(strstr(answer.body, "CORS_ORIGINS"));
	CHECK_STR("", client_header(&answer, "Access-Control-Allow-Origin"));
	client_do(port, &answer, "POST", "/start",
	          "Origin: https://b.example.com\r\n"
	          "Content-Type: text/plain\r\n",
	          "{}");
	CHECK_INT(415, answer.status);
	client_do(port, &answer, "POST", "/start",
	          "Origin: https://b.example.com\r\n"
	          "Content-Type: application/json; charset=utf-8\r\n",
	          "{}");
	CHECK_INT(200, answer.status);
	CHECK_STR("https://b.example.com",
	          client_header(&answer, "Access-Control-Allow-Origin"));
	CHECK_STR("Origin", client_header(&answer, "Vary"));
	client_do(port, &answer, "OPTIONS", "/start",
	          "Origin: https://app.example.com\r\n"
	          "Access-Control-Request-Method: POST\r\n",
	          NULL);
	CHECK_INT(204, answer.status);
	CHECK_STR("POST",
	          client_header(&answer, "Access-Control-Allow-Methods"));
	client_do(port, &answer, "OPTIONS", "/start",
	          "Origin: null\r\nAccess-Control-Request-Method: POST\r\n",
	          NULL);
	CHECK_INT(403, answer.status);
	/* Everybody else may send JSON under any name. */
	client_do(port, &answer, "POST", "/start",
	          "Content-Type: application/x-www-form-urlencoded\r\n", "{}");
	CHECK_INT(200, answer.status);
	stop(h);
}

static void *ask_slowly(void *arg)
{
	const unsigned *port = arg;

	client_do(*port, &answer, "GET", "/slow", "", NULL);
	return NULL;
}

static void *close_it(void *arg)
{
	struct http **hp = arg;

	http_close(hp, 5000);
	return NULL;
}

static void stopping_waits_for_handlers_that_run(void)
{
	struct http *h = serve(), *closing = h;
	unsigned port = http_port(h);
	struct http_answer *refused = calloc(1, sizeof(*refused));
	pthread_t asker, closer;

	CHECK(refused);
	pthread_create(&asker, NULL, ask_slowly, &port);
	pthread_mutex_lock(&lock);
	while (!inside)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	pthread_create(&closer, NULL, close_it, &closing);
	/* Meanwhile others are told to come back. */
	do
		client_do(port, refused, "GET", "/echo", "", NULL);
	while (refused->status == 200);
	CHECK_INT(503, refused->status);
	CHECK_STR("2", client_header(refused, "Retry-After"));
	pthread_mutex_lock(&lock);
	let_go = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(asker, NULL);
	pthread_join(closer, NULL);
	CHECK_INT(200, answer.status);
	CHECK_STR("at last", answer.body);
	free(refused);
	CHECK_INT(0, mem_live());
}

/* The library looks for its end every two seconds. */
static void stopping_is_prompt(void)
{
	struct timespec from, to;
	struct http *h = serve();

	client_do(http_port(h), &answer, "GET", "/echo", "", NULL);
	clock_gettime(CLOCK_MONOTONIC, &from);
	stop(h);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK((to.tv_sec - from.tv_sec) * 1000 +
	              (to.tv_nsec - from.tv_nsec) / 1000000 <
	      (long)test_ms(1000));
}

static void an_address_in_use_is_an_error(void)
{
	struct http *h = serve(), *other;
	struct http_opts opts = {.threads = 2};
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%u", http_port(h));
	opts.listen = address;
	CHECK(http_open(&other, &opts) < 0);
	CHECK(!other);
	stop(h);
}

#define UPGRADE                                         \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Version: 13\r\n"                 \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void read_exactly(int fd, const char *want, size_t len)
{
	char have[64] = "";
	size_t n = 0;

	while (n < len) {
		ssize_t got = read(fd, have + n, len - n);

		CHECK(got > 0);
		n += (size_t)got;
	}
	CHECK(!memcmp(want, have, len));
}

static void websockets_get_frames_as_they_are(void)
{
	struct http *h = serve();
	int fd = client_connect(http_port(h));
	const char *req = "GET /ws/good HTTP/1.1\r\nHost: h\r\n" UPGRADE "\r\n";

	client_send(fd, req, strlen(req));
	client_read(fd, &answer, 0);
	CHECK_INT(101, answer.status);
	CHECK_STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
	          client_header(&answer, "Sec-WebSocket-Accept"));
	read_exactly(fd, "\x81\x02hi", 4);
	client_send(fd, "\x81\x83\0\0\0\0abc", 9);
	read_exactly(fd,
	             "\x81\x03"
	             "abc",
	             5);
	client_send(fd, "\x89\x81\0\0\0\0p", 7);
	read_exactly(fd, "\x8a\x01p", 3);
	client_send(fd, "\x88\x82\0\0\0\0\x03\xe8", 8);
	read_exactly(fd, "\x88\x02\x03\xe8", 4);
	pthread_mutex_lock(&lock);
	while (!let_go)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	close(fd);
	stop(h);
}

static void a_refused_upgrade_is_an_answer(void)
{
	struct http *h = serve();

	client_do(http_port(h), &answer, "GET", "/ws/bad", UPGRADE, NULL);
	CHECK_INT(403, answer.status);
	CHECK_STR("{\"detail\":\"Not this one.\"}", answer.body);
	client_do(http_port(h), &answer, "GET", "/other/x", UPGRADE, NULL);
	CHECK_INT(404, answer.status);
	client_do(http_port(h), &answer, "GET", "/ws/good", "", NULL);
	CHECK_INT(404, answer.status);
	client_do(http_port(h), &answer, "GET", "/echo",
	          "Connection: Upgrade\r\nUpgrade: h2c\r\n", NULL);
	CHECK_INT(400, answer.status);
	stop(h);
}

static void open_websockets_do_not_hold_up_a_stop(void)
{
	struct http *h = serve();
	int fd = client_connect(http_port(h));
	const char *req = "GET /ws/good HTTP/1.1\r\nHost: h\r\n" UPGRADE "\r\n";

	client_send(fd, req, strlen(req));
	client_read(fd, &answer, 0);
	CHECK_INT(101, answer.status);
	read_exactly(fd, "\x81\x02hi", 4);
	stop(h);
	CHECK_INT(1, let_go);
	close(fd);
}

static void a_websocket_that_nobody_takes_is_let_go(void)
{
	struct http *h = serve();
	int fd = client_connect(http_port(h));
	const char *req = "GET /ws/full HTTP/1.1\r\nHost: h\r\n" UPGRADE "\r\n";
	char v[8];

	client_send(fd, req, strlen(req));
	client_read(fd, &answer, 0);
	CHECK_INT(101, answer.status);
	CHECK_INT(0, read(fd, v, sizeof(v))); /* the end, and at once */
	pthread_mutex_lock(&lock);
	while (!let_go)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	close(fd);
	stop(h);
}

static const struct test tests[] = {
	TEST(requests_reach_their_handler),
	TEST(unknown_paths_are_404_and_methods_405),
	TEST(a_body_over_its_limit_is_413),
	TEST(chunks_are_counted_while_they_come),
	TEST(a_request_without_or_with_two_lengths_is_refused),
	TEST(connections_are_kept),
	TEST(browsers_need_a_known_origin_and_json),
	TEST(stopping_waits_for_handlers_that_run),
	TEST(stopping_is_prompt),
	TEST(an_address_in_use_is_an_error),
	TEST(websockets_get_frames_as_they_are),
	TEST(a_refused_upgrade_is_an_answer),
	TEST(open_websockets_do_not_hold_up_a_stop),
	TEST(a_websocket_that_nobody_takes_is_let_go),
};

TEST_MAIN(tests)
