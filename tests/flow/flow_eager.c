/*
 * A recogniser that decides turns by itself, as Deepgram Flux does: its events
 * drive the same rules as the voice detector and the texts of others.
 */
#include "bot/provider/stt.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static void open_deciding(bool preempt)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .flux = true,
	                                  .never_flushed = true,
	                                  .preempt = preempt});
}

static void turn_over(uint32_t at, const char *text)
{
	flow_stt(&f, at, STT_FINAL, text);
	flow_stt(&f, at, STT_TURN_OVER, NULL);
}

static void finish(void)
{
	flow_stop(&f);
	flow_run_to(&f, 20000);
	flow_close(&f);
}

static void the_answer_begins_when_the_turn_seems_over(void)
{
	open_deciding(true);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2000);
	flow_interim(&f, 1400, "When do");
	flow_stt(&f, 2100, STT_EAGER, "When do you open?");
	turn_over(2600, "When do you open?");
	flow_run_to(&f, 2590);
	CHECK_INT(1, f.n_requests);
	CHECK(f.requests[0].at_ms >= 2100 && f.requests[0].at_ms < 2130);
	CHECK_STR("callee: When do you open?", flow_asked(&f, 0));
	CHECK_INT(0, f.sent_ms);
	CHECK_STR("", flow_chat(&f));
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.n_requests);
	CHECK(f.heard[1].first_ms >= 2600 && f.heard[1].first_ms < 2700);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	flow_stop(&f);
	flow_run_to(&f, 6100);
	CHECK(strstr(buf_str(&f.events), "\"guesses\":{\"made\":1,\"paid\":1,"
	                                 "\"lost_tokens\":0}") != NULL);
	flow_close(&f);
}

static void a_turn_that_goes_on_withdraws_the_answer(void)
{
	open_deciding(true);
	flow_answer(&f, "We open at nine.");
	flow_answer(&f, "On Sundays at ten.");
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 2250, STT_EAGER, "When do you open");
	flow_sound(&f, 2400, 3000);
	flow_stt(&f, 2600, STT_RESUMED, NULL);
	flow_interim(&f, 2700, "When do you open on");
	flow_stt(&f, 3250, STT_EAGER, "When do you open on Sundays?");
	turn_over(3500, "When do you open on Sundays?");
	flow_run_to(&f, 3490);
	CHECK_INT(0, f.sent_ms);
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: When do you open on Sundays?", flow_asked(&f, 1));
	CHECK_STR("callee: When do you open on Sundays?|bot: On Sundays at "
	          "ten.",
	          flow_chat(&f));
	finish();
}

static void without_preemption_nothing_is_asked_before_it_is_over(void)
{
	open_deciding(false);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 2100, STT_EAGER, "When do you open?");
	turn_over(2600, "When do you open?");
	flow_run_to(&f, 2590);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 2620);
	CHECK_INT(1, f.n_requests);
	flow_run_to(&f, 6000);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

/* An ordinary recogniser's turn would have ended at 1650. */
static void a_pause_is_no_end_until_it_is_said(void)
{
	open_deciding(false);
	flow_answer(&f, "Good.");
	flow_sound(&f, 1000, 1300);
	flow_stt(&f, 1400, STT_EAGER, "I am fine.");
	flow_sound(&f, 1800, 2500);
	flow_stt(&f, 1900, STT_RESUMED, NULL);
	flow_stt(&f, 2600, STT_EAGER, "I am fine. And you?");
	turn_over(2800, "I am fine. And you?");
	flow_run_to(&f, 2790);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 5000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: I am fine. And you?", flow_asked(&f, 0));
	finish();
}

/* The voice detector needs 200 ms of silence, and is not waited for. */
static void it_may_be_faster_than_the_voice_detector(void)
{
	open_deciding(false);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2000);
	flow_interim(&f, 1400, "When do");
	turn_over(2060, "When do you open?");
	flow_run_to(&f, 2090);
	CHECK_INT(1, f.n_requests);
	flow_run_to(&f, 6000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void should_it_stay_silent_a_fixed_silence_ends_the_turn(void)
{
	open_deciding(true);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 2100, STT_EAGER, "When do you open?");
	/* said long after it was answered: not a second time */
	turn_over(3200, "When do you open?");
	flow_run_to(&f, 8000);
	CHECK(f.heard[1].first_ms >= 3000 && f.heard[1].first_ms < 3150);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	finish();
}

static void what_is_new_in_a_late_text_is_answered_too(void)
{
	open_deciding(false);
	flow_answer_with(&f, "We open at nine.")->first_ms = 2000;
	flow_answer(&f, "On Sundays at ten.");
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 2100, STT_EAGER, "When do you open?");
	turn_over(3500, "When do you open? On Sundays.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: When do you open? On Sundays.|bot: On Sundays at "
	          "ten.",
	          flow_chat(&f));
	finish();
}

static void its_words_interrupt_the_bot(void)
{
	open_deciding(true);
	flow_answer(&f, "We are a clinic with many rooms and open at nine.");
	flow_answer(&f, "Very well.");
	flow_sound(&f, 1000, 1500);
	turn_over(1700, "Hello.");
	flow_sound(&f, 3000, 3300);
	flow_stt(&f, 3400, STT_EAGER, "Please stop now.");
	turn_over(3700, "Please stop now.");
	flow_run_to(&f, 3500);
	CHECK_INT(1, f.clears);
	flow_run_to(&f, 8000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_chat(&f), "|callee: Please stop now.|bot: Very "
	                            "well.") != NULL);
	finish();
}

static const struct test tests[] = {
	TEST(the_answer_begins_when_the_turn_seems_over),
	TEST(a_turn_that_goes_on_withdraws_the_answer),
	TEST(without_preemption_nothing_is_asked_before_it_is_over),
	TEST(a_pause_is_no_end_until_it_is_said),
	TEST(it_may_be_faster_than_the_voice_detector),
	TEST(should_it_stay_silent_a_fixed_silence_ends_the_turn),
	TEST(what_is_new_in_a_late_text_is_answered_too),
	TEST(its_words_interrupt_the_bot),
};

TEST_MAIN(tests)
