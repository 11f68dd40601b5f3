/* Requests and their ends. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "common/mem.h"
#include "tests/fake/fetched.h"
#include "tests/harness/test.h"

static void an_answer_comes_with_status_and_body(void)
{
	struct peer *p = peer_new(fetched_hello, NULL);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	fetched_once(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK_INT(200, s.r.status);
	CHECK_STR("hello", s.body);
	CHECK_STR("r-1", s.r.request_id);
	CHECK_INT(-1, s.r.retry_after_sec);
	CHECK(s.r.sent);
	peer_free(&p);
	CHECK_INT(0, mem_live());
}

static void a_request_carries_what_was_asked(void)
{
	static char text[PEER_TEXT_MAX];
	struct peer *p = peer_new(fetched_keep, text);
	const char *const headers[] = {"Content-Type: application/json", NULL};
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.method = "POST";
	prm.body = "{\"a\":1}";
	prm.body_len = 7;
	prm.headers = headers;
	prm.user = "MAXX";
	prm.password = "secret";
	fetched_once(&s, &prm);
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
	struct peer *p = peer_new(fetched_keep, text);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.method = "DELETE";
	fetched_once(&s, &prm);
	CHECK_INT(0, strncmp(text, "DELETE / HTTP/1.1\r\n", 19));
	CHECK(!strstr(text, "Content-Length"));
	peer_free(&p);
}

static void nobody_listens_means_nothing_was_sent(void)
{
	char url[64] = "";
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, url);

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer_dead_port());
	fetched_once(&s, &prm);
	CHECK_INT(-ECONNREFUSED, s.r.err);
	CHECK(!s.r.sent);
	prm = fetched_get(&s, "http://no-such-host.invalid/");
	fetched_once(&s, &prm);
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
		struct fetched s;
		struct fetch_params prm = fetched_get(&s, peer_url(p));

		prm.method = "POST";
		prm.body = "{}";
		prm.body_len = 2;
		prm.fresh = true;
		prm.total_ms = 300;
		fetched_once(&s, &prm);
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
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	fetched_open();
	CHECK_INT(0, fetch_start(fetched_pool, NULL, &prm));
	fetched_run(&s);
	prm = fetched_get(&s, peer_url(p));
	prm.method = "POST";
	prm.fresh = true;
	CHECK_INT(0, fetch_start(fetched_pool, NULL, &prm));
	fetched_run(&s);
	CHECK_INT(-ECONNRESET, s.r.err);
	CHECK_INT(2, peer_requests(p));
	CHECK_INT(2, peer_conns(p));
	fetch_free(&fetched_pool);
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
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.max_body = 1000;
	fetched_once(&s, &prm);
	CHECK_INT(ERR_LIMIT, s.r.err);
	CHECK_INT(200, s.r.status);
	peer_free(&p);
}

static void a_stream_comes_in_pieces(void)
{
	struct peer *p = peer_new(fetched_pieces, NULL);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.data = fetched_data;
	fetched_once(&s, &prm);
	CHECK_INT(0, s.r.err);
	CHECK_STR("one two", s.text);
	CHECK_STR("", s.body);
	peer_free(&p);
}

static void a_silent_stream_is_given_up(void)
{
	struct peer *p = peer_new(fetched_pieces, &fetched_pool);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.data = fetched_data;
	prm.total_ms = 0;
	prm.stall_ms = 200;
	fetched_once(&s, &prm);
	CHECK_INT(-ETIMEDOUT, s.r.err);
	CHECK_STR("one two", s.text);
	peer_free(&p);
}

static void a_handler_may_end_its_stream(void)
{
	struct peer *p = peer_new(fetched_pieces, &fetched_pool);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));
	int i;

	prm.data = fetched_data;
	fetched_open();
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	s.data_err = ERR_STALE;
	fetched_run(&s);
	CHECK_INT(ERR_STALE, s.r.err);

	prm = fetched_get(&s, peer_url(p));
	prm.data = fetched_data;
	s.cancel = true;
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	for (i = 0; i < FETCHED_TURNS_MAX && !s.datas; i++)
		CHECK_INT(0, fetch_wait(fetched_pool, 100));
	for (i = 0; i < 5; i++)
		CHECK_INT(0, fetch_wait(fetched_pool, 10));
	CHECK_INT(1, s.datas);
	CHECK_INT(0, s.done);
	CHECK(s.req == NULL);
	fetch_free(&fetched_pool);
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
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	prm.data = fetched_data;
	fetched_once(&s, &prm);
	CHECK_INT(0, s.datas);
	CHECK_INT(401, s.r.status);
	CHECK_STR("no key", s.body);
	peer_free(&p);
}

/* One handler starts, cancels and is cancelled. */
static struct fetched second, third;

static void start_another(const struct fetch_result *r, void *arg)
{
	struct fetched *s = arg;
	struct fetch_params prm = fetched_get(&second, "");
	static char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", peer_dead_port());
	prm.url = url;
	fetched_done(r, s);
	fetch_cancel(&third.req);
	CHECK_INT(0, fetch_start(fetched_pool, &second.req, &prm));
	CHECK_INT(0, second.done);
}

static void handlers_may_start_and_cancel(void)
{
	struct peer *p = peer_new(fetched_hello, NULL);
	struct peer *q = peer_new(silent, NULL);
	struct fetched s;
	struct fetch_params prm;

	fetched_open();
	prm = fetched_get(&third, peer_url(q));
	CHECK_INT(0, fetch_start(fetched_pool, &third.req, &prm));
	prm = fetched_get(&s, peer_url(p));
	prm.done = start_another;
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	fetched_run(&second);
	CHECK_INT(-ECONNREFUSED, second.r.err);
	CHECK_INT(1, s.done);
	CHECK_INT(0, third.done);
	fetch_free(&fetched_pool);
	peer_free(&p);
	peer_free(&q);
	CHECK_INT(0, mem_live());
}

static void what_is_in_flight_ends_with_the_pool(void)
{
	struct peer *p = peer_new(silent, NULL);
	struct fetched s;
	struct fetch_params prm = fetched_get(&s, peer_url(p));

	fetched_open();
	CHECK_INT(0, fetch_start(fetched_pool, &s.req, &prm));
	CHECK_INT(0, fetch_wait(fetched_pool, 20));
	fetch_free(&fetched_pool);
	CHECK_INT(0, s.done);
	peer_free(&p);
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
};

TEST_MAIN(tests)
