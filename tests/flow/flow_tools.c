/*
 * Tools of an agent file: requests over HTTP that run while the conversation
 * goes on, and what becomes of their results. Number 39 of the list in
 * README.md; the built-in ones are flow_replies'.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char agent[] =
	"{\"instructions\":\"Be kind.\",\"greeting\":null,\"filler\":{"
	"\"text\":null},\"tools\":[\"end_call\","
	"{\"name\":\"slots\",\"description\":\"Free slots of a day.\","
	"\"parameters\":{\"type\":\"object\",\"properties\":{\"day\":{"
	"\"type\":\"string\"}},\"required\":[\"day\"]},"
	"\"http\":{\"method\":\"GET\",\"url\":"
	"\"https://api.example.com/slots/{{day}}?n=5\","
	"\"headers\":{\"X-Clinic\":\"7\"},\"timeout_ms\":3000},"
	"\"filler\":\"One moment.\"},"
	"{\"name\":\"book\",\"description\":\"Book a slot.\","
	"\"http\":{\"method\":\"POST\",\"url\":\"https://api.example.com/"
	"book\","
	"\"secret_env\":\"FLOW_BOOK_KEY\"}}]}";

static void open_asked(void)
{
	CHECK_INT(0, setenv("FLOW_BOOK_KEY", "k-1", 1));
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_says(&f, 500, 1500, "Hello there.");
}

static void call(const char *text, const char *name, const char *args)
{
	struct flow_answer *a = flow_answer_with(&f, text);

	a->call = name;
	a->args = args;
}

static void the_arguments_are_percent_encoded_into_the_url(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"a b/../\\u00e4?x\"}");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_tools);
	CHECK_STR("GET https://api.example.com/slots/a%20b%2F..%2F%C3%A4%3Fx?n="
	          "5|X-Clinic: 7",
	          f.tools[0].text);
	CHECK_INT(3000, f.tools[0].timeout_ms);
	CHECK(f.tools[0].public_only);
	flow_close(&f);
}

static void or_they_are_the_body_and_the_secret_is_a_bearer_s(void)
{
	open_asked();
	call(NULL, "book", "{\"slot\":3}");
	flow_http(&f, 200, 201, "");
	flow_run_to(&f, 9000);
	CHECK_STR("POST https://api.example.com/book|Content-Type: "
	          "application/json|Authorization: Bearer k-1|{\"slot\":3}",
	          f.tools[0].text);
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"ok\":true,\"status\":201}"));
	CHECK(!strstr(buf_str(&f.events), "k-1"));
	flow_close(&f);
}

static void the_filler_is_heard_while_the_request_runs(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2500, 200, "[\"9:00\"]");
	flow_answer(&f, "Nine is free.");
	flow_run_to(&f, 12000);
	CHECK_STR("One moment.", f.spoken[1]);
	CHECK(f.heard[1].first_ms < f.tools[0].at_ms + 300);
	CHECK_INT(2, f.n_requests);
	/* As soon as the result is there: the filler is over. */
	CHECK(f.requests[1].at_ms >= f.tools[0].at_ms + 2500);
	CHECK(f.requests[1].at_ms <= f.tools[0].at_ms + 2510);
	CHECK_STR("callee: Hello there.|bot: One moment.|bot: [slots c1]|tool: "
	          "[\"9:00\"]",
	          flow_asked(&f, 1));
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	CHECK(strstr(buf_str(&f.events), "\"ms\":2500"));
	flow_close(&f);
}

static void a_quick_result_waits_for_the_filler_s_end(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 50, 200, "[]");
	flow_answer(&f, "None is free.");
	flow_run_to(&f, 12000);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.requests[1].at_ms >= f.heard[1].last_ms);
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

static void words_of_the_model_take_the_filler_s_place(void)
{
	open_asked();
	call("Let me see.", "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2500, 200, "[]");
	flow_answer(&f, "None is free.");
	flow_run_to(&f, 12000);
	CHECK_STR("Let me see.", f.spoken[1]);
	CHECK_STR("None is free.", f.spoken[2]);
	flow_close(&f);
}

static void without_a_filler_the_bot_waits_and_then_answers(void)
{
	open_asked();
	call(NULL, "book", "{}");
	flow_http(&f, 4000, 200, "done");
	flow_answer(&f, "It is booked.");
	flow_run_to(&f, 5000);
	CHECK_STR("THINKING", flow_state(&f));
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: Hello there.|bot: [book c1]|tool: done",
	          flow_asked(&f, 1));
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[1].count);
	flow_close(&f);
}

static void the_last_of_two_results_asks_the_model_once(void)
{
	struct flow_answer *a;

	open_asked();
	a = flow_answer_with(&f, NULL);
	a->call = "slots";
	a->args = "{\"day\":\"monday\"}";
	a->call2 = "book";
	a->args2 = "{}";
	flow_http(&f, 2800, 200, "A");
	flow_http(&f, 1500, 200, "B");
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "[slots c1]|tool: A|bot: [book c2]|"
	                                "tool: B"));
	flow_close(&f);
}

static void a_result_that_lands_while_the_callee_speaks_is_used(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2500, 200, "[\"9:00\"]");
	flow_answer(&f, "Nine is free.");
	flow_run_to(&f, 2300);
	CHECK_INT(1, f.n_tools);
	/* From before the result to after it. */
	flow_says(&f, 3300, 5500, "Any time is fine for me.");
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "tool: [\"9:00\"]"));
	CHECK(strstr(flow_asked(&f, 1), "|callee: Any time is fine for me."));
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void a_result_that_lands_over_a_noise_is_used_after_it(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2500, 200, "[\"9:00\"]");
	flow_run_to(&f, 2300);
	flow_sound(&f, 4000, 4600);
	flow_run_to(&f, 15000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "tool: [\"9:00\"]"));
	flow_close(&f);
}

static void until_it_lands_the_model_reads_that_the_tool_runs(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2900, 200, "[\"9:00\"]");
	flow_answer(&f, "I am still looking.");
	flow_answer(&f, "Nine is free.");
	flow_run_to(&f, 2300);
	flow_says(&f, 2800, 3400, "Hello?");
	flow_run_to(&f, 15000);
	CHECK_INT(3, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"status\":\"running"));
	CHECK(strstr(flow_asked(&f, 2), "tool: [\"9:00\"]"));
	CHECK(strstr(flow_asked(&f, 2), "I am still looking."));
	CHECK(f.requests[2].at_ms > f.heard[2].last_ms);
	flow_close(&f);
}

static void calls_of_an_interrupted_answer_are_not_made(void)
{
	struct flow_answer *a;

	open_asked();
	a = flow_answer_with(&f, "One moment please. I will have a look at it "
	                         "for you now.");
	a->token_ms = 200;
	a->call = "slots";
	a->args = "{\"day\":\"monday\"}";
	flow_run_to(&f, 3400);
	flow_interim(&f, 3500, "stop");
	flow_final(&f, 3600, "stop it.");
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.n_tools);
	flow_close(&f);
}

static void a_guess_makes_no_call_before_the_turn_is_over(void)
{
	CHECK_INT(0, setenv("FLOW_BOOK_KEY", "k-1", 1));
	flow_open(&f, &(struct flow_opts){.agent = agent, .preempt = true});
	flow_sound(&f, 500, 1500);
	flow_final(&f, 1000, "Hello there.");
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.n_tools);
	CHECK(f.tools[0].at_ms > 1500);
	CHECK_INT(2, f.n_requests);
	flow_close(&f);
}

/* What the model is told when @answer comes. */
static void check_error(struct flow_http answer, const char *want)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	f.http[f.n_http++] = answer;
	flow_answer(&f, "I could not find out.");
	flow_run_to(&f, 15000);
	CHECK_INT(2, f.n_requests);
	if (!strstr(flow_asked(&f, 1), want))
		test_fail(__FILE__, __LINE__, "%s", flow_asked(&f, 1));
	CHECK_INT(4 * FLOW_WORD_MS + FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

static void errors_are_told_to_the_model(void)
{
	check_error((struct flow_http){.ms = 60000},
	            "tool: {\"error\":\"there was no answer within 3000 ms\"}");
	check_error(
		(struct flow_http){.status = 404, .body = "no such \"day\""},
		"tool: {\"error\":\"the server answered 404\",\"text\":\"no "
		"such \\\"day\\\"\"}");
	check_error((struct flow_http){.status = 302},
	            "tool: {\"error\":\"the server answered 302; redirects are "
	            "not followed\"}");
	check_error((struct flow_http){.err = -EACCES},
	            "tool: {\"error\":\"the host's address is not public\"}");
	check_error((struct flow_http){.err = -ECONNREFUSED},
	            "tool: {\"error\":");
}

static void arguments_that_do_not_do_are_told_to_the_model(void)
{
	static const char *const rows[][2] = {
		{"{\"day\":", "the arguments are not a JSON object"},
		{"{}", "the argument day is missing"},
		{"{\"day\":null}", "day is missing"},
		{"{\"day\":\"..\"}", "an argument must not be"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		open_asked();
		call(NULL, "slots", rows[i][0]);
		flow_run_to(&f, 9000);
		CHECK_INT(0, f.n_tools);
		CHECK_INT(2, f.n_requests);
		CHECK(strstr(flow_asked(&f, 1), rows[i][1]));
		CHECK(!f.spoken[1] || !strstr(f.spoken[1], "moment"));
		flow_close(&f);
	}
}

static void a_model_that_never_stops_calling_comes_to_an_end(void)
{
	open_asked();
	for (int i = 0; i < 12; i++)
		call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_run_to(&f, 60000);
	CHECK_INT(5, f.n_requests);
	CHECK_STR("LISTENING", flow_state(&f));
	/* ... and is asked again when the callee speaks. */
	flow_says(&f, 61000, 62000, "And now?");
	flow_run_to(&f, 64000);
	CHECK(f.n_requests >= 6);
	flow_close(&f);
}

static void a_call_that_ends_takes_its_requests_along(void)
{
	open_asked();
	call(NULL, "slots", "{\"day\":\"monday\"}");
	flow_http(&f, 2500, 200, "[]");
	flow_run_to(&f, 2500);
	flow_stop(&f);
	CHECK(f.tools[0].cancelled);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(buf_str(&f.events), "the call ended before"));
	flow_close(&f);
}

static void a_last_request_is_waited_for_before_hanging_up(void)
{
	struct flow_answer *a;

	open_asked();
	a = flow_answer_with(&f, NULL);
	a->call = "book";
	a->args = "{}";
	a->call2 = "end_call";
	a->args2 = "{}";
	flow_http(&f, 2500, 200, "booked");
	flow_run_to(&f, 9000);
	CHECK(!f.tools[0].cancelled);
	CHECK_INT(1, f.ended);
	CHECK(f.hangup_at >= f.tools[0].at_ms + 2500);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static void nobody_is_asked_whether_they_are_there_while_a_tool_runs(void)
{
	static char text[2048];
	const char *at = strstr(agent, "\"tools\"");

	CHECK_INT(0, setenv("FLOW_BOOK_KEY", "k-1", 1));
	(void)snprintf(text, sizeof(text),
	               "%.*s\"idle\":{\"after_sec\":2,\"prompts\":[\"Are you "
	               "there?\"]},%s",
	               (int)(at - agent), agent, at);
	flow_open(&f, &(struct flow_opts){.agent = text});
	flow_says(&f, 500, 1500, "Hello there.");
	call("Let me book it.", "book", "{}");
	flow_http(&f, 9000, 200, "booked");
	flow_answer(&f, "It is booked.");
	flow_run_to(&f, 13500);
	CHECK_STR("It is booked.", f.spoken[2]);
	flow_close(&f);
}

/* ---- built in ---------------------------------------------------------------- */

static void open_built_in(void)
{
	static const char text[] =
		"{\"greeting\":null,\"tools\":[\"send_dtmf\",\"do_not_call\","
		"\"end_call\"]}";

	flow_open(&f, &(struct flow_opts){.agent = text});
	flow_says(&f, 500, 1500, "Press one for sales.");
}

static void keys_are_pressed_on_the_line(void)
{
	open_built_in();
	call(NULL, "send_dtmf", "{\"digits\":\"1w2#\"}");
	flow_run_to(&f, 9000);
	CHECK(strstr(buf_str(&f.events), "digits 1w2#\n"));
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"ok\":true}"));
	flow_close(&f);
}

static void keys_that_there_are_not_are_told_to_the_model(void)
{
	static const char *const bad[] = {"{\"digits\":\"1;2\"}",
	                                  "{\"digits\":12}", "{}",
	                                  "{\"digits\":\"\"}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		open_built_in();
		call(NULL, "send_dtmf", bad[i]);
		flow_run_to(&f, 9000);
		CHECK(!strstr(buf_str(&f.events), "\ndigits "));
		CHECK(strstr(flow_asked(&f, 1), "tool: {\"error\":\""));
		flow_close(&f);
	}
}

static void who_wants_no_more_calls_is_told_to_the_server(void)
{
	open_built_in();
	call(NULL, "do_not_call", "{}");
	flow_answer(&f, "You will not be called again.");
	flow_run_to(&f, 9000);
	CHECK(strstr(buf_str(&f.events),
	             "tool {\"name\":\"do_not_call\",\"result\":\"{"));
	CHECK_STR("You will not be called again.", f.spoken[1]);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_arguments_are_percent_encoded_into_the_url),
	TEST(or_they_are_the_body_and_the_secret_is_a_bearer_s),
	TEST(the_filler_is_heard_while_the_request_runs),
	TEST(a_quick_result_waits_for_the_filler_s_end),
	TEST(words_of_the_model_take_the_filler_s_place),
	TEST(without_a_filler_the_bot_waits_and_then_answers),
	TEST(the_last_of_two_results_asks_the_model_once),
	TEST(a_result_that_lands_while_the_callee_speaks_is_used),
	TEST(a_result_that_lands_over_a_noise_is_used_after_it),
	TEST(until_it_lands_the_model_reads_that_the_tool_runs),
	TEST(calls_of_an_interrupted_answer_are_not_made),
	TEST(a_guess_makes_no_call_before_the_turn_is_over),
	TEST(errors_are_told_to_the_model),
	TEST(arguments_that_do_not_do_are_told_to_the_model),
	TEST(a_model_that_never_stops_calling_comes_to_an_end),
	TEST(a_call_that_ends_takes_its_requests_along),
	TEST(a_last_request_is_waited_for_before_hanging_up),
	TEST(keys_are_pressed_on_the_line),
	TEST(keys_that_there_are_not_are_told_to_the_model),
	TEST(who_wants_no_more_calls_is_told_to_the_server),
	TEST(nobody_is_asked_whether_they_are_there_while_a_tool_runs),
};

TEST_MAIN(tests)
