/*
 * The server over HTTP: who may ask for what, and where bots post.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>

#include "server/app.h"
#include "server/http/http.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define KEY    "0123456789abcdef0123456789abcdef"
#define BEARER "Authorization: Bearer " KEY "\r\n"

static struct world w;

static const char production[] =
	"ENV=production\nPUBLIC_URL=http://localhost\nALLOWED_PREFIXES=*\n"
	"BOT_WS_URL=wss://p.example.com/ws\nPLIVO_VERIFY=off\n";

static void opened_in_production(const char *more)
{
	char env[512];

	snprintf(env, sizeof(env), "%s%s", production, more);
	world_open(&w, env);
}

static void start_auth_none_opens_start_alone(void)
{
	opened_in_production("START_AUTH=none\n");
	world_start(&w, "Host: voice.example.com\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", "/calls", "Host: voice.example.com\r\n", NULL);
	world_refused(&w, 403);
	CHECK(strstr(w.a.body, "set API_KEY"));
	world_do(&w, "GET", "/metrics", "Host: voice.example.com\r\n", NULL);
	world_refused(&w, 403);
}

static void start_auth_none_with_a_key_keeps_the_calls_closed(void)
{
	opened_in_production("START_AUTH=none\nAPI_KEY=" KEY "\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", "/calls", "", NULL);
	world_refused(&w, 401);
	world_do(&w, "GET", "/calls", BEARER, NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("+15551234567", world_member(&w, "calls.0.phone_number"));
}

static void behind_a_tunnel_nobody_reads_without_a_key(void)
{
	static const char *const forwarded[] = {
		"X-Forwarded-For: 203.0.113.9\r\n",
		"X-Forwarded-Proto: https\r\n",
		"Forwarded: for=203.0.113.9\r\n",
		"Host: abc.ngrok.app\r\n",
	};

	world_open(&w, "");
	world_start(&w, "", NUMBER);
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++) {
		char target[128];

		world_do(&w, "GET", "/calls", forwarded[i], NULL);
		world_refused(&w, 403);
		CHECK(strstr(w.a.body, "set API_KEY"));
		world_do(&w, "GET", "/metrics", forwarded[i], NULL);
		world_refused(&w, 403);
		snprintf(target, sizeof(target), "/calls/%s", "x");
		world_do(&w, "DELETE", target, forwarded[i], NULL);
		world_refused(&w, 403);
		world_do(&w, "POST", "/bot-events", forwarded[i], "[]");
		world_refused(&w, 403);
	}
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
}

static void health_is_open_and_has_no_figures(void)
{
	opened_in_production("API_KEY=" KEY "\n");
	world_do(&w, "GET", "/healthz", "X-Forwarded-For: 1.2.3.4\r\n", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("{\"status\":\"ok\"}", w.a.body);
	world_do(&w, "GET", "/readyz", "X-Forwarded-For: 1.2.3.4\r\n", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("{\"status\":\"ready\"}", w.a.body);
	world_do(&w, "GET", "/metrics", "", NULL);
	world_refused(&w, 401);
	world_do(&w, "GET", "/metrics", BEARER, NULL);
	CHECK_INT(200, w.a.status);
	CHECK(!strncmp(client_header(&w.a, "Content-Type"), "text/plain", 10));
}

static void metrics_may_have_a_listener_of_their_own(void)
{
	opened_in_production("API_KEY=" KEY "\n"
	                     "METRICS_LISTEN=127.0.0.1:0\n");
	CHECK(w.app->metrics != NULL);
	client_do(http_port(w.app->metrics), &w.a, "GET", "/metrics", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "\ndialout_calls_live 0\n"));
	/* Nothing else is there, and no other door is opened by it. */
	client_do(http_port(w.app->metrics), &w.a, "POST", "/start", "",
	          NUMBER);
	world_refused(&w, 404);
	client_do(http_port(w.app->metrics), &w.a, "GET", "/calls", "", NULL);
	world_refused(&w, 404);
	world_do(&w, "GET", "/metrics", "", NULL);
	world_refused(&w, 401);
	world_close(&w);
}

/* ---- where bots post ------------------------------------------------------ */

/* A bot would be a stranger to its own server behind a tunnel. */
static void local_bots_post_to_this_machine(void)
{
	struct world_seen seen;
	char want[128];

	world_open(&w, "PUBLIC_URL=https://abc.ngrok.app\n");
	/* No 201, so that the place is not prepared. */
	world_rule("POST", CALL, 400, "{}");
	world_start(&w, "", NUMBER);
	CHECK_INT(1, world_seen("POST", "/reserve", &seen));
	snprintf(want, sizeof(want),
	         "\"events_url\":\"http://127.0.0.1:%u/bot-events\"", w.port);
	CHECK(strstr(seen.body, want));
}

static void production_bots_post_to_the_public_address(void)
{
	struct world_seen seen;
	char env[512];

	world_open(&w, "");
	snprintf(env, sizeof(env),
	         "ENV=production\nPUBLIC_URL=http://localhost:9\n"
	         "ALLOWED_PREFIXES=*\nSTART_AUTH=none\nBOT_SECRET=" KEY
	         "\nBOT_URL=http://127.0.0.1:%u\n",
	         w.bot_port);
	world_close(&w);
	server_config_fini(&w.cfg);
	world_open(&w, env);
	world_rule("POST", CALL, 400, "{}");
	world_start(&w, "", NUMBER);
	CHECK_INT(1, world_seen("POST", "/reserve", &seen));
	CHECK(strstr(seen.body,
	             "\"events_url\":\"http://localhost:9/bot-events\""));
	CHECK(strstr(seen.head, "Authorization: Bearer " KEY "\r\n"));
}

static const struct test tests[] = {
	TEST(start_auth_none_opens_start_alone),
	TEST(start_auth_none_with_a_key_keeps_the_calls_closed),
	TEST(behind_a_tunnel_nobody_reads_without_a_key),
	TEST(health_is_open_and_has_no_figures),
	TEST(metrics_may_have_a_listener_of_their_own),
	TEST(local_bots_post_to_this_machine),
	TEST(production_bots_post_to_the_public_address),
};

TEST_MAIN(tests)
