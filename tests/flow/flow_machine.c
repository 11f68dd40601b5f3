/*
 * Calls that a machine answers: nobody is greeted who does not listen, and a
 * message is left when it is recorded, and not before.
 */
#include <errno.h>

#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char leaving[] =
	"{\"greeting\":\"Hello, this is the clinic.\",\"machine\":{\"message\":"
	"\"Hello {{name|there}}, please call the clinic back.\",\"screener\":"
	"\"The clinic, about an appointment.\"}}";
static const char hanging_up[] = "{\"greeting\":\"Hello, this is the clinic.\","
				 "\"machine\":{}}";

static void open_with(const char *agent, bool preempt)
{
	flow_open(&f, &(struct flow_opts){.agent = agent,
	                                  .body = "{\"name\":\"Anna\"}",
	                                  .preempt = preempt});
}

/* "Hi, you have reached Anna. Please leave a message.", a pause, a beep. */
static void mailbox(uint32_t beep)
{
	flow_sound(&f, 400, 5000);
	flow_interim(&f, 900, "Hi,");
	flow_final(&f, 3000, "Hi, you have reached Anna.");
	flow_final(&f, 5290, "Please leave a message.");
	flow_flushed(&f, 5290);
	if (beep)
		flow_beep(&f, beep, beep + 400);
}

static bool said(const char *what)
{
	return strstr(buf_str(&f.events), what) != NULL;
}

static void a_voicemail_gets_its_message_after_the_beep(void)
{
	open_with(leaving, false);
	mailbox(6500);
	flow_run_to(&f, 6890);
	CHECK_INT(0, f.sent_ms);
	flow_run_to(&f, 20000);
	CHECK(f.heard[1].first_ms > 6900);
	CHECK(f.heard[1].first_ms < 7200);
	CHECK_STR("Hello Anna, please call the clinic back.", f.spoken[1]);
	CHECK_INT(7 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at > f.heard[1].last_ms);
	CHECK_INT(0, f.n_requests);
	CHECK(said("\"answered_by\":\"voicemail\""));
	CHECK(said("Please leave a message."));
	flow_close(&f);
}

static void a_pause_in_its_greeting_is_not_its_end(void)
{
	open_with(leaving, true);
	flow_says(&f, 400, 1600, "Hi, this is Anna.");
	flow_answer(&f, "never heard");
	flow_sound(&f, 2600, 7000); /* over our greeting */
	flow_final(&f, 4000, "I can't take your call.");
	flow_final(&f, 7290, "Leave your name.");
	flow_flushed(&f, 7290);
	flow_beep(&f, 8000, 8300);
	flow_run_to(&f, 25000);
	/* What was begun of the greeting stops at once. */
	CHECK(f.heard[1].count < 2500);
	CHECK(f.heard[2].first_ms > 8300);
	CHECK(f.heard[2].first_ms < 8600);
	CHECK_INT(7 * FLOW_WORD_MS, f.heard[2].count);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

static void without_a_beep_the_message_is_left_after_a_silence(void)
{
	open_with(leaving, false);
	mailbox(0);
	flow_run_to(&f, 9100);
	CHECK_INT(0, f.sent_ms);
	flow_run_to(&f, 20000);
	CHECK_NEAR(5200 + 4000 + 100, f.heard[1].first_ms, 100);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

static void a_long_speech_without_known_words_is_a_recording(void)
{
	open_with(leaving, false);
	flow_sound(&f, 400, 9000);
	flow_beep(&f, 9500, 9900);
	flow_run_to(&f, 20000);
	CHECK(f.heard[1].first_ms > 9900);
	CHECK(said("\"answered_by\":\"voicemail\""));
	flow_close(&f);
}

static void a_machine_that_never_ends_is_left(void)
{
	open_with(leaving, false);
	flow_sound(&f, 400, 100000);
	flow_final(&f, 2000, "Please leave a message.");
	flow_run_to(&f, 70000);
	CHECK_INT(0, f.sent_ms);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at < 65000);
	flow_close(&f);
}

static void without_a_message_the_bot_hangs_up_at_once(void)
{
	open_with(hanging_up, false);
	mailbox(6500);
	flow_run_to(&f, 20000);
	CHECK_INT(1, f.hangups);
	CHECK_INT(0, f.sent_ms);
	CHECK_NEAR(5290, f.hangup_at, 30);
	CHECK(said("\"cause\":\"voicemail\",\"answered_by\":\"voicemail\""));
	flow_close(&f);
}

static void an_assistant_is_told_who_calls_and_the_person_is_greeted(void)
{
	open_with(leaving, true);
	flow_says(&f, 400, 3000, "Please state your name and why you call.");
	flow_says(&f, 9000, 9600, "Hello?");
	flow_run_to(&f, 20000);
	CHECK_STR("callee: Please state your name and why you call.|bot: The "
	          "clinic, about an appointment.|callee: Hello?|bot: Hello, "
	          "this is the clinic.",
	          flow_chat(&f));
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static void a_person_is_greeted_as_ever(void)
{
	open_with(leaving, true);
	flow_says(&f, 400, 1000, "Hello?");
	flow_answer(&f, "At nine.");
	flow_says(&f, 5000, 6000, "When do you open?");
	flow_answer(&f, "Yes.");
	flow_says(&f, 9000, 10000, "Can I leave a message?");
	flow_run_to(&f, 16000);
	CHECK_STR("callee: Hello?|bot: Hello, this is the clinic.|callee: When "
	          "do you open?|bot: At nine.|callee: Can I leave a message?|"
	          "bot: Yes.",
	          flow_chat(&f));
	CHECK_INT(0, f.hangups);
	flow_stop(&f);
	flow_run_to(&f, 16100);
	CHECK(said("\"answered_by\":\"person\""));
	flow_close(&f);
}

static void an_agent_that_does_not_ask_talks_to_anything(void)
{
	flow_open(&f, NULL);
	mailbox(6500);
	flow_run_to(&f, 12000);
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static void while_it_waits_for_the_beep_the_call_can_be_drained(void)
{
	open_with(leaving, false);
	mailbox(30000);
	flow_run_to(&f, 6000);
	session_drain(f.session);
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* ---- the carrier's word ------------------------------------------------------- */

static void the_carrier_and_a_long_hello_are_a_machine(void)
{
	open_with(leaving, false);
	flow_sound(&f, 400, 4400);
	flow_run_to(&f, 2000);
	session_machine_said(f.session);
	flow_beep(&f, 5000, 5400);
	flow_run_to(&f, 15000);
	CHECK(f.heard[1].first_ms > 5400);
	CHECK_STR("Hello Anna, please call the clinic back.", f.spoken[1]);
	CHECK_INT(0, f.n_requests);
	flow_close(&f);
}

static void against_a_person_s_hello_the_model_is_asked(void)
{
	open_with(leaving, false);
	flow_says(&f, 400, 1000, "Anna here.");
	flow_run_to(&f, 3000);
	flow_answer(&f, "person");
	session_machine_said(f.session);
	flow_run_to(&f, 5000);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(f.requests[0].text, "|callee: Anna here.") != NULL);
	CHECK(f.heard[1].count > 0); /* and is greeted as ever */
	CHECK_INT(0, f.hangups);
	session_machine_said(f.session);
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static void a_machine_that_speaks_like_a_person_is_told_by_the_model(void)
{
	open_with(hanging_up, false);
	flow_says(&f, 400, 1600, "Hi, Anna is out with the dogs.");
	flow_run_to(&f, 3000);
	flow_answer(&f, "Voicemail.");
	session_machine_said(f.session);
	flow_run_to(&f, 8000);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(1, f.hangups);
	CHECK(said("\"answered_by\":\"voicemail\""));
	flow_close(&f);
}

static void where_all_agree_nobody_is_asked(void)
{
	open_with(leaving, false);
	mailbox(6500);
	flow_run_to(&f, 5500);
	session_machine_said(f.session);
	flow_run_to(&f, 20000);
	CHECK_INT(0, f.n_requests);
	CHECK_INT(7 * FLOW_WORD_MS, f.heard[1].count);
	flow_close(&f);
}

static void a_model_that_does_not_know_leaves_it_a_person(void)
{
	open_with(leaving, false);
	flow_says(&f, 400, 1000, "Anna here.");
	flow_run_to(&f, 3000);
	flow_answer_with(&f, NULL)->err = -ETIMEDOUT;
	session_machine_said(f.session);
	flow_answer(&f, "At nine.");
	flow_says(&f, 5000, 6000, "When do you open?");
	flow_run_to(&f, 10000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_chat(&f), "bot: At nine.") != NULL);
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_voicemail_gets_its_message_after_the_beep),
	TEST(a_pause_in_its_greeting_is_not_its_end),
	TEST(without_a_beep_the_message_is_left_after_a_silence),
	TEST(a_long_speech_without_known_words_is_a_recording),
	TEST(a_machine_that_never_ends_is_left),
	TEST(without_a_message_the_bot_hangs_up_at_once),
	TEST(an_assistant_is_told_who_calls_and_the_person_is_greeted),
	TEST(a_person_is_greeted_as_ever),
	TEST(an_agent_that_does_not_ask_talks_to_anything),
	TEST(while_it_waits_for_the_beep_the_call_can_be_drained),
	TEST(the_carrier_and_a_long_hello_are_a_machine),
	TEST(against_a_person_s_hello_the_model_is_asked),
	TEST(a_machine_that_speaks_like_a_person_is_told_by_the_model),
	TEST(where_all_agree_nobody_is_asked),
	TEST(a_model_that_does_not_know_leaves_it_a_person),
};

TEST_MAIN(tests)
