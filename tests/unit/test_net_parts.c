#include <errno.h>
#include <stdio.h>

#include "bot/net/backoff.h"
#include "bot/net/http_head.h"
#include "bot/net/lag.h"
#include "bot/net/url.h"
#include "common/err.h"
#include "tests/harness/test.h"

static void waits_double_up_to_the_cap_with_jitter(void)
{
	static const uint32_t want[] = {100, 200, 400, 800, 1000, 1000};
	struct backoff b = {.first_ms = 100, .cap_ms = 1000};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		CHECK_INT(want[i] / 2, backoff_next(&b, 0));
	backoff_reset(&b);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		CHECK_INT(want[i], backoff_next(&b, want[i] / 2));
	for (uint32_t r = 0; r < 5000; r++) {
		uint32_t ms = backoff_next(&b, r);

		CHECK(ms >= 500 && ms <= 1000);
	}
}

static void a_wait_survives_any_number_of_tries(void)
{
	struct backoff b = {.first_ms = 1, .cap_ms = UINT32_MAX, .tries = 4000};

	CHECK(backoff_next(&b, 0) > UINT32_MAX / 2);
}

static void lateness_is_told_within_a_quarter(void)
{
	static const uint32_t values[] = {0,    1,     3,     4,     5,    7,
	                                  8,    100,   999,   1000,  4095, 4096,
	                                  5000, 20000, 99999, 400000};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct lag lag = {.slot = {{0}}};
		uint32_t have;

		for (int k = 0; k < 98; k++)
			lag_add(&lag, 5000000, values[i]);
		lag_add(&lag, 5000000, 900000);
		lag_add(&lag, 5000000, 900000);
		have = lag_at(&lag, 5000000, 980);
		CHECK(have >= values[i]);
		CHECK(have <= values[i] + values[i] / 4 + 1);
		CHECK_INT(900000, lag_at(&lag, 5000000, 990));
		CHECK_INT(900000, lag_max(&lag, 5000000));
	}
}

static void lateness_is_forgotten_after_ten_seconds(void)
{
	struct lag lag = {.slot = {{0}}};

	lag_add(&lag, 1000000, 5000);
	lag_add(&lag, 9000000, 7);
	CHECK_INT(5000, lag_max(&lag, 10900000));
	CHECK_INT(7, lag_max(&lag, 11000000));
	CHECK_INT(0, lag_max(&lag, 19000000));
	lag_add(&lag, 21000000, 3); /* the slot of second 1 anew */
	CHECK_INT(3, lag_max(&lag, 21000000));
}

static void urls_fall_into_their_parts(void)
{
	static const struct {
		const char *text, *host, *path;
		int port;
		bool tls;
	} rows[] = {
		{"ws://a", "a", "/", 80, false},
		{"wss://a.b/", "a.b", "/", 443, true},
		{"wss://a:99/x/y?z=1", "a", "/x/y?z=1", 99, true},
		{"ws://a?q=@", "a", "/?q=@", 80, false},
		{"ws://[::1]:8/p", "::1", "/p", 8, false},
		{"ws://[::1]", "::1", "/", 80, false},
	};
	struct url u;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(0, url_parse(&u, rows[i].text));
		CHECK_INT(rows[i].tls, u.tls);
		CHECK_STR(rows[i].host, u.host);
		CHECK_INT(rows[i].port, u.port);
		CHECK_STR(rows[i].path, u.path);
	}
}

static void a_url_too_long_for_the_library_is_refused(void)
{
	char text[URL_PATH_MAX + 64] = "ws://a/";
	size_t n = strlen(text);
	struct url u;

	memset(text + n, 'x', URL_PATH_MAX - 2);
	CHECK_INT(0, url_parse(&u, text));
	text[n + URL_PATH_MAX - 2] = 'x';
	CHECK_INT(ERR_LIMIT, url_parse(&u, text));
}

static struct http_head head;

static int parse(const char *text)
{
	return http_head_parse(&head, text, strlen(text));
}

static void a_head_is_read_as_it_was_sent(void)
{
	CHECK_INT(0, parse("POST /a%2F/../b?c=+%3d HTTP/1.1\r\nHost: x\r\n"
	                   "content-LENGTH:  7 \r\nX: y: z\r\n\r\nbody"));
	CHECK(str_eq(head.method, "POST"));
	CHECK(str_eq(head.path, "/a%2F/../b"));
	CHECK(str_eq(head.query, "c=+%3d"));
	CHECK_INT(7, head.body_len);
	CHECK(head.keep_alive);
	CHECK(!head.upgrade);
	CHECK(str_eq(http_head_get(&head, "x"), "y: z"));
	CHECK(!http_head_get(&head, "y").v);
}

static void every_cut_of_a_head_asks_for_more(void)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nC:\r\n\r\n";

	for (size_t n = 0; n < sizeof(text) - 1; n++)
		CHECK_INT(-EAGAIN, http_head_parse(&head, text, n));
	CHECK_INT(0, parse(text));
}

static void heads_that_are_wrong_get_their_status(void)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{"GET /\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\n\r\n", 505},
		{"GET x HTTP/1.1\r\n\r\n", 400},
		{"G@T / HTTP/1.1\r\n\r\n", 400},
		{"GET /#f HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nA : x\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nContent-Length: 1\r\n"
	         "Content-Length: 2\r\n\r\n",
	         400},
		{"GET / HTTP/1.1\r\nContent-Length: 1\r\n"
	         "Transfer-Encoding: chunked\r\n\r\n",
	         400},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n",
	         426},
		{"GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	         "Sec-WebSocket-Key: short\r\n\r\n",
	         400},
		{"POST / HTTP/1.1\r\nUpgrade: websocket\r\n"
	         "Connection: upgrade\r\n\r\n",
	         400},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].want, parse(rows[i].text));
}

static void an_upgrade_is_told_from_a_request(void)
{
	CHECK_INT(0, parse("GET /ws HTTP/1.1\r\nupgrade: WebSocket\r\n"
	                   "connection: keep-alive, Upgrade\r\n"
	                   "sec-websocket-version: 13\r\nsec-websocket-key: "
	                   "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
	CHECK(head.upgrade);
	CHECK(str_eq(head.key, "dGhlIHNhbXBsZSBub25jZQ=="));
	CHECK_INT(0, parse("GET /ws HTTP/1.1\r\nupgrade: h2c\r\n"
	                   "connection: Upgrade\r\n\r\n"));
	CHECK(!head.upgrade);
}

static void a_connection_is_kept_as_its_version_says(void)
{
	CHECK_INT(0, parse("GET / HTTP/1.0\r\n\r\n"));
	CHECK(!head.keep_alive);
	CHECK_INT(0, parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
	CHECK(head.keep_alive);
	CHECK_INT(0, parse("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"));
	CHECK(!head.keep_alive);
}

static const struct test tests[] = {
	TEST(waits_double_up_to_the_cap_with_jitter),
	TEST(a_wait_survives_any_number_of_tries),
	TEST(lateness_is_told_within_a_quarter),
	TEST(lateness_is_forgotten_after_ten_seconds),
	TEST(urls_fall_into_their_parts),
	TEST(a_url_too_long_for_the_library_is_refused),
	TEST(a_head_is_read_as_it_was_sent),
	TEST(every_cut_of_a_head_asks_for_more),
	TEST(heads_that_are_wrong_get_their_status),
	TEST(an_upgrade_is_told_from_a_request),
	TEST(a_connection_is_kept_as_its_version_says),
};

TEST_MAIN(tests)
