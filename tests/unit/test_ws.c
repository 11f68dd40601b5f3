/* Messages and closes of WebSockets, and how many of them there may be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fake/ws_pair.h"
#include "tests/harness/test.h"

static void a_message_comes_back_as_it_was_sent(void)
{
	ws_pair_open();
	pair.peer.echo = pair.client.stop_on_text = true;
	ws_pair_dial(pair.url);
	ws_pair_hello(&pair.client);
	net_run(pair.net);
	CHECK_STR("open text:hello", pair.client.log);
	CHECK_STR("text:hello", pair.peer.log);
	CHECK_STR("GET /ws/a%2Fb ? body=a+b%3D;c auth=Token abc "
	          "peer=127.0.0.1 body=",
	          pair.seen);
	ws_pair_close();
}

static bool both_open(void)
{
	return strstr(pair.client.log, "open") && pair.peer.ws;
}

static void close_client(void *arg)
{
	if (!both_open()) {
		timer_start(net_timers(pair.net), &pair.later, 1, close_client,
		            arg);
		return;
	}
	ws_close(&pair.client.ws, 4001, "bye now");
}

static void the_peer_learns_code_and_reason_of_a_close(void)
{
	ws_pair_open();
	ws_pair_dial(pair.url);
	timer_start(net_timers(pair.net), &pair.later, 1, close_client, NULL);
	net_run(pair.net);
	CHECK_STR("closed:4001/bye now", pair.peer.log);
	ws_pair_close();
}

static void close_peer(void *arg)
{
	if (!both_open()) {
		timer_start(net_timers(pair.net), &pair.later, 1, close_peer,
		            arg);
		return;
	}
	CHECK_INT(0, ws_send_text(pair.peer.ws, "last", 4));
	ws_close(&pair.peer.ws, 1008, "policy");
}

static void what_was_sent_arrives_before_the_close(void)
{
	ws_pair_open();
	ws_pair_dial(pair.url);
	timer_start(net_timers(pair.net), &pair.later, 1, close_peer, NULL);
	net_run(pair.net);
	CHECK_STR("open text:last closed:1008/policy", pair.client.log);
	ws_pair_close();
}

static void a_client_may_close_inside_its_first_event(void)
{
	ws_pair_open();
	pair.client.close_on_open = true;
	ws_pair_dial(pair.url);
	net_run(pair.net);
	CHECK_STR("open", pair.client.log);
	CHECK_STR("closed:1001/going", pair.peer.log);
	ws_pair_close();
}

static void a_server_may_close_inside_a_message(void)
{
	ws_pair_open();
	pair.peer.close_on_text = true;
	ws_pair_dial(pair.url);
	ws_pair_hello(&pair.client);
	net_run(pair.net);
	CHECK_STR("open closed:1008/enough", pair.client.log);
	ws_pair_close();
}

static void a_server_may_close_while_accepting(void)
{
	ws_pair_open();
	pair.peer.close_on_open = true;
	ws_pair_dial(pair.url);
	net_run(pair.net);
	/* The library judges 1013 itself; what counts is that it ends. */
	CHECK(strstr(pair.client.log, "open closed:"));
	ws_pair_close();
}

static void a_socket_nobody_takes_is_closed(void)
{
	ws_pair_open();
	pair.leave_handler_unset = true;
	ws_pair_dial(pair.url);
	net_run(pair.net);
	CHECK_STR("open closed:1011/", pair.client.log);
	ws_pair_close();
}

static char big[200 * 1024];

static void send_big(void *arg)
{
	(void)arg;
	if (!strstr(pair.client.log, "open")) {
		timer_start(net_timers(pair.net), &pair.later, 1, send_big,
		            NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 % 251);
	CHECK_INT(0, ws_send_binary(pair.client.ws, big, sizeof(big)));
}

static void a_large_message_comes_back_whole(void)
{
	ws_pair_open();
	pair.peer.echo = pair.client.stop_on_text = true;
	ws_pair_dial(pair.url);
	send_big(NULL);
	net_run(pair.net);
	CHECK_INT(sizeof(big), pair.client.bytes);
	CHECK_INT(1, pair.client.messages);
	CHECK_INT(1, pair.peer.messages);
	ws_pair_close();
}

static size_t accepted_bytes;

static void flood(void *arg)
{
	int err = 0;

	(void)arg;
	if (!strstr(pair.client.log, "open")) {
		timer_start(net_timers(pair.net), &pair.later, 1, flood, NULL);
		return;
	}
	for (int i = 0; i < 4000 && !err; i++) {
		err = ws_send_binary(pair.client.ws, big, 10000);
		if (!err)
			accepted_bytes += 10000;
	}
	CHECK_INT(-EAGAIN, err);
	CHECK(ws_queued(pair.client.ws) <= WS_QUEUE_MAX);
	CHECK(ws_queued(pair.client.ws) > WS_QUEUE_MAX - 20001);
	ws_close(&pair.client.ws, 1000, "done");
}

static void a_full_queue_says_so_and_loses_nothing(void)
{
	ws_pair_open();
	ws_pair_dial(pair.url);
	flood(NULL);
	net_run(pair.net);
	CHECK_INT(accepted_bytes, pair.peer.bytes);
	CHECK_INT(1000, pair.peer.code);
	ws_pair_close();
}

static void a_message_beyond_the_limit_closes_with_1009(void)
{
	struct ws_params prm = {.url = pair.url, .max_message = 1000};

	ws_pair_open();
	pair.peer.echo = true;
	CHECK_INT(0, ws_connect(&pair.client.ws, pair.net, &prm, ws_pair_event,
	                        &pair.client));
	send_big(NULL);
	net_run(pair.net); /* one side hears of it first ... */
	net_run(pair.net); /* ... then the other */
	CHECK_INT(0, pair.client.messages);
	CHECK_INT(1009, pair.client.code);
	CHECK_INT(1009, pair.peer.code);
	ws_pair_close();
}

/* Descriptors are lacking for half a second, with somebody at the door. */
static void who_comes_while_descriptors_lack_is_served_later(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct rlimit files, few;
	char v[64];
	int fd;

	ws_pair_open();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd >= 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(ws_server_port(pair.server));
	CHECK_INT(0, getrlimit(RLIMIT_NOFILE, &files));
	few = files;
	few.rlim_cur = (rlim_t)fd + 1;
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &few));
	CHECK_INT(0, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	CHECK(send(fd, "GET /x HTTP/1.0\r\n\r\n", 19, 0) == 19);
	timer_start(net_timers(pair.net), &pair.later, 500, ws_pair_stop, NULL);
	net_run(pair.net);
	CHECK_STR("", pair.seen);
	CHECK_INT(0, setrlimit(RLIMIT_NOFILE, &files));
	timer_start(net_timers(pair.net), &pair.later, 300, ws_pair_stop, NULL);
	net_run(pair.net);
	CHECK(recv(fd, v, sizeof(v), MSG_DONTWAIT) > 12);
	CHECK(!memcmp(v, "HTTP/1.1 200", 12));
	close(fd);
	ws_pair_close();
}

static const struct test tests[] = {
	TEST(a_message_comes_back_as_it_was_sent),
	TEST(the_peer_learns_code_and_reason_of_a_close),
	TEST(what_was_sent_arrives_before_the_close),
	TEST(a_client_may_close_inside_its_first_event),
	TEST(a_server_may_close_inside_a_message),
	TEST(a_server_may_close_while_accepting),
	TEST(a_socket_nobody_takes_is_closed),
	TEST(a_large_message_comes_back_whole),
	TEST(a_full_queue_says_so_and_loses_nothing),
	TEST(a_message_beyond_the_limit_closes_with_1009),
	TEST(who_comes_while_descriptors_lack_is_served_later),
};

TEST_MAIN(tests)
