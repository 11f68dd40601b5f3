/* How a WebSocket comes to be, or does not. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/err.h"
#include "tests/fake/ws_pair.h"
#include "tests/harness/test.h"

static void a_refused_upgrade_tells_its_status(void)
{
	ws_pair_open();
	pair.upgrade_status = 403;
	ws_pair_dial(pair.url);
	net_run(pair.net);
	CHECK_STR("failed", pair.client.log);
	CHECK_INT(403, pair.client.status);
	CHECK_INT(ERR_PROTO, pair.client.err);
	ws_pair_close();
}

static void a_refused_connection_fails(void)
{
	ws_pair_open();
	ws_server_close(&pair.server);
	ws_pair_dial(pair.url);
	net_run(pair.net);
	CHECK_STR("failed", pair.client.log);
	CHECK_INT(-ECONNREFUSED, pair.client.err);
	CHECK_INT(0, pair.client.status);
	ws_pair_close();
}

static void a_name_that_is_none_fails(void)
{
	ws_pair_open();
	ws_pair_dial("ws://no-such-host.invalid/");
	net_run(pair.net);
	CHECK_STR("failed", pair.client.log);
	CHECK_INT(-EHOSTUNREACH, pair.client.err);
	ws_pair_close();
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

	ws_pair_open();
	fd = silent_listener(at);
	snprintf(to, sizeof(to), "%s://%s", scheme, at);
	ws_pair_dial(to);
	net_run(pair.net);
	CHECK_STR("failed", pair.client.log);
	CHECK_INT(-ETIMEDOUT, pair.client.err);
	close(fd);
	ws_pair_close();
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
	ws_pair_open();
	ws_pair_dial(pair.url);
	ws_close(&pair.client.ws, 1000, NULL);
	CHECK(!pair.client.ws);
	ws_pair_close();
	CHECK_STR("", pair.client.log);
}

static void close_early(void *arg)
{
	(void)arg;
	ws_close(&pair.client.ws, 1000, NULL);
	timer_start(net_timers(pair.net), &pair.later, 50, ws_pair_stop, NULL);
}

static void closing_a_connection_under_way_is_silent(void)
{
	char at[64], to[80];
	int fd;

	ws_pair_open();
	fd = silent_listener(at);
	snprintf(to, sizeof(to), "ws://%s", at);
	ws_pair_dial(to);
	timer_start(net_timers(pair.net), &pair.later, 50, close_early, NULL);
	net_run(pair.net);
	CHECK_STR("", pair.client.log);
	close(fd);
	ws_pair_close();
}

static void an_empty_header_is_empty(void)
{
	static const struct ws_header headers[] = {{"authorization", ""},
	                                           {"x-other", "1"}};
	struct ws_params prm = {
		.url = pair.url, .headers = headers, .n_headers = 2};

	ws_pair_open();
	pair.client.close_on_open = true;
	CHECK_INT(0, ws_connect(&pair.client.ws, pair.net, &prm, ws_pair_event,
	                        &pair.client));
	net_run(pair.net);
	CHECK(strstr(pair.seen, " auth= peer=127.0.0.1 "));
	ws_pair_close();
}

static void a_bad_url_is_refused_at_once(void)
{
	static const char *const urls[] = {
		"http://a/",     "ws://",        "ws://a:b/", "ws://a:0/",
		"ws://u@a/",     "ws://a/ b",    "ws://a/#f", "wss:/a",
		"ws://a:70000/", "ws://[::1]x/", "ws://[::1",
	};

	ws_pair_open();
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct ws_params prm = {.url = urls[i]};

		CHECK_INT(-EINVAL, ws_connect(&pair.client.ws, pair.net, &prm,
		                              ws_pair_event, &pair.client));
	}
	ws_pair_close();
}

static const struct test tests[] = {
	TEST(a_refused_upgrade_tells_its_status),
	TEST(a_refused_connection_fails),
	TEST(a_name_that_is_none_fails),
	TEST(a_server_that_stays_silent_times_out),
	TEST(a_tls_server_that_stays_silent_times_out),
	TEST(closing_while_connecting_is_silent),
	TEST(closing_a_connection_under_way_is_silent),
	TEST(an_empty_header_is_empty),
	TEST(a_bad_url_is_refused_at_once),
};

TEST_MAIN(tests)
