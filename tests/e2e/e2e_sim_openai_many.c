/* openai-sim with many streams at a time, and with one that is left. */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/js.h"
#include "tests/e2e/simpeer.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

#define BODY(text)                                                    \
	"{\"model\":\"gpt-4.1\",\"stream\":true,\"stream_options\":{" \
	"\"include_usage\":true},\"messages\":[{\"role\":\"user\","   \
	"\"content\":\"" text "\"}]}"

static const char script[] = "when user slow\n"
			     "say a b c d e f g h\n"
			     "rate 20\n";

static struct proc sim;
static char url[256];
static struct curl_slist *headers;

static void start(const char *const *more)
{
	const char *args[20] = {"--key",  "oa-key", "--ttft-ms", "20",
	                        "--rate", "1000",   "--script",  NULL};
	size_t n = 8;

	args[7] = proc_temp_file(script);
	for (; more && *more; more++)
		args[n++] = *more;
	proc_start(&sim, "openai-sim", proc_temp_dir(), args, NULL);
	snprintf(url, sizeof(url), "%s/v1/chat/completions", sim.url);
	headers = curl_slist_append(headers, "Authorization: Bearer oa-key");
	headers = curl_slist_append(headers, "Content-Type: application/json");
}

static void stop(void)
{
	curl_slist_free_all(headers);
	CHECK_INT(0, proc_stop(&sim));
}

static size_t count_bytes(const char *v, size_t size, size_t n, void *arg)
{
	(void)v;
	*(size_t *)arg += size * n;
	return size * n;
}

static void a_client_that_hangs_up_is_recorded(void)
{
	CURL *c = curl_easy_init();
	size_t bytes = 0;
	json_t *answer;

	start(NULL);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, BODY("slow"));
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, count_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &bytes);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 200L);
	CHECK_INT(CURLE_OPERATION_TIMEDOUT, curl_easy_perform(c));
	CHECK(bytes > 0);
	curl_easy_cleanup(c);
	for (int i = 0; i < 100; i++) { /* the close is on its way */
		answer = simpeer_state(sim.url, "answers.0");
		if (strcmp(js_str(answer, "end", ""), "open") != 0)
			break;
		json_decref(answer);
	}
	CHECK_STR("client hung up", js_str(answer, "end", ""));
	CHECK(js_int(answer, "tokens", 99) < 8);
	json_decref(answer);
	stop();
}

enum { STREAMS = 200 };

static void many_streams_share_connections_over_http2(void)
{
	static size_t bytes[STREAMS];
	const char *const args[] = {"--tls-cert", "cert.pem", "--tls-key",
	                            "key.pem",    "--rate",   "50",
	                            NULL};
	char make[600], ca[300];
	CURLM *m = curl_multi_init();
	CURL *c[STREAMS];
	int running = 1, left;
	long version = 0, opened = 0;
	CURLMsg *msg;

	snprintf(make, sizeof(make), "tests/sim/lib/mkcert.sh %s",
	         proc_temp_dir());
	CHECK_INT(0, system(make));
	snprintf(ca, sizeof(ca), "%s/ca.pem", proc_temp_dir());
	start(args);
	curl_multi_setopt(m, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, 4L);
	for (int i = 0; i < STREAMS; i++) {
		c[i] = curl_easy_init();
		curl_easy_setopt(c[i], CURLOPT_URL, url);
		curl_easy_setopt(c[i], CURLOPT_CAINFO, ca);
		curl_easy_setopt(c[i], CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(c[i], CURLOPT_POSTFIELDS,
		                 BODY("one two three four five"));
		curl_easy_setopt(c[i], CURLOPT_HTTP_VERSION,
		                 (long)CURL_HTTP_VERSION_2TLS);
		curl_easy_setopt(c[i], CURLOPT_PIPEWAIT, 1L);
		curl_easy_setopt(c[i], CURLOPT_WRITEFUNCTION, count_bytes);
		curl_easy_setopt(c[i], CURLOPT_WRITEDATA, &bytes[i]);
		curl_multi_add_handle(m, c[i]);
	}
	while (running) {
		curl_multi_perform(m, &running);
		curl_multi_poll(m, NULL, 0, 100, NULL);
	}
	while ((msg = curl_multi_info_read(m, &left)))
		CHECK_INT(CURLE_OK, msg->data.result);
	for (int i = 0; i < STREAMS; i++) {
		long n = 0;

		curl_easy_getinfo(c[i], CURLINFO_HTTP_VERSION, &version);
		CHECK_INT(CURL_HTTP_VERSION_2_0, version);
		CHECK(bytes[i] > 1500);
		curl_easy_getinfo(c[i], CURLINFO_NUM_CONNECTS, &n);
		opened += n;
		curl_multi_remove_handle(m, c[i]);
		curl_easy_cleanup(c[i]);
	}
	CHECK(opened <= 4);
	curl_multi_cleanup(m);
	stop();
}

static const struct test tests[] = {
	TEST(a_client_that_hangs_up_is_recorded),
	TEST(many_streams_share_connections_over_http2),
};

TEST_MAIN(tests)
