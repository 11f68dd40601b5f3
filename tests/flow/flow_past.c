/*
 * The bot before this one is gone: the callee is told once, not greeted again,
 * and the model knows what was said.
 */
#include <string.h>

#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char agent[] = "{\"greeting\":\"Hello.\",\"recovered\":\"Sorry "
			    "{{name|friend}}, again please.\"}";
static const char past[] =
	"{\"n\":1,\"from\":11,\"turns\":["
	"{\"role\":\"bot\",\"text\":\"Hello.\",\"interrupted\":false},"
	"{\"role\":\"callee\",\"text\":\"I want pizza.\"},"
	"{\"role\":\"bot\",\"text\":\"Which\",\"interrupted\":true}]}";

enum { PHRASE_MS = 4 * FLOW_WORD_MS };

static void open_past(const char *text)
{
	const struct flow_opts opts = {
		.agent = agent, .past = text, .body = "{\"name\":\"Ann\"}"};

	flow_open(&f, &opts);
}

static void the_phrase_comes_at_once_and_the_talk_goes_on(void)
{
	open_past(past);
	flow_says(&f, 4000, 5000, "With cheese.");
	flow_answer_with(&f, "Cheese it is.");
	flow_run_to(&f, 9000);
	CHECK_INT(PHRASE_MS, f.heard[1].count);
	CHECK(f.heard[1].first_ms < 400);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(
		f.requests[0].text,
		"bot: Hello.|callee: I want pizza.|bot: Which \xe2\x80\x94|"
		"bot: Sorry Ann, again please.|callee: With cheese."));
	flow_close(&f);
}

static void nobody_cuts_the_phrase_short(void)
{
	open_past(past);
	flow_says(&f, 500, 2500, "Hello? Are you there?");
	flow_answer_with(&f, "I am.");
	flow_run_to(&f, 9000);
	CHECK_INT(PHRASE_MS, f.heard[1].count);
	flow_close(&f);
}

static void turns_are_counted_on(void)
{
	open_past(past);
	flow_says(&f, 4000, 5000, "With cheese.");
	flow_answer_with(&f, "Cheese it is.");
	flow_run_to(&f, 9000);
	CHECK(strstr(buf_str(&f.events),
	             "turn {\"n\":12,\"role\":\"bot\",\"text\":\"Sorry Ann, "
	             "again please.\""));
	CHECK(strstr(buf_str(&f.events),
	             "turn {\"n\":13,\"role\":\"callee\",\"text\":\"With "
	             "cheese.\""));
	flow_close(&f);
}

/* What was done is not done again. */
static void the_model_knows_what_tools_have_done(void)
{
	open_past("{\"n\":1,\"from\":11,\"turns\":["
	          "{\"role\":\"callee\",\"text\":\"Book nine.\"},"
	          "{\"role\":\"tool\",\"name\":\"book\",\"args\":{\"h\":9},"
	          "\"result\":\"{\\\"ok\\\":true}\"},"
	          "{\"role\":\"bot\",\"text\":\"Booked.\"},"
	          "{\"role\":\"tool\",\"name\":\"mail\",\"args\":{}}]}");
	flow_says(&f, 4000, 5000, "Is it done?");
	flow_answer_with(&f, "It is.");
	flow_run_to(&f, 9000);
	CHECK(strstr(f.requests[0].text,
	             "callee: Book nine.|bot: [book past_1]|tool: "
	             "{\"ok\":true}|bot: Booked.|bot: [mail past_3]|tool: "
	             "{\"error\":\"The line to this tool was lost."));
	flow_close(&f);
}

static void who_was_told_nothing_yet_is_greeted(void)
{
	open_past("{\"n\":1,\"from\":0,\"turns\":[]}");
	flow_says(&f, 500, 1000, "Hello.");
	flow_run_to(&f, 6000);
	CHECK_INT(FLOW_WORD_MS, f.heard[1].count);
	CHECK(strstr(buf_str(&f.events), "\"text\":\"Hello.\""));
	CHECK(!strstr(buf_str(&f.events), "Sorry"));
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_phrase_comes_at_once_and_the_talk_goes_on),
	TEST(nobody_cuts_the_phrase_short),
	TEST(turns_are_counted_on),
	TEST(the_model_knows_what_tools_have_done),
	TEST(who_was_told_nothing_yet_is_greeted),
};

TEST_MAIN(tests)
