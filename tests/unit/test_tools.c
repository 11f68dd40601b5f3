#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/agent.h"
#include "bot/tool_call.h"
#include "common/buf.h"
#include "common/mem.h"
#include "tests/fake/peer.h"
#include "tests/harness/test.h"

static char fault[AGENT_FAULT_MAX];

/* An agent with one tool, whose "http" is @http. */
static int parse_http(struct agent **ap, const char *http)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
	               "{\"tools\":[{\"name\":\"slots\",\"description\":\"d\","
	               "\"http\":%s}]}",
	               http);
	fault[0] = '\0';
	return agent_parse(ap, "x", text, strlen(text), fault);
}

#define GET(more) "{\"method\":\"GET\",\"url\":\"https://a.example/\"" more "}"
#define URL(url)  "{\"method\":\"GET\",\"url\":\"" url "\"}"

static void faults_of_the_request_are_named(void)
{
	static const char *const rows[][2] = {
		{"7", "http must be an object"},
		{"{}", "http.method must be GET, POST, PUT, PATCH or DELETE"},
		{"{\"method\":\"TRACE\",\"url\":\"https://a.example/\"}",
	         "http.method must be"},
		{"{\"method\":\"GET\"}", "url must be a text"},
		{GET(",\"verb\":1"), "verb is an unknown key"},
		{GET(",\"timeout_ms\":50"), "http.timeout_ms must be a number"},
		{GET(",\"timeout_ms\":\"9\""), "http.timeout_ms must be"},
		{GET(",\"timeout_ms\":60000"), "http.timeout_ms must be"},
		{GET(",\"allow_private\":1"), "http.allow_private must be"},
		{GET(",\"headers\":[]"), "http.headers must be"},
		{GET(",\"headers\":{\"A\":1}"), "http.headers must be"},
		{GET(",\"headers\":{\"A b\":\"c\"}"), "http.headers must be"},
		{GET(",\"headers\":{\"A\":\"c\\r\\nB: d\"}"),
	         "http.headers must be"},
		{GET(",\"headers\":{\"Host\":\"b\"}"), "http.headers must be"},
		{GET(",\"secret_env\":\"A-B\""), "http.secret_env must be"},
		{GET(",\"secret_env\":\"NO_SUCH_KEY\""),
	         "NO_SUCH_KEY (http.secret_env) is not set"},
		{URL("ftp://a.example/"), "http.url must begin with https://"},
		{URL("a.example"), "http.url must begin with https://"},
		{URL("http://a.example/"), "http.url must begin with https://"},
		{URL("https:///x"), "http.url must have a host"},
		{URL("https://{{host}}/x"), "http.url must have a host"},
		{URL("https://a.example{{x}}"), "http.url must have a host"},
		{URL("https://a.example:{{port}}/"), "http.url must have a"},
		{URL("https://me:pw@a.example/"), "http.url must have a host"},
		{URL("https://a.example\\\\@b.example/"), "http.url must have"},
		{URL("https://a.example#/"), "http.url must have a host"},
		{URL("https://a.example/{{x"), "http.url has {{ without"},
		{URL("https://a.example/{{}}"), "http.url has {{ without"},
		{URL("https://a.example/{{x}"), "http.url has {{ without"},
		{URL("https://a.example/{{a b}}"), "http.url has {{ without"},
		{URL("https://a.example/a b"), "http.url must be of letters"},
		{URL("https://a.example/\\u00e4"), "http.url must be of"},
		{URL("https://a.example/x#y"), "http.url must be of letters"},
	};
	const size_t live = mem_live();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct agent *a = NULL;
		char want[160];

		(void)snprintf(want, sizeof(want), "\"tools\": slots: %s",
		               rows[i][1]);
		CHECK_INT(-EINVAL, parse_http(&a, rows[i][0]));
		if (strncmp(fault, want, strlen(want)) != 0)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i][0],
			          fault);
		CHECK(!a);
	}
	CHECK_INT(live, mem_live());
}

#define TOOL(more) "{\"tools\":[{" more "}]}"
#define HTTP       "\"http\":" GET("")

static void faults_of_the_tool_are_named(void)
{
	static const char *const rows[][2] = {
		{TOOL("\"description\":\"d\"," HTTP), "?: name must be a text"},
		{TOOL("\"name\":\"a b\",\"description\":\"d\"," HTTP),
	         "a b: name must be of at most 64"},
		{TOOL("\"name\":\"end_call\",\"description\":\"d\"," HTTP),
	         "end_call: end_call is the name of a built-in tool"},
		{TOOL("\"name\":\"a\"," HTTP), "a: description must be a text"},
		{TOOL("\"name\":\"a\",\"description\":\"d\""),
	         "a: http must be an object"},
		{TOOL("\"name\":\"a\",\"description\":\"d\",\"fill\":1," HTTP),
	         "a: fill is an unknown key"},
		{TOOL("\"name\":\"a\",\"description\":\"d\",\"filler\":"
	              "1," HTTP),
	         "a: filler must be a text"},
		{TOOL("\"name\":\"a\",\"description\":\"d\",\"parameters\":[]"
	              "," HTTP),
	         "a: parameters must be a JSON schema of type object"},
		{"{\"tools\":[\"end_call\",\"end_call\"]}",
	         "end_call is there twice"},
		{"{\"tools\":[{\"name\":\"a\",\"description\":\"d\"," HTTP
	         "},{\"name\":\"a\",\"description\":\"d\"," HTTP "}]}",
	         "a is there twice"},
		{"{\"tools\":\"end_call\"}", "must be a list of at most 32"},
		{"{\"tools\":[3]}", "there is no tool \"?\""},
		{"{\"tools\":[\"transfer_call\"]}",
	         "transfer_call must say to whom"},
		{TOOL("\"name\":\"transfer_call\""),
	         "transfer_call: to must be an object of 1 to 16 labels"},
		{TOOL("\"name\":\"transfer_call\",\"to\":{}"),
	         "transfer_call: to must be an object of 1 to 16 labels"},
		{TOOL("\"name\":\"transfer_call\",\"to\":{\"a\\n\":\"+"
	              "15551\"}"),
	         "transfer_call: to must have labels of at most 39"},
		{TOOL("\"name\":\"transfer_call\",\"to\":{\"a\":"
	              "\"15551234567\"}"),
	         "transfer_call: a must be a number such as +15551234567"},
		{TOOL("\"name\":\"transfer_call\",\"to\":{\"a\":\"sip:b\"}"),
	         "transfer_call: a must be a number such as +15551234567"},
		{TOOL("\"name\":\"transfer_call\",\"timeout_sec\":1,"
	              "\"to\":{\"a\":\"+15551234567\"}"),
	         "transfer_call: timeout_sec must be a number from 5"},
		{TOOL("\"name\":\"transfer_call\",\"http\":1"),
	         "transfer_call: http is an unknown key"},
	};
	const size_t live = mem_live();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct agent *a = NULL;
		char want[160];

		(void)snprintf(want, sizeof(want), "\"tools\": %s", rows[i][1]);
		CHECK_INT(-EINVAL, agent_parse(&a, "x", rows[i][0],
		                               strlen(rows[i][0]), fault));
		if (strncmp(fault, want, strlen(want)) != 0)
			test_fail(__FILE__, __LINE__, "%s: %s", rows[i][0],
			          fault);
	}
	CHECK_INT(live, mem_live());
}

static void a_tool_has_defaults(void)
{
	struct agent *a;
	const struct tool *t;

	CHECK_INT(0, parse_http(&a, URL("https://a.example:8443/{{ x.y }}?q={{z"
	                                "}}")));
	t = a->tools[0];
	CHECK_STR("slots", t->name);
	CHECK_STR("{\"type\":\"object\",\"properties\":{}}", t->parameters);
	CHECK(!t->filler && !t->http->secret_env && !t->http->allow_private);
	CHECK_INT(10000, t->http->timeout_ms);
	agent_free(&a);
}

static void places_of_the_url_are_filled(void)
{
	static const char args[] =
		"{\"a\":\"x/y?z&{{b}}\",\"b\":7,\"c\":{\"d\":\"..\"},"
		"\"e\":true,\"dot\":\".\",\"none\":null}";
	static const char *const rows[][2] = {
		{"/{{a}}", "/x%2Fy%3Fz%26%7B%7Bb%7D%7D"},
		{"/{{ b }}/{{e}}", "/7/true"},
		{"/p?q={{c.d}}", "/p?q=.."},
		{"/v{{c.d}}", "/v.."},
		{"/{{c.d}}/x", NULL},
		{"/{{dot}}{{dot}}", NULL},
		{"/x/{{dot}}?a", NULL},
		{"/{{none}}", NULL},
		{"/{{nowhere}}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char url[64], why[TOOL_FAULT_MAX] = "", want[64];
		const struct tool_http h = {.url = url};
		struct buf out;

		(void)snprintf(url, sizeof(url), "https://a.b%s", rows[i][0]);
		buf_init(&out, TOOL_URL_MAX);
		CHECK_INT(rows[i][1] ? 0 : -EINVAL,
		          tool_http_url(&h, str_of(args), &out, why));
		CHECK_INT(!rows[i][1], why[0] != '\0');
		(void)snprintf(want, sizeof(want), "https://a.b%s",
		               rows[i][1] ? rows[i][1] : "");
		if (rows[i][1])
			CHECK_STR(want, buf_str(&out));
		buf_fini(&out);
	}
}

/* ---- over a real connection ------------------------------------------------- */

static struct net *net;
static char got[TOOL_RESULT_MAX + 256];

static void on_result(struct str result, void *arg)
{
	(void)arg;
	CHECK(result.len < sizeof(got));
	memcpy(got, result.v, result.len);
	got[result.len] = '\0';
	net_stop(net);
}

static void script(struct peer_conn *c, void *arg)
{
	static char body[TOOL_ANSWER_MAX + 2];
	const size_t n = strtoul(arg, NULL, 10);

	if (!peer_read(c))
		return;
	memset(body, 'x', n);
	body[n] = '\0';
	peer_answer(c, n == 1 ? 302 : 200,
	            n == 1 ? "Location: http://127.0.0.1/\r\n" : "", body);
}

/* The result of a call of a tool at a peer that answers @size bytes. */
static const char *call_peer(const char *size, const char *rights,
                             unsigned *seen)
{
	union {
		const char *text;
		void *arg;
	} u = {.text = size};
	struct peer *p = peer_new(script, u.arg);
	struct tool_fetch fetch;
	struct tool_call_params prm = {.call_id = "c-1",
	                               .args = str_of("{\"a\":1}")};
	struct tool_call *call;
	struct agent *a;
	struct buf why;
	char http[256];

	got[0] = '\0';
	(void)snprintf(http, sizeof(http),
	               "{\"method\":\"POST\",\"url\":\"%s://localhost:%u/\"%s}",
	               rights[0] ? "http" : "https", peer_port(p), rights);
	CHECK_INT(0, parse_http(&a, http));
	CHECK_INT(0, net_new(&net, NULL));
	fetch = tool_fetch_net(net);
	buf_init(&why, 256);
	prm.fetch = &fetch;
	prm.tool = a->tools[0];
	CHECK_INT(0, tool_call_open(&call, &prm, &why, on_result, NULL));
	CHECK_STR("", got);
	CHECK_INT(0, net_run(net));
	tool_call_close(&call);
	net_free(&net);
	agent_free(&a);
	*seen = peer_conns(p);
	peer_free(&p);
	return got;
}

static void a_host_of_this_machine_is_asked_only_where_the_file_says_so(void)
{
	unsigned seen;

	CHECK_STR("xxx", call_peer("3", ",\"allow_private\":true", &seen));
	CHECK_INT(1, seen);
	CHECK_STR("{\"error\":\"the host's address is not public\"}",
	          call_peer("3", "", &seen));
	CHECK_INT(0, seen);
}

static void a_long_answer_is_cut_and_a_longer_one_an_error(void)
{
	static const char rights[] = ",\"allow_private\":true";
	unsigned seen;

	call_peer("65536", rights, &seen);
	CHECK_STR("xx (cut off here)", got + TOOL_RESULT_MAX - 2);
	CHECK_STR("{\"error\":\"the answer is longer than 64 KiB\"}",
	          call_peer("65537", rights, &seen));
}

static void a_redirect_is_not_followed(void)
{
	unsigned seen;

	CHECK_STR("{\"error\":\"the server answered 302; redirects are not "
	          "followed\",\"text\":\"x\"}",
	          call_peer("1", ",\"allow_private\":true", &seen));
	CHECK_INT(1, seen);
}

static void arguments_follow_the_tool_s_schema(void)
{
	static const struct tool tool = {
		.name = "book",
		.parameters = "{\"type\":\"object\",\"properties\":{\"day\":{"
			      "\"type\":\"string\",\"enum\":[\"mon\",\"tue\"]"
			      "},\"n\":{\"type\":\"integer\"}},\"required\":["
			      "\"day\"]}"};
	static const struct {
		const char *args, *error;
	} cases[] = {
		{"{\"day\":\"mon\",\"n\":2,\"more\":true}", NULL},
		{"{\"day\":\"tue\"}", NULL},
		{"{\"day\":\"mon\",\"n\":null}", NULL},
		{"{\"day\":null}", "day is missing"},
		{"{\"n\":2}", "the argument day is missing"},
		{"", "the argument day is missing"},
		{"[1]", "the arguments are not a JSON object"},
		{"{\"day\":\"sun\"}", "day "},
		{"{\"day\":\"mon\",\"n\":\"two\"}", "n "},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf result;
		struct str object;
		int err;

		buf_init(&result, 1024);
		err = tools_args(&tool, cases[i].args, &object, &result);
		CHECK_INT(cases[i].error ? -EINVAL : 0, err);
		if (cases[i].error)
			CHECK(strstr(buf_str(&result), cases[i].error));
		else
			CHECK_INT(0, result.len);
		buf_fini(&result);
	}
}

static const struct test tests[] = {
	TEST(faults_of_the_request_are_named),
	TEST(faults_of_the_tool_are_named),
	TEST(a_tool_has_defaults),
	TEST(places_of_the_url_are_filled),
	TEST(a_host_of_this_machine_is_asked_only_where_the_file_says_so),
	TEST(a_long_answer_is_cut_and_a_longer_one_an_error),
	TEST(a_redirect_is_not_followed),
	TEST(arguments_follow_the_tool_s_schema),
};

TEST_MAIN(tests)
