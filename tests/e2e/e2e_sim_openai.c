/* openai-sim, asked by curl and read by hand. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "common/js.h"
#include "tests/e2e/simpeer.h"
#include "tests/harness/http.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define BODY(more, messages) \
	"{\"model\":\"gpt-4.1\",\"messages\":[" messages "]" more "}"
#define STREAM ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"
#define TOOLS                                                            \
	",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"     \
	"\"get_time\",\"parameters\":{\"type\":\"object\"}}},{\"type\":" \
	"\"function\",\"function\":{\"name\":\"end_call\"}}]"

static const char script[] = "when user time|hour\n"
			     "say One moment.\n"
			     "call get_time {\"tz\":\"Europe/Berlin\"}\n"
			     "call end_call\n"
			     "when tool 12:00\n"
			     "and user hour\n"
			     "say It is noon.\n"
			     "when user *\n"
			     "and system pirate\n"
			     "say Arr, {user}! ({n})\n"
			     "when user umlaut\n"
			     "say Gr\303\274\303\237e \342\202\254\n";

static struct proc sim;

static void start(const char *const *more)
{
	const char *args[20] = {"--key",  "oa-key", "--ttft-ms", "20",
	                        "--rate", "1000",   "--script",  NULL};
	size_t n = 8;

	args[7] = proc_temp_file(script);
	for (; more && *more; more++)
		args[n++] = *more;
	proc_start(&sim, "openai-sim", proc_temp_dir(), args, NULL);
}

static void stop(void)
{
	CHECK_INT(0, proc_stop(&sim));
}

static void ask(struct http_answer *a, const char *body)
{
	static const char *const headers[] = {"Authorization: Bearer oa-key",
	                                      "Content-Type: application/json",
	                                      NULL};
	char url[256];

	snprintf(url, sizeof(url), "%s/v1/chat/completions", sim.url);
	http_send(a, "POST", url, headers, body);
}

/* What a stream said, put together by the rules of the reference. */
struct said {
	char text[1024];
	char name[4][64], arguments[4][256];
	size_t n_calls;
	char finish[32];
	int64_t tokens;
	unsigned events, errors;
	bool done, broken;
};

static void take_calls(struct said *s, const json_t *calls)
{
	for (size_t i = 0; i < json_array_size(calls); i++) {
		const json_t *call = json_array_get(calls, i);
		const json_t *f = json_object_get(call, "function");

		if (json_object_get(call, "id"))
			snprintf(s->name[s->n_calls++], 64, "%s",
			         js_str(f, "name", ""));
		CHECK(s->n_calls > 0 && s->n_calls <= 4);
		strncat(s->arguments[s->n_calls - 1],
		        js_str(f, "arguments", ""), 200);
	}
}

static void take_event(struct said *s, const char *data)
{
	json_t *e = js_parse(data, strlen(data), NULL, 0);
	const json_t *choice = json_array_get(json_object_get(e, "choices"), 0);
	const json_t *delta = json_object_get(choice, "delta");
	const json_t *usage = json_object_get(e, "usage");

	s->events++;
	if (strcmp(data, "[DONE]") == 0)
		s->done = true;
	else if (!e)
		s->broken = true;
	if (json_object_get(e, "error"))
		s->errors++;
	if (!json_is_object(usage))
		usage = json_object_get(json_object_get(e, "x_groq"), "usage");
	strncat(s->text, js_str(delta, "content", ""), 200);
	take_calls(s, json_object_get(delta, "tool_calls"));
	if (js_str(choice, "finish_reason", NULL))
		snprintf(s->finish, sizeof(s->finish), "%s",
		         js_str(choice, "finish_reason", NULL));
	s->tokens = js_int(usage, "completion_tokens", s->tokens);
	json_decref(e);
}

static void read_stream(struct said *s, const char *body)
{
	char *copy = strdup(body), *rest = copy, *line;

	*s = (struct said){.tokens = -1};
	CHECK(copy);
	while ((line = strsep(&rest, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		if (strncmp(line, "data: ", 6) == 0)
			take_event(s, line + 6);
		else
			CHECK(!*line || *line == ':');
	}
	free(copy);
}

static void ask_stream(struct said *s, const char *body)
{
	struct http_answer a;

	ask(&a, body);
	CHECK_INT(200, a.status);
	read_stream(s, a.body);
	http_done(&a);
}

static void an_answer_comes_in_chunks(void)
{
	struct said s;
	struct http_answer a;

	start(NULL);
	ask(&a, BODY(STREAM, USER("umlaut")));
	CHECK_INT(200, a.status);
	CHECK(strcasestr(a.headers, "content-type: text/event-stream"));
	CHECK(strcasestr(a.headers, "x-request-id: "));
	read_stream(&s, a.body);
	CHECK_STR("Gr\303\274\303\237e \342\202\254", s.text);
	CHECK_STR("stop", s.finish);
	CHECK(s.done && s.tokens == 3 && s.events == 7);
	CHECK(strstr(a.body, "\"delta\":{\"role\":\"assistant\","
	                     "\"content\":\"\",\"refusal\":null}"));
	CHECK(strstr(a.body, "\"usage\":null"));
	http_done(&a);

	ask(&a, BODY(",\"stream\":true", USER("hello")));
	read_stream(&s, a.body);
	CHECK_STR("You said: hello", s.text);
	CHECK_INT(-1, s.tokens); /* not asked for */
	http_done(&a);
	CHECK_STR("", simpeer_violations(sim.url));
	stop();
}

static void tools_are_called_where_they_are_offered(void)
{
	struct said s;

	start(NULL);
	ask_stream(&s, BODY(STREAM TOOLS, USER("What time is it?")));
	CHECK_STR("One moment.", s.text);
	CHECK_INT(2, s.n_calls);
	CHECK_STR("get_time", s.name[0]);
	CHECK_STR("{\"tz\":\"Europe/Berlin\"}", s.arguments[0]);
	CHECK_STR("end_call", s.name[1]);
	CHECK_STR("{}", s.arguments[1]);
	CHECK_STR("tool_calls", s.finish);
	ask_stream(&s, BODY(STREAM, USER("What time is it?")));
	CHECK_INT(0, s.n_calls);
	CHECK_STR("stop", s.finish);
	CHECK_STR("", simpeer_violations(sim.url));
	stop();
}

#define CALLED                                                         \
	"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["    \
	"{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":" \
	"\"get_time\",\"arguments\":\"{}\"}}]}"
#define RETURNED(id)                                                       \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"12:" \
	"00\"}"

static void the_answer_depends_on_the_conversation(void)
{
	struct said s;

	start(NULL);
	ask_stream(&s, BODY(STREAM,
	                    USER("the hour") "," CALLED "," RETURNED("c1")));
	CHECK_STR("It is noon.", s.text);
	ask_stream(&s, BODY(STREAM, USER("hi") "," CALLED "," RETURNED("c1")));
	CHECK_STR("The tool said: 12:00", s.text);
	ask_stream(&s, BODY(STREAM, "{\"role\":\"system\",\"content\":[{"
	                            "\"type\":\"text\",\"text\":\"You are a "
	                            "Pirate.\"}]}," USER("matey")));
	CHECK_STR("Arr, matey! (2)", s.text);
	stop();
}

static void not_streamed_it_comes_whole(void)
{
	struct http_answer a;
	const json_t *choice;

	start(NULL);
	ask(&a, BODY("", USER("hello")));
	CHECK_INT(200, a.status);
	choice = json_array_get(json_object_get(a.json, "choices"), 0);
	CHECK_STR("You said: hello",
	          js_str(json_object_get(choice, "message"), "content", ""));
	CHECK_STR("stop", js_str(choice, "finish_reason", ""));
	CHECK(js_int(json_object_get(a.json, "usage"), "total_tokens", 0) > 3);
	http_done(&a);
	stop();
}

static void wrong_requests_are_refused(void)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{"{", "parse the JSON"},
		{"[]", "parse the JSON"},
		{"{\"messages\":[" USER("x") "]}", "model parameter"},
		{BODY("", ""), "empty array"},
		{"{\"model\":\"gpt-4.1\"}", "missing"},
		{BODY(",\"temprature\":1", USER("x")), "temprature"},
		{BODY(",\"temperature\":3", USER("x")), "temperature"},
		{BODY(",\"max_tokens\":0", USER("x")), "max_tokens"},
		{BODY(",\"stream\":1", USER("x")), "stream"},
		{BODY(",\"stream_options\":{}", USER("x")), "only allowed"},
		{BODY(",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", USER("x")),
	         "stop"},
		{BODY(",\"tools\":[]", USER("x")), "too short"},
		{BODY(",\"tool_choice\":\"auto\"", USER("x")), "tools"},
		{BODY(",\"tools\":[{\"type\":\"function\",\"function\":{"
	              "\"name\":\"a b\"}}]",
	              USER("x")),
	         "tools[0]"},
		{BODY("", "{\"role\":\"bot\",\"content\":\"x\"}"), "bot"},
		{BODY("", "{\"role\":\"user\"}"), "content"},
		{BODY("", "{\"role\":\"user\",\"content\":null}"), "content"},
		{BODY("", RETURNED("c1")), "must be a response"},
		{BODY("", CALLED "," USER("x")), "must be followed"},
		{BODY("", CALLED), "no response message"},
		{BODY("", CALLED "," RETURNED("c2")), "must be a response"},
	};

	start(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_answer a;
		const json_t *e;

		ask(&a, cases[i].body);
		CHECK_INT(400, a.status);
		e = json_object_get(a.json, "error");
		CHECK(strstr(js_str(e, "message", ""), cases[i].says));
		CHECK_STR("invalid_request_error", js_str(e, "type", ""));
		CHECK(json_object_get(e, "param") &&
		      json_object_get(e, "code"));
		CHECK(strstr(simpeer_violations(sim.url), cases[i].says));
		http_done(&a);
	}
	stop();
}

static void keys_and_models_are_checked(void)
{
	static const char *const wrong[] = {"Authorization: Bearer no", NULL};
	struct http_answer a;
	char url[256];

	start(NULL);
	snprintf(url, sizeof(url), "%s/v1/models", sim.url);
	http_send(&a, "GET", url, wrong, NULL);
	CHECK_INT(401, a.status);
	CHECK_STR("invalid_api_key",
	          js_str(json_object_get(a.json, "error"), "code", ""));
	http_done(&a);
	ask(&a, "{\"model\":\"gpt-0\",\"messages\":[" USER("x") "]}");
	CHECK_INT(404, a.status);
	CHECK_STR("model_not_found",
	          js_str(json_object_get(a.json, "error"), "code", ""));
	http_done(&a);
	stop();
}

static void errors_have_their_forms(void)
{
	struct http_answer a;
	const json_t *e;

	start(NULL);
	simpeer_fault(sim.url, "error:429/rate_limit_exceeded,times=1\n"
	                       "retry-after:1500,times=1");
	ask(&a, BODY(STREAM, USER("x")));
	CHECK_INT(429, a.status);
	CHECK(strcasestr(a.headers, "retry-after-ms: 1500"));
	CHECK(strcasestr(a.headers, "retry-after: 2"));
	http_done(&a);
	simpeer_fault(sim.url, "clear\nerror:429/insufficient_quota,times=1");
	ask(&a, BODY(STREAM, USER("x")));
	e = json_object_get(a.json, "error");
	CHECK_STR("insufficient_quota", js_str(e, "type", ""));
	CHECK_STR("insufficient_quota", js_str(e, "code", ""));
	CHECK(!strcasestr(a.headers, "retry-after"));
	http_done(&a);
	simpeer_fault(sim.url, "clear\nerror:503,times=1");
	ask(&a, BODY(STREAM, USER("x")));
	CHECK_INT(503, a.status);
	http_done(&a);
	simpeer_fault(sim.url, "clear\nhtml-error:502,times=1");
	ask(&a, BODY(STREAM, USER("x")));
	CHECK_INT(502, a.status);
	CHECK(strstr(a.body, "<html>") && !a.json);
	http_done(&a);
	ask(&a, BODY(STREAM, USER("x")));
	CHECK_INT(200, a.status);
	http_done(&a);
	CHECK_STR("", simpeer_violations(sim.url));
	stop();
}

static void streams_break_in_every_way(void)
{
	struct said s;
	struct http_answer a;

	start(NULL);
	simpeer_fault(sim.url, "mid-error:2");
	ask_stream(&s, BODY(STREAM, USER("one two three")));
	CHECK(s.errors == 1 && !s.done && !*s.finish);
	simpeer_fault(sim.url, "clear\nno-finish");
	ask_stream(&s, BODY(STREAM, USER("one")));
	CHECK(!s.done && !*s.finish && strcmp(s.text, "You said: one") == 0);
	simpeer_fault(sim.url, "clear\nno-done\nno-usage\nfinish:length");
	ask_stream(&s, BODY(STREAM, USER("one")));
	CHECK(!s.done && s.tokens == -1);
	CHECK_STR("length", s.finish);
	simpeer_fault(sim.url, "clear\nshred:1\ncrlf\ncomments");
	ask_stream(&s, BODY(STREAM, USER("umlaut")));
	CHECK(s.done && s.tokens == 3);
	CHECK_STR("Gr\303\274\303\237e \342\202\254", s.text);
	simpeer_fault(sim.url, "clear\nbad-json");
	ask_stream(&s, BODY(STREAM, USER("one")));
	CHECK(s.broken && s.done);
	simpeer_fault(sim.url, "clear\nrefusal");
	ask_stream(&s, BODY(STREAM, USER("one")));
	CHECK_STR("", s.text);
	simpeer_fault(sim.url, "clear\njson-body");
	ask(&a, BODY(STREAM, USER("one")));
	CHECK(a.status == 200 && a.json);
	http_done(&a);
	stop();
}

static void dialects_differ_as_the_servers_do(void)
{
	static const struct {
		const char *name, *has, *has_not;

	} cases[] = {
		{"llama.cpp", "\"timings\":", "obfuscation"},
		{"ollama", "\"fp_ollama\"", "\"index\":1"},
		{"vllm", "\"usage\":{", "system_fingerprint"},
		{"groq", "\"x_groq\":{\"id\"", "\"choices\":[],"},
		{"azure", "prompt_filter_results", "obfuscation"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const args[] = {"--dialect", cases[i].name, NULL};
		struct http_answer a;
		struct said s;

		start(args);
		ask(&a, BODY(STREAM TOOLS, USER("the hour")));
		CHECK_INT(200, a.status);
		CHECK(strstr(a.body, cases[i].has));
		CHECK(!strstr(a.body, cases[i].has_not));
		read_stream(&s, a.body);
		CHECK_STR("One moment.", s.text);
		CHECK_INT(2, s.n_calls);
		CHECK_STR("{\"tz\":\"Europe/Berlin\"}", s.arguments[0]);
		CHECK(s.done && s.tokens > 0);
		http_done(&a);
		stop();
	}
}

static const struct test tests[] = {
	TEST(an_answer_comes_in_chunks),
	TEST(tools_are_called_where_they_are_offered),
	TEST(the_answer_depends_on_the_conversation),
	TEST(not_streamed_it_comes_whole),
	TEST(wrong_requests_are_refused),
	TEST(keys_and_models_are_checked),
	TEST(errors_have_their_forms),
	TEST(streams_break_in_every_way),
	TEST(dialects_differ_as_the_servers_do),
};

TEST_MAIN(tests)
