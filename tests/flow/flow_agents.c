/*
 * The finished agents of bot/agents, each in a whole conversation.
 */
#include <stdio.h>
#include <string.h>

#include "bot/hook_lib.h"
#include "tests/flow/flow_impl.h"
#include "tests/harness/test.h"

#define BODY                                                               \
	"{\"user\":{\"firstName\":\"Ann\"},\"office\":{\"name\":\"Doctor " \
	"Smith's office\"},\"appointment\":{\"id\":\"a-7\",\"when\":\"on " \
	"Tuesday at three\",\"with\":\"Doctor Smith\"}}"

static struct flow f;
static char text[16 * 1024];

static void open_past(const char *name, const char *body, const char *past)
{
	struct flow_opts opts = {.agent = text, .body = body, .past = past};
	char path[64], fault[HOOK_FAULT_MAX];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "bot/agents/%s.json", name);
	file = fopen(path, "r");
	CHECK(file != NULL);
	n = fread(text, 1, sizeof(text) - 1, file);
	CHECK(n > 0 && feof(file) && fclose(file) == 0);
	text[n] = '\0';
	if (strstr(text, "survey.so"))
		CHECK_INT(0, hook_lib_find(&opts.hooks, "bot/agents",
		                           "survey.so", fault));
	flow_open(&f, &opts);
}

static void open_agent(const char *name, const char *body)
{
	open_past(name, body, NULL);
}

/* The callee hears the bot out, and says @words. */
static void say(const char *words)
{
	uint32_t now = flow_now(&f);

	do
		flow_run_to(&f, now += 100);
	while (strcmp(flow_state(&f), "LISTENING") != 0 && !f.ended);
	CHECK_INT(0, f.ended);
	flow_says(&f, now + 400, now + 1400, words);
	flow_run_to(&f, now + 1900);
}

static void wait_end(void)
{
	flow_run_to(&f, flow_now(&f) + 10000);
	CHECK_INT(1, f.ended);
	CHECK_INT(1, f.hangups);
}

static void call(const char *words, const char *tool, const char *args)
{
	struct flow_answer *a = flow_answer_with(&f, words);

	a->call = tool;
	a->args = args;
}

static void the_greeter_lets_the_model_speak_and_hang_up(void)
{
	open_agent("greeter", BODY);
	flow_answer(&f, "Hello Ann, this is an automated call.");
	call("Goodbye then.", "end_call", "{}");
	say("Hello.");
	CHECK(strstr(f.requests[0].text, "friendly assistant"));
	CHECK(strstr(f.requests[0].text, "Ann"));
	say("I have to go now, goodbye.");
	wait_end();
	CHECK_STR("Hello Ann, this is an automated call.", f.spoken[1]);
	CHECK_STR("Goodbye then.", f.spoken[2]);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

static void the_reminder_moves_an_appointment(void)
{
	open_agent("reminder", BODY);
	say("Hello.");
	call(NULL, "free_slots", "{\"day\":\"next friday\"}");
	flow_http(&f, 900, 200, "[\"nine\",\"four\"]");
	flow_answer(&f, "Nine or four are free.");
	call(NULL, "move_appointment",
	     "{\"appointment\":\"a-7\",\"day\":\"next friday\",\"time\":"
	     "\"four\"}");
	flow_http(&f, 300, 201, "");
	call("It is moved, goodbye.", "end_call", "{}");
	say("I cannot come, is Friday free?");
	say("At four please.");
	wait_end();
	CHECK_STR("Hello Ann, this is Doctor Smith's office.|I am calling "
	          "about your appointment on Tuesday at three.|Will you be "
	          "able to come?",
	          f.spoken[1]);
	CHECK_STR("GET https://clinic.example.com/slots/next%20friday",
	          f.tools[0].text);
	CHECK_STR("Let me have a look.", f.spoken[2]);
	CHECK_STR("Nine or four are free.", f.spoken[3]);
	CHECK_STR("POST https://clinic.example.com/appointments|Content-Type: "
	          "application/json|{\"appointment\":\"a-7\",\"day\":\"next "
	          "friday\",\"time\":\"four\"}",
	          f.tools[1].text);
	CHECK(f.tools[0].public_only && f.tools[1].public_only);
	CHECK_STR("It is moved, goodbye.", f.spoken[5]);
	flow_close(&f);
}

static void the_reminder_is_left_in_a_mailbox(void)
{
	open_agent("reminder", BODY);
	flow_says(&f, 300, 4300,
	          "You have reached the voicemail of Ann. Please leave a "
	          "message after the tone.");
	flow_beep(&f, 4800, 5200);
	flow_run_to(&f, 25000);
	CHECK_INT(1, f.ended);
	CHECK_INT(0, f.n_requests);
	CHECK(strstr(buf_str(&f.events),
	             "reminder of your appointment on Tuesday at three."));
	CHECK(strstr(buf_str(&f.events), "\"answered_by\":\"voicemail\""));
	flow_close(&f);
}

static void the_survey_asks_three_questions_without_a_model(void)
{
	open_agent("survey", BODY);
	say("Hello.");
	say("Yes, sure.");
	say("I think nine.");
	say("Everybody was \"kind\".");
	say("No, thank you.");
	wait_end();
	CHECK_STR("Hello Ann, this is Doctor Smith's office with three short "
	          "questions about your visit.|Do you have a minute?",
	          f.spoken[1]);
	CHECK_STR("From zero to ten, how likely are you to recommend us to a "
	          "friend?",
	          f.spoken[2]);
	CHECK_STR("Thank you.|What did you like best?", f.spoken[3]);
	CHECK_STR("May one of my colleagues call you about it?", f.spoken[4]);
	CHECK_STR("Thank you very much for your time.|Goodbye.", f.spoken[5]);
	CHECK_INT(0, f.n_requests);
	CHECK(strstr(buf_str(&f.events),
	             "tool {\"name\":\"survey\",\"result\":\"{\\\"score\\\":9,"
	             "\\\"reason\\\":\\\"Everybody was  kind .\\\",\\\"call_"
	             "back\\\":false,\\\"complete\\\":true}\""));
	flow_close(&f);
}

static void the_survey_asks_again_and_then_goes_on(void)
{
	open_agent("survey", NULL);
	say("Hello.");
	say("What is it about?");
	CHECK_STR("It takes a minute.|Shall we?", f.spoken[2]);
	say("Okay then.");
	say("I do not know.");
	CHECK_STR("A number from zero to ten, please.", f.spoken[4]);
	say("Rather 4.");
	CHECK_STR("I am sorry to hear that.|What should we do better?",
	          f.spoken[5]);
	flow_stop(&f);
	flow_run_to(&f, flow_now(&f) + 1000);
	CHECK(strstr(buf_str(&f.events),
	             "{\\\"score\\\":4,\\\"reason\\\":\\\"\\\",\\\"call_back"
	             "\\\":null,\\\"complete\\\":false}"));
	flow_close(&f);
}

static void the_survey_goes_on_where_another_bot_was_lost(void)
{
	open_past("survey", NULL,
	          "{\"n\":1,\"from\":9,\"turns\":[{\"role\":\"bot\","
	          "\"text\":\"From zero to ten, how likely?\"}],"
	          "\"kept\":\"1 0 -1 0 \"}");
	flow_says(&f, 6000, 7000, "I would say nine.");
	flow_run_to(&f, 12000);
	CHECK(strstr(flow_chat(&f), "|callee: I would say nine.|bot: Thank "
	                            "you. What did you like best?"));
	CHECK(strstr(buf_str(&f.events), "kept {\"text\":\"2 0 9 0 \"}"));
	flow_close(&f);
}

static void who_has_no_time_for_the_survey_is_let_go(void)
{
	open_agent("survey", NULL);
	say("Hello.");
	say("No, I am busy.");
	wait_end();
	CHECK_STR("That is all right.|Goodbye.", f.spoken[2]);
	flow_close(&f);
}

static void an_answer_that_goes_on_is_one_answer(void)
{
	uint32_t now;

	open_agent("survey", NULL);
	f.opts.voice_ms = 1500; /* nothing is heard yet when they go on */
	say("Hello.");
	say("Yes please.");
	flow_run_to(&f, flow_now(&f) + 8000);
	now = flow_now(&f);
	flow_says(&f, now + 400, now + 1400, "Seven.");
	flow_final(&f, now + 2300, "No, eight.");
	flow_run_to(&f, now + 8000);
	say("It was quick.");
	say("Yes.");
	wait_end();
	CHECK(strstr(buf_str(&f.events),
	             "{\\\"score\\\":8,\\\"reason\\\":\\\"It was quick.\\\","
	             "\\\"call_back\\\":true,\\\"complete\\\":true}"));
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_greeter_lets_the_model_speak_and_hang_up),
	TEST(the_reminder_moves_an_appointment),
	TEST(the_reminder_is_left_in_a_mailbox),
	TEST(the_survey_asks_three_questions_without_a_model),
	TEST(the_survey_asks_again_and_then_goes_on),
	TEST(the_survey_goes_on_where_another_bot_was_lost),
	TEST(who_has_no_time_for_the_survey_is_let_go),
	TEST(an_answer_that_goes_on_is_one_answer),
};

TEST_MAIN(tests)
