#include <errno.h>
#include <stdio.h>

#include "bot/hangup.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/test.h"

static struct net *net;
static struct ws_server *server;
static struct timer watchdog;
static struct hangup_account account = {.auth_id = "MAXX/Y",
                                        .auth_token = "token"};
static char base[64], seen[256];
static int statuses[8]; /* of the answers, in order */
static unsigned asked, calls;
static int result;

static void request(const struct ws_request *req, struct ws_response *res,
                    void *arg)
{
	const char *auth = req->header(req, "authorization");

	(void)arg;
	snprintf(seen, sizeof(seen), "%s %s %s", req->method, req->path,
	         auth ? auth : "-");
	res->status = statuses[asked++];
}

static void handler(int err, void *arg)
{
	(void)arg;
	calls++;
	result = err;
	net_stop(net);
}

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out");
}

static void begin(void)
{
	static const struct ws_handlers h = {.request = request};

	CHECK_INT(0, net_new(&net, NULL));
	CHECK_INT(0, ws_listen(&server, net, "127.0.0.1:0", &h, NULL));
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
	         ws_server_port(server));
	account.api_url = base;
	timer_start(net_timers(net), &watchdog, test_ms(15000),
	            watchdog_handler, NULL);
}

static void end(void)
{
	ws_server_close(&server);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, mem_live());
}

static void hang_up(void)
{
	struct hangup *h;

	CHECK_INT(0,
	          hangup_open(&h, net, &account, "u/1", "c1", handler, NULL));
	CHECK_INT(0, calls); /* not yet */
	net_run(net);
	CHECK_INT(1, calls);
	hangup_close(&h);
}

static void the_call_is_deleted_with_the_accounts_credentials(void)
{
	begin();
	statuses[0] = 204;
	hang_up();
	CHECK_INT(0, result);
	CHECK_STR("DELETE /v1/Account/MAXX%2FY/Call/u%2F1/ "
	          "Basic TUFYWC9ZOnRva2Vu",
	          seen);
	end();
}

static void a_call_not_found_is_over(void)
{
	begin();
	statuses[0] = 404;
	hang_up();
	CHECK_INT(0, result);
	CHECK_INT(1, asked);
	end();
}

static void trouble_is_tried_again(void)
{
	begin();
	statuses[0] = 500;
	statuses[1] = 429;
	statuses[2] = 204;
	hang_up();
	CHECK_INT(0, result);
	CHECK_INT(3, asked);
	end();
}

static void wrong_credentials_are_not_tried_again(void)
{
	begin();
	statuses[0] = 401;
	hang_up();
	CHECK_INT(ERR_AUTH, result);
	CHECK_INT(1, asked);
	end();
}

static void nobody_there_is_given_up_after_a_while(void)
{
	begin();
	ws_server_close(&server);
	hang_up();
	CHECK_INT(-ECONNREFUSED, result);
	end();
}

static void a_closed_one_is_silent(void)
{
	struct hangup *h;

	begin();
	CHECK_INT(-EINVAL,
	          hangup_open(&h, net, &account, "", "c1", handler, NULL));
	CHECK_INT(0, hangup_open(&h, net, &account, "u", "c1", handler, NULL));
	hangup_close(&h);
	CHECK(!h);
	end();
	CHECK_INT(0, calls);
}

static const struct test tests[] = {
	TEST(the_call_is_deleted_with_the_accounts_credentials),
	TEST(a_call_not_found_is_over),
	TEST(trouble_is_tried_again),
	TEST(wrong_credentials_are_not_tried_again),
	TEST(nobody_there_is_given_up_after_a_while),
	TEST(a_closed_one_is_silent),
};

TEST_MAIN(tests)
