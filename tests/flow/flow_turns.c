/*
 * The end of the callee's turn, and what the bot then does. Numbers in
 * brackets are those of the list in README.md.
 */
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const struct flow_opts plain = {.agent = flow_plain_agent};

static void a_turn_is_answered_and_the_answer_enters_the_history(void)
{
	flow_open(&f, &plain);
	flow_says(&f, 1000, 2500, "I need an appointment.");
	flow_answer(&f, "Of course. Which day suits you?");
	flow_run_to(&f, 10000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: I need an appointment.", flow_asked(&f, 0));
	CHECK_NEAR(2850, f.requests[0].at_ms, 60);
	CHECK_STR("Of course.|Which day suits you?", f.spoken[1]);
	CHECK_INT(6 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("callee: I need an appointment.|bot: Of course. Which day "
	          "suits you?",
	          flow_chat(&f));
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_INT(0, f.clears);
	flow_close(&f);
}

/* [15] */
static void a_finished_turn_waits_for_the_verdict_and_no_longer(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.opts.flush_ms = 50;
	flow_says(&f, 0, 1500, "Hello");
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, 5000);
	CHECK_INT(stop + 80, f.requests[0].at_ms);
	flow_close(&f);
}

/* [16] */
static void the_recogniser_s_deadline_counts_from_the_end_of_speech(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.agent->endpoint.stt_ms = 600;
	f.opts.never_flushed = true;
	f.verdict_ms = 300;
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1400, "Hello");
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, 5000);
	CHECK_NEAR(stop + 408, f.requests[0].at_ms, 8);
	CHECK(f.requests[0].at_ms < stop + 500);
	flow_close(&f);
}

/* [17] */
static void late_text_is_answered_at_once(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	stop = flow_stop_at(&f, 1500);
	flow_final(&f, stop + 900, "Hello");
	flow_run_to(&f, 5000);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(stop + 900, f.requests[0].at_ms);
	CHECK_STR("callee: Hello", flow_asked(&f, 0));
	flow_close(&f);
}

/* [18] */
static void new_speech_discards_the_verdict(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.opts.never_flushed = true;
	f.verdicts = "CI";
	flow_sound(&f, 0, 1000);
	flow_sound(&f, 1210, 2000);
	flow_final(&f, 1430, "I would");
	flow_final(&f, 2100, "like");
	stop = flow_stop_at(&f, 1900);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_NEAR(stop + 3000, f.requests[0].at_ms, 40);
	CHECK_STR("callee: I would like", flow_asked(&f, 0));
	flow_close(&f);
}

/* [18], the pause long enough for the detector */
static void speech_after_a_pause_is_the_same_turn(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "IC";
	flow_says(&f, 0, 1000, "My number is");
	flow_says(&f, 2200, 3000, "five.");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: My number is five.", flow_asked(&f, 0));
	CHECK(f.requests[0].at_ms > 3200);
	flow_close(&f);
}

/* [19] */
static void words_that_the_detector_missed_are_a_turn(void)
{
	flow_open(&f, &plain);
	flow_interim(&f, 1000, "yes");
	flow_final(&f, 1200, "Yes.");
	flow_run_to(&f, 1100);
	CHECK_STR("PAUSED", flow_state(&f));
	flow_run_to(&f, 5000);
	CHECK_INT(1550, f.requests[0].at_ms); /* no speech in the call yet */
	flow_close(&f);
}

/* [19] */
static void after_speech_was_heard_once_they_wait_less(void)
{
	flow_open(&f, &plain);
	flow_says(&f, 0, 800, "Hello there.");
	flow_answer(&f, "Good morning.");
	flow_interim(&f, 6000, "yes");
	flow_final(&f, 6200, "Yes.");
	flow_final(&f, 6300, "Please.");
	flow_run_to(&f, 8000);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(6450, f.requests[1].at_ms);
	CHECK_STR("callee: Hello there.|bot: Good morning.|callee: Yes. "
	          "Please.",
	          flow_asked(&f, 1));
	flow_close(&f);
}

/* [20] */
static void a_final_does_not_end_a_turn_while_the_voice_goes_on(void)
{
	uint32_t stop;

	flow_open(&f, &plain);
	f.agent->interrupt.min_words = 3;
	flow_says(&f, 0, 500, "Hello there.");
	flow_answer(&f, "Good morning to you.");
	flow_run_to(&f, 1500);
	flow_sound(&f, 1500, 4000);
	flow_interim(&f, 2000, "I want to");
	flow_final(&f, 2100, "I want to");
	flow_run_to(&f, 3900);
	CHECK_STR("HEARING", flow_state(&f));
	CHECK_INT(1, f.n_requests);
	stop = flow_stop_at(&f, 3900);
	flow_run_to(&f, 6000);
	CHECK_INT(2, f.n_requests);
	CHECK(f.requests[1].at_ms > stop);
	flow_close(&f);
}

/* [21] */
static void an_unfinished_turn_is_answered_after_three_seconds(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.verdicts = "I";
	flow_says(&f, 0, 1500, "My number is");
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, 9000);
	CHECK_NEAR(stop + 3000, f.requests[0].at_ms, 40);
	flow_close(&f);
}

/* [21], the line stalls: a wall clock it is */
static void a_stalled_line_does_not_put_the_answer_off(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.verdicts = "I";
	flow_says(&f, 0, 1500, "My number is");
	stop = flow_stop_at(&f, 1500);
	f.media_gap_from = stop + 500;
	f.media_gap_to = stop + 2500;
	flow_run_to(&f, 9000);
	CHECK_NEAR(stop + 3000, f.requests[0].at_ms, 40);
	flow_close(&f);
}

/* [22] */
static void a_turn_without_words_is_dropped_by_the_watchdog(void)
{
	flow_open(&f, &plain);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	flow_run_to(&f, 6600);
	CHECK_STR("PAUSED", flow_state(&f));
	flow_run_to(&f, 6800);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_INT(0, f.n_requests);
	CHECK_STR("", flow_chat(&f));
	flow_close(&f);
}

/* [22] */
static void the_watchdog_starts_anew_with_each_interim(void)
{
	flow_open(&f, &plain);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	flow_interim(&f, 5000, "I");
	flow_run_to(&f, 9900);
	CHECK_STR("PAUSED", flow_state(&f));
	flow_run_to(&f, 10100);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

/* [22] */
static void a_sound_that_the_recogniser_knows_to_be_empty_is_dropped(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 0, 1500);
	flow_run_to(&f, 1850);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_INT(0, f.n_requests);
	flow_close(&f);
}

/* [23] */
static void an_empty_answer_to_the_flush_means_that_all_text_is_in(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1450, "I need help");
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, 5000);
	CHECK_INT(stop + 90, f.requests[0].at_ms);
	flow_close(&f);
}

/* [24] */
static void interim_text_takes_the_flush_back(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1000);
	flow_final(&f, 1100, "my number is");
	flow_sound(&f, 1150, 2000); /* a pause the detector does not see */
	flow_flushed(&f, 1120);
	flow_interim(&f, 1900, "five");
	stop = flow_stop_at(&f, 2000);
	flow_run_to(&f, stop + 120); /* the verdict was at 80 */
	CHECK_INT(0, f.n_requests);
	flow_final(&f, stop + 130, "five");
	flow_run_to(&f, 5000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: my number is five", flow_asked(&f, 0));
	flow_close(&f);
}

/* [25] */
static void four_finals_are_one_turn(void)
{
	flow_open(&f, &plain);
	flow_sound(&f, 0, 4000);
	flow_final(&f, 900, "One ");
	flow_final(&f, 1900, " two");
	flow_final(&f, 2900, "three");
	flow_final(&f, 3900, "four.");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: One two three four.", flow_asked(&f, 0));
	flow_close(&f);
}

/* [26] */
static void late_words_join_the_turn_that_is_being_answered(void)
{
	flow_open(&f, &plain);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1500, "I want to talk.");
	flow_answer_with(&f, "Sure.")->first_ms = 2000;
	flow_answer(&f, "A table it is.");
	flow_final(&f, 2200, "book a table");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(2200, f.requests[0].closed_ms, 2);
	CHECK_NEAR(2200, f.requests[1].at_ms, 2);
	CHECK_STR("callee: I want to talk. book a table", flow_asked(&f, 1));
	CHECK_INT(0, f.clears);
	CHECK_STR("callee: I want to talk. book a table|bot: A table it is.",
	          flow_chat(&f));
	CHECK(strstr(buf_str(&f.events), "\"text\":\"I want to talk.\"") ==
	      NULL);
	flow_close(&f);
}

/* [26], the bot is audible: an interruption, and nothing is said twice */
static void late_words_over_the_reply_are_a_turn_of_their_own(void)
{
	flow_open(&f, &plain);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1500, "I want to talk.");
	flow_answer(&f, "Sure, what may I do for you?");
	flow_final(&f, 3000, "about tables");
	flow_sound(&f, 2900, 4200);
	flow_final(&f, 4200, "and chairs");
	flow_run_to(&f, 9000);
	CHECK(strstr(flow_chat(&f), "callee: I want to talk.|bot! Sure,") !=
	      NULL);
	CHECK(strstr(flow_chat(&f), "|callee: about tables and chairs|") !=
	      NULL);
	flow_close(&f);
}

static void a_turn_that_never_ends_is_ended(void)
{
	flow_open(&f, &plain);
	f.agent->max_turn_ms = 10000;
	flow_sound(&f, 0, 30000);
	flow_final(&f, 5000, "and then and then");
	flow_run_to(&f, 10500);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static void without_a_listener_the_text_decides_how_long_to_wait(void)
{
	flow_open(&f, &plain);
	flow_says(&f, 0, 1500, "I would like to");
	flow_run_to(&f, 9000);
	CHECK_NEAR(2500, f.requests[0].at_ms, 40);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_turn_is_answered_and_the_answer_enters_the_history),
	TEST(a_finished_turn_waits_for_the_verdict_and_no_longer),
	TEST(the_recogniser_s_deadline_counts_from_the_end_of_speech),
	TEST(late_text_is_answered_at_once),
	TEST(new_speech_discards_the_verdict),
	TEST(speech_after_a_pause_is_the_same_turn),
	TEST(words_that_the_detector_missed_are_a_turn),
	TEST(after_speech_was_heard_once_they_wait_less),
	TEST(a_final_does_not_end_a_turn_while_the_voice_goes_on),
	TEST(an_unfinished_turn_is_answered_after_three_seconds),
	TEST(a_stalled_line_does_not_put_the_answer_off),
	TEST(a_turn_without_words_is_dropped_by_the_watchdog),
	TEST(the_watchdog_starts_anew_with_each_interim),
	TEST(a_sound_that_the_recogniser_knows_to_be_empty_is_dropped),
	TEST(an_empty_answer_to_the_flush_means_that_all_text_is_in),
	TEST(interim_text_takes_the_flush_back),
	TEST(four_finals_are_one_turn),
	TEST(late_words_join_the_turn_that_is_being_answered),
	TEST(late_words_over_the_reply_are_a_turn_of_their_own),
	TEST(a_turn_that_never_ends_is_ended),
	TEST(without_a_listener_the_text_decides_how_long_to_wait),
};

TEST_MAIN(tests)
