/*
 * The WebSocket client over TLS, against the simulator of Deepgram: OpenSSL on
 * both sides, but nothing else in common.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "common/err.h"
#include "common/mem.h"
#include "common/timer.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static struct net *net;
static struct ws *ws;
static struct proc sim;
static struct timer watchdog;
static char certs[256], ca[320], url[256];
static struct ws_event last;
static char why[256];
static unsigned texts;

static void watchdog_handler(void *arg)
{
	(void)arg;
	test_fail(__FILE__, __LINE__, "timed out after event %d", last.type);
}

static void handler(const struct ws_event *ev, void *arg)
{
	(void)arg;
	last = *ev;
	snprintf(why, sizeof(why), "%.*s", (int)ev->len, ev->data);
	if (ev->type == WS_TEXT)
		texts++;
	if (ev->type == WS_CLOSED || ev->type == WS_FAILED)
		ws_close(&ws, 1000, NULL);
	net_stop(net);
}

static void begin(const char *trusted)
{
	char cert[320], key[320], cmd[512];
	const char *args[] = {"--tls-cert", cert, "--tls-key", key, NULL};

	snprintf(certs, sizeof(certs), "%s/certs", proc_temp_dir());
	snprintf(cmd, sizeof(cmd), "tests/sim/lib/mkcert.sh %s", certs);
	CHECK_INT(0, system(cmd));
	snprintf(cert, sizeof(cert), "%s/cert.pem", certs);
	snprintf(key, sizeof(key), "%s/key.pem", certs);
	snprintf(ca, sizeof(ca), "%s/ca.pem", certs);
	proc_start(&sim, "deepgram-sim", proc_temp_dir(), args, NULL);
	CHECK_INT(0, net_new(&net, trusted ? trusted : ca));
	timer_start(net_timers(net), &watchdog, test_ms(10000),
	            watchdog_handler, NULL);
}

static void end(void)
{
	ws_close(&ws, 1000, NULL);
	timer_stop(net_timers(net), &watchdog);
	net_free(&net);
	CHECK_INT(0, proc_stop(&sim));
	CHECK_INT(0, mem_live());
}

static void dial(const char *host, const char *model)
{
	static const struct ws_header token = {"authorization", "Token k"};
	struct ws_params prm = {.url = url, .headers = &token, .n_headers = 1};

	snprintf(url, sizeof(url),
	         "wss://%s%s/v1/listen?%s&encoding=mulaw&sample_rate=8000",
	         host, strrchr(sim.url, ':'), model);
	CHECK_INT(0, ws_connect(&ws, net, &prm, handler, NULL));
	net_run(net);
}

static void a_good_certificate_is_good(void)
{
	static char audio[320];

	begin(NULL);
	dial("localhost", "model=nova-3-general");
	CHECK_INT(WS_OPEN, last.type);
	memset(audio, 0xff, sizeof(audio));
	for (int i = 0; i < 200; i++)
		CHECK_INT(0, ws_send_binary(ws, audio, sizeof(audio)));
	CHECK_INT(0, ws_send_text(ws, "{\"type\":\"CloseStream\"}", 22));
	while (last.type != WS_CLOSED)
		net_run(net);
	CHECK(texts > 0);
	CHECK_INT(1000, last.code);
	end();
}

static void a_name_in_the_certificate_must_match(void)
{
	begin(NULL);
	dial("127.1", "model=nova-3-general");
	CHECK_INT(WS_FAILED, last.type);
	CHECK_INT(ERR_AUTH, last.err);
	end();
}

static void an_unknown_authority_is_refused(void)
{
	begin("/etc/ssl/certs/ca-certificates.crt");
	dial("localhost", "model=nova-3-general");
	CHECK_INT(WS_FAILED, last.type);
	CHECK_INT(ERR_AUTH, last.err);
	end();
}

static void a_refusal_tells_the_servers_reason(void)
{
	begin(NULL);
	dial("localhost", "x=y");
	CHECK_INT(WS_FAILED, last.type);
	CHECK_INT(ERR_PROTO, last.err);
	CHECK_INT(400, last.status);
	CHECK_STR("No model was given.", why);
	end();
}

static const struct test tests[] = {
	TEST(a_refusal_tells_the_servers_reason),
	TEST(a_good_certificate_is_good),
	TEST(a_name_in_the_certificate_must_match),
	TEST(an_unknown_authority_is_refused),
};

TEST_MAIN(tests)
