/*
 * The call is handed over to somebody else: what the bot says with it is heard
 * first, the server is asked, and either the conversation is over without a
 * hangup or it goes on.
 */
#include <errno.h>
#include <string.h>

#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char agent[] =
	"{\"greeting\":null,\"tools\":[\"end_call\",{\"name\":"
	"\"transfer_call\",\"to\":{\"sales\":\"+15551230000\",\"front desk\":"
	"\"sip:desk@example.com\"},\"filler\":\"One moment.\","
	"\"timeout_sec\":20}]}";

static void open_asked(void)
{
	static const struct flow_opts opts = {
		.agent = agent, .transfer_url = "http://server/transfer"};

	flow_open(&f, &opts);
	flow_says(&f, 500, 1500, "May I talk to somebody.");
}

static void call(const char *text, const char *args)
{
	struct flow_answer *a = flow_answer_with(&f, text);

	a->call = "transfer_call";
	a->args = args;
}

static void the_server_is_asked_once_the_words_were_heard(void)
{
	open_asked();
	call("I will connect you now.", "{\"to\":\"sales\"}");
	flow_http(&f, 400, 200, "{\"status\":\"transferred\"}");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_tools);
	CHECK_STR("POST http://server/transfer|Content-Type: application/json|"
	          "Authorization: Bearer s-1|{\"call_id\":\"c-1\",\"to\":"
	          "\"+15551230000\",\"label\":\"sales\",\"timeout_sec\":20}",
	          f.tools[0].text);
	CHECK_INT(5 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.tools[0].at_ms >= f.heard[1].last_ms);
	CHECK(f.tools[0].at_ms <= f.heard[1].last_ms + 100);
	CHECK_INT(1, f.ended);
	CHECK(f.ended_at <= f.tools[0].at_ms + 410);
	CHECK(strstr(buf_str(&f.events),
	             "ended {\"by\":\"transfer\",\"cause\":\"sales\""));
	CHECK(strstr(buf_str(&f.events), "tool {\"name\":\"transfer_call\","
	                                 "\"result\":\"{\\\"ok\\\":true}\""));
	/* Plivo goes on with the call. */
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static void a_model_that_says_nothing_has_the_filler_said(void)
{
	open_asked();
	call(NULL, "{\"to\":\"front desk\"}");
	flow_http(&f, 100, 200, "{}");
	flow_run_to(&f, 9000);
	CHECK_STR("One moment.", f.spoken[1]);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.n_tools);
	CHECK(f.tools[0].at_ms >= f.heard[1].last_ms);
	CHECK(strstr(f.tools[0].text, "\"to\":\"sip:desk@example.com\""));
	CHECK_INT(1, f.ended);
	flow_close(&f);
}

static void what_the_callee_says_meanwhile_does_not_stop_it(void)
{
	open_asked();
	call("I will connect you now, and they will help you.",
	     "{\"to\":\"sales\"}");
	flow_http(&f, 100, 200, "{}");
	flow_says(&f, 2400, 3400, "Oh that is very kind.");
	flow_run_to(&f, 12000);
	CHECK_INT(10 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.n_tools);
	CHECK(strstr(buf_str(&f.events), "ended {\"by\":\"transfer\""));
	flow_close(&f);
}

static void a_refusal_is_told_to_the_model_which_goes_on(void)
{
	open_asked();
	call(NULL, "{\"to\":\"sales\"}");
	flow_http(&f, 200, 403,
	          "{\"detail\":\"ALLOWED_PREFIXES forbids it.\"}");
	flow_answer(&f, "Nobody is there, I am sorry.");
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"error\":\"ALLOWED_PREFIXES "
	                                "forbids it.\"}"));
	CHECK_STR("Nobody is there, I am sorry.", f.spoken[2]);
	CHECK_INT(0, f.ended);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void so_is_a_server_that_does_not_answer(void)
{
	open_asked();
	call(NULL, "{\"to\":\"sales\"}");
	flow_http(&f, 60000, 200, "{}");
	flow_answer(&f, "I am sorry.");
	flow_run_to(&f, 20000);
	CHECK(strstr(flow_asked(&f, 1), "there is no answer"));
	CHECK_STR("I am sorry.", f.spoken[2]);
	CHECK_INT(0, f.ended);
	flow_close(&f);
}

static void an_unknown_label_is_told_to_the_model(void)
{
	static const char *const bad[] = {"{\"to\":\"the boss\"}",
	                                  "{\"to\":\"+15551230000\"}",
	                                  "{\"to\":7}", "{}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		open_asked();
		call(NULL, bad[i]);
		flow_run_to(&f, 9000);
		CHECK_INT(0, f.n_tools);
		CHECK(strstr(flow_asked(&f, 1), "tool: {\"error\":\""));
		CHECK_INT(0, f.ended);
		flow_close(&f);
	}
}

static void without_a_server_the_model_is_told_so(void)
{
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_says(&f, 500, 1500, "May I talk to somebody.");
	call(NULL, "{\"to\":\"sales\"}");
	flow_answer(&f, "I cannot do that.");
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.n_tools);
	CHECK(strstr(flow_asked(&f, 1), "calls cannot be transferred here"));
	CHECK_STR("I cannot do that.", f.spoken[1]);
	flow_close(&f);
}

static void a_callee_who_hangs_up_meanwhile_has_hung_up(void)
{
	open_asked();
	call(NULL, "{\"to\":\"sales\"}");
	flow_http(&f, 5000, 200, "{}");
	flow_run_to(&f, 4000);
	CHECK_INT(1, f.n_tools);
	flow_stop(&f);
	flow_run_to(&f, 6000);
	CHECK(f.tools[0].cancelled);
	CHECK(strstr(buf_str(&f.events), "ended {\"by\":\"callee\""));
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_server_is_asked_once_the_words_were_heard),
	TEST(a_model_that_says_nothing_has_the_filler_said),
	TEST(what_the_callee_says_meanwhile_does_not_stop_it),
	TEST(a_refusal_is_told_to_the_model_which_goes_on),
	TEST(so_is_a_server_that_does_not_answer),
	TEST(an_unknown_label_is_told_to_the_model),
	TEST(without_a_server_the_model_is_told_so),
	TEST(a_callee_who_hangs_up_meanwhile_has_hung_up),
};

TEST_MAIN(tests)
