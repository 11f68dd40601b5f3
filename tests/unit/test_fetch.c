#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "common/curl/fetch.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/fake/peer.h"
#include "tests/harness/test.h"

enum { TURNS_MAX = 2000 /* of the loop in one test */ };

static struct fetch *f;

/* What the handlers of one request have seen. */
struct seen {
	unsigned done, datas;
	struct fetch_result r;
	char body[256], text[256];
	struct fetch_req *req;
	int data_err; /* what the data handler returns */
	bool cancel;  /* the data handler cancels */
};

static void on_done(const struct fetch_result *r, void *arg)
{
	struct seen *s = arg;

	s->done++;
	s->r = *r;
	snprintf(s->body, sizeof(s->body), "%s", r->body);
	s->req = NULL;
}

static int on_data(const char *v, size_t len, void *arg)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	s->datas++;
	snprintf(s->text + n, sizeof(s->text) - n, "%.*s", (int)len, v);
	if (s->cancel)
		fetch_cancel(&s->req);
	return s->data_err;
}

static struct fetch_params get(struct seen *s, const char *url)
{
	memset(s, 0, sizeof(*s));
	return (struct fetch_params){.method = "GET",
	                             .url = url,
	                             .total_ms = 5000,
	                             .done = on_done,
	                             .arg = s};
}

static void run(struct seen *s)
{
	unsigned i;

	for (i = 0; i < TURNS_MAX && !s->done; i++)
		CHECK_INT(0, fetch_wait(f, 100));
	CHECK_INT(1, s->done);
}

static void open_fetch(void)
{
	const struct fetch_opts opts = {0};

	CHECK_INT(0, fetch_new(&f, &opts));
}

static void start_and_run(struct seen *s, const struct fetch_params *prm)
{
	open_fetch();
	CHECK_INT(0, fetch_start(f, &s->req, prm));
	CHECK_INT(0, s->done);
	run(s);
	fetch_free(&f);
	CHECK(f == NULL);
}

static void answer_hello(struct peer_conn *c, void *arg)
{
	(void)arg;
	while (peer_read(c))
		peer_answer(c, 200, "X-Request-Id: r-1\r\n", "hello");
}

static void an_answer_comes_with_status_and_body(void)
{
	struct peer *p = peer_new(answer_hello, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	start_and_run(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK_INT(200, s.r.status);
	CHECK_STR("hello", s.body);
	CHECK_STR("r-1", s.r.request_id);
	CHECK_INT(-1, s.r.retry_after_sec);
	CHECK(s.r.sent);
	peer_free(&p);
	CHECK_INT(0, mem_live());
}

static void keep_request(struct peer_conn *c, void *arg)
{
	if (!peer_read(c))
		return;
	memcpy(arg, c->request, PEER_TEXT_MAX);
	peer_answer(c, 429, "Retry-After: 7\r\n", "{\"error\":\"slow\"}");
}

static void a_request_carries_what_was_asked(void)
{
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(keep_request, text);
	const char *const headers[] = {"Content-Type: application/json", NULL};
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.method = "POST";
	prm.body = "{\"a\":1}";
	prm.body_len = 7;
	prm.headers = headers;
	prm.user = "MAXX";
	prm.password = "secret";
	start_and_run(&s, &prm);
	CHECK_INT(0, strncmp(text, "POST / HTTP/1.1\r\n", 17));
	CHECK(strstr(text, "Authorization: Basic TUFYWDpzZWNyZXQ=\r\n"));
	CHECK(strstr(text, "Content-Type: application/json\r\n"));
	CHECK(strstr(text, "\r\n\r\n{\"a\":1}"));
	CHECK(!strstr(text, "Expect"));
	CHECK_INT(429, s.r.status);
	CHECK_INT(7, s.r.retry_after_sec);
	CHECK_STR("{\"error\":\"slow\"}", s.body);
	peer_free(&p);
}

static void a_delete_has_no_body(void)
{
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(keep_request, text);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.method = "DELETE";
	start_and_run(&s, &prm);
	CHECK_INT(0, strncmp(text, "DELETE / HTTP/1.1\r\n", 19));
	CHECK(!strstr(text, "Content-Length"));
	peer_free(&p);
}

static void nobody_listens_means_nothing_was_sent(void)
{
	char url[64] = "";
	struct seen s;
	struct fetch_params prm = get(&s, url);

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer_dead_port());
	start_and_run(&s, &prm);
	CHECK_INT(-ECONNREFUSED, s.r.err);
	CHECK(!s.r.sent);
	prm = get(&s, "http://no-such-host.invalid/");
	start_and_run(&s, &prm);
	CHECK_INT(-EHOSTUNREACH, s.r.err);
	CHECK(!s.r.sent);
}

static void reset_after_request(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (peer_read(c))
		peer_reset(c);
}

static void close_after_request(struct peer_conn *c, void *arg)
{
	(void)arg;
	(void)!peer_read(c);
}

static void half_answer(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (peer_read(c))
		peer_send(c,
		          "HTTP/1.1 201 Made\r\nContent-Length: 90\r\n\r\n{");
}

static void garbage(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (peer_read(c))
		peer_send(c, "\x16\x03\x01 no http at all\r\n\r\n");
}

static void silent(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (peer_read(c))
		peer_wait(c, 10000);
}

static void faults_after_the_request_leave_it_sent(void)
{
	static const struct {
		peer_h *script;
		int err, status;
	} cases[] = {
		{reset_after_request, -ECONNRESET, 0},
		{close_after_request, -ECONNRESET, 0},
		{half_answer, -ECONNRESET, 201},
		{garbage, ERR_PROTO, 0},
		{silent, -ETIMEDOUT, 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct peer *p = peer_new(cases[i].script, NULL);
		struct seen s;
		struct fetch_params prm = get(&s, peer_url(p));

		prm.method = "POST";
		prm.body = "{}";
		prm.body_len = 2;
		prm.fresh = true;
		prm.total_ms = 300;
		start_and_run(&s, &prm);
		CHECK_INT(cases[i].err, s.r.err);
		CHECK_INT(cases[i].status, s.r.status);
		CHECK(s.r.sent);
		CHECK_INT(1, peer_requests(p));
		CHECK_INT(1, peer_conns(p));
		peer_free(&p);
	}
}

static void one_answer_then_reset(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (c->nr == 1 && peer_read(c))
		peer_answer(c, 200, "", "ok");
	if (peer_read(c))
		peer_reset(c);
}

/* A used connection that dies is the one case where libcurl repeats. */
static void a_fresh_post_is_never_repeated(void)
{
	struct peer *p = peer_new(one_answer_then_reset, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	open_fetch();
	CHECK_INT(0, fetch_start(f, NULL, &prm));
	run(&s);
	prm = get(&s, peer_url(p));
	prm.method = "POST";
	prm.fresh = true;
	CHECK_INT(0, fetch_start(f, NULL, &prm));
	run(&s);
	CHECK_INT(-ECONNRESET, s.r.err);
	CHECK_INT(2, peer_requests(p));
	CHECK_INT(2, peer_conns(p));
	fetch_free(&f);
	peer_free(&p);
}

static void huge(struct peer_conn *c, void *arg)
{
	int i;

	(void)arg;
	if (!peer_read(c))
		return;
	peer_send(c, "HTTP/1.1 200 OK\r\n\r\n");
	for (i = 0; i < 1000; i++)
		peer_send(c, "0123456789012345678901234567890123456789");
}

static void a_body_over_its_limit_ends_the_request(void)
{
	struct peer *p = peer_new(huge, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.max_body = 1000;
	start_and_run(&s, &prm);
	CHECK_INT(ERR_LIMIT, s.r.err);
	CHECK_INT(200, s.r.status);
	peer_free(&p);
}

static void pieces(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (!peer_read(c))
		return;
	peer_send(c, "HTTP/1.1 200 OK\r\n\r\none ");
	peer_wait(c, 30);
	peer_send(c, "two");
	if (arg)
		peer_wait(c, 10000);
}

static void a_stream_comes_in_pieces(void)
{
	struct peer *p = peer_new(pieces, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.data = on_data;
	start_and_run(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK_STR("one two", s.text);
	CHECK_STR("", s.body);
	peer_free(&p);
}

static void a_silent_stream_is_given_up(void)
{
	struct peer *p = peer_new(pieces, &f);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.data = on_data;
	prm.total_ms = 0;
	prm.stall_ms = 200;
	start_and_run(&s, &prm);
	CHECK_INT(-ETIMEDOUT, s.r.err);
	CHECK_STR("one two", s.text);
	peer_free(&p);
}

static void a_handler_may_end_its_stream(void)
{
	struct peer *p = peer_new(pieces, &f);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));
	int i;

	prm.data = on_data;
	open_fetch();
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	s.data_err = ERR_STALE;
	run(&s);
	CHECK_INT(ERR_STALE, s.r.err);

	prm = get(&s, peer_url(p));
	prm.data = on_data;
	s.cancel = true;
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	for (i = 0; i < TURNS_MAX && !s.datas; i++)
		CHECK_INT(0, fetch_wait(f, 100));
	for (i = 0; i < 5; i++)
		CHECK_INT(0, fetch_wait(f, 10));
	CHECK_INT(1, s.datas);
	CHECK_INT(0, s.done);
	CHECK(s.req == NULL);
	fetch_free(&f);
	peer_free(&p);
	CHECK_INT(0, mem_live());
}

static void refused_stream(struct peer_conn *c, void *arg)
{
	(void)arg;
	if (peer_read(c))
		peer_answer(c, 401, "", "no key");
}

static void the_body_of_an_error_is_collected(void)
{
	struct peer *p = peer_new(refused_stream, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	prm.data = on_data;
	start_and_run(&s, &prm);
	CHECK_INT(0, s.datas);
	CHECK_INT(401, s.r.status);
	CHECK_STR("no key", s.body);
	peer_free(&p);
}

/* One handler starts, cancels and is cancelled. */
static struct seen second, third;

static void start_another(const struct fetch_result *r, void *arg)
{
	struct seen *s = arg;
	struct fetch_params prm = get(&second, "");
	static char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer_dead_port());
	prm.url = url;
	on_done(r, s);
	fetch_cancel(&third.req);
	CHECK_INT(0, fetch_start(f, &second.req, &prm));
	CHECK_INT(0, second.done);
}

static void handlers_may_start_and_cancel(void)
{
	struct peer *p = peer_new(answer_hello, NULL);
	struct peer *q = peer_new(silent, NULL);
	struct seen s;
	struct fetch_params prm;

	open_fetch();
	prm = get(&third, peer_url(q));
	CHECK_INT(0, fetch_start(f, &third.req, &prm));
	prm = get(&s, peer_url(p));
	prm.done = start_another;
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	run(&second);
	CHECK_INT(-ECONNREFUSED, second.r.err);
	CHECK_INT(1, s.done);
	CHECK_INT(0, third.done);
	fetch_free(&f);
	peer_free(&p);
	peer_free(&q);
	CHECK_INT(0, mem_live());
}

static void what_is_in_flight_ends_with_the_pool(void)
{
	struct peer *p = peer_new(silent, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	open_fetch();
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	CHECK_INT(0, fetch_wait(f, 20));
	fetch_free(&f);
	CHECK_INT(0, s.done);
	peer_free(&p);
	CHECK_INT(0, mem_live());
}

static void only_web_addresses_are_taken(void)
{
	static const char *const bad[] = {"",        "host",     "ftp://h/",
	                                  "http://", "file:///", "http://a b/"};
	struct seen s;
	size_t i;

	open_fetch();
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct fetch_params prm = get(&s, bad[i]);

		CHECK_INT(-EINVAL, fetch_start(f, &s.req, &prm));
	}
	fetch_free(&f);
	CHECK_INT(0, mem_live());
}

static void an_address_takes_the_place_of_a_name(void)
{
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(keep_request, text);
	struct seen s;
	char url[64] = "", host[64];
	struct fetch_params prm = get(&s, url);

	snprintf(url, sizeof(url), "http://bot.invalid:%u/", peer_port(p));
	snprintf(host, sizeof(host), "Host: bot.invalid:%u\r\n", peer_port(p));
	prm.address = "127.0.0.1";
	start_and_run(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK(strstr(text, host));
	peer_free(&p);
}

static void an_address_that_is_not_public_is_not_even_connected_to(void)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "0x7f.1",
	                                    "[::ffff:127.0.0.1]"};
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(keep_request, text);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct seen s;
		char url[64];
		struct fetch_params prm = get(&s, url);

		snprintf(url, sizeof(url), "http://%s:%u/", names[i],
		         peer_port(p));
		prm.public_only = true;
		start_and_run(&s, &prm);
		CHECK_INT(-EACCES, s.r.err);
		CHECK(!s.r.sent);
	}
	CHECK_INT(0, peer_conns(p));
	peer_free(&p);
}

static void answer_many(struct peer_conn *c, void *arg)
{
	(void)arg;
	while (peer_read(c))
		peer_answer(c, 200, "", "hello");
}

static void nor_is_it_reached_over_another_s_connection(void)
{
	struct peer *p = peer_new(answer_many, NULL);
	struct seen s;
	struct fetch_params prm = get(&s, peer_url(p));

	open_fetch();
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	run(&s);
	CHECK_STR("hello", s.body);
	prm = get(&s, peer_url(p));
	prm.public_only = true;
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	run(&s);
	CHECK_INT(-EACCES, s.r.err);
	CHECK_INT(1, peer_requests(p));
	fetch_free(&f);
	peer_free(&p);
}

/* A poll(2) loop in the place of libuv. */
static struct pollfd fds[16];
static long timer_ms = -1;

static void watch(int fd, unsigned events, void *arg)
{
	size_t i, slot = ARRAY_LEN(fds);

	(void)arg;
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		bool unused = fds[i].fd < 0 && slot == ARRAY_LEN(fds);

		if (fds[i].fd == fd || unused)
			slot = i;
		if (fds[i].fd == fd)
			break;
	}
	CHECK(slot < ARRAY_LEN(fds));
	fds[slot].fd = events ? fd : -1;
	fds[slot].events = (short)((events & FETCH_IN ? POLLIN : 0) |
	                           (events & FETCH_OUT ? POLLOUT : 0));
}

static void set_timer(long ms, void *arg)
{
	(void)arg;
	timer_ms = ms;
}

static void turn(void)
{
	size_t i;
	int n = poll(fds, ARRAY_LEN(fds), (int)timer_ms);

	if (!n) {
		fetch_timeout(f);
		return;
	}
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		unsigned events = 0;

		if (fds[i].fd < 0 || !fds[i].revents)
			continue;
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			events |= FETCH_IN;
		if (fds[i].revents & POLLOUT)
			events |= FETCH_OUT;
		fetch_ready(f, fds[i].fd, events);
	}
}

static void a_foreign_loop_drives_it(void)
{
	const struct fetch_driver driver = {watch, set_timer, NULL};
	const struct fetch_opts opts = {.driver = &driver};
	struct peer *p = peer_new(pieces, &f);
	struct peer *q = peer_new(answer_hello, NULL);
	struct seen s, hello;
	struct fetch_params prm;
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		fds[i].fd = -1;
	CHECK_INT(0, fetch_new(&f, &opts));
	prm = get(&s, peer_url(p));
	prm.data = on_data;
	prm.total_ms = 0;
	prm.stall_ms = 200;
	CHECK_INT(0, fetch_start(f, &s.req, &prm));
	prm = get(&hello, peer_url(q));
	CHECK_INT(0, fetch_start(f, &hello.req, &prm));
	for (i = 0; i < TURNS_MAX && !(s.done && hello.done); i++)
		turn();
	CHECK_STR("hello", hello.body);
	CHECK_STR("one two", s.text);
	CHECK_INT(-ETIMEDOUT, s.r.err);
	fetch_free(&f);
	peer_free(&p);
	peer_free(&q);
	CHECK_INT(0, mem_live());
}

static const struct test tests[] = {
	TEST(an_answer_comes_with_status_and_body),
	TEST(a_request_carries_what_was_asked),
	TEST(a_delete_has_no_body),
	TEST(nobody_listens_means_nothing_was_sent),
	TEST(faults_after_the_request_leave_it_sent),
	TEST(a_fresh_post_is_never_repeated),
	TEST(a_body_over_its_limit_ends_the_request),
	TEST(a_stream_comes_in_pieces),
	TEST(a_silent_stream_is_given_up),
	TEST(a_handler_may_end_its_stream),
	TEST(the_body_of_an_error_is_collected),
	TEST(handlers_may_start_and_cancel),
	TEST(what_is_in_flight_ends_with_the_pool),
	TEST(only_web_addresses_are_taken),
	TEST(an_address_takes_the_place_of_a_name),
	TEST(an_address_that_is_not_public_is_not_even_connected_to),
	TEST(nor_is_it_reached_over_another_s_connection),
	TEST(a_foreign_loop_drives_it),
};

TEST_MAIN(tests)
