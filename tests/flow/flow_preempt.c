/*
 * Answers that are begun when the callee's turn seems to be over: they are
 * heard sooner when it is, and nobody ever knows of them when it is not.
 */
#include "bot/provider/stt.h"
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

/* Time for a second utterance before the turn is over. */
static const char patient[] =
	"{\"greeting\":null,\"pause_ms\":900,\"tools\":[\"end_call\"]}";

static void open_preempting(const char *agent)
{
	flow_open(&f,
	          &(struct flow_opts){.agent = agent ? agent : flow_plain_agent,
	                              .preempt = true});
}

/* The voice's sound ends at 2000, the VAD says so at 2200, the turn is over at
 * 2350; token and first audio take 100 each. */
static uint32_t heard_at(bool preempt)
{
	uint32_t at;

	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .preempt = preempt});
	flow_answer(&f, "We open at nine.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 6000);
	at = f.heard[1].first_ms;
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	flow_close(&f);
	return at;
}

static void the_answer_is_heard_sooner_and_never_before_the_turn_is_over(void)
{
	const uint32_t late = heard_at(false), early = heard_at(true);

	CHECK(early >= 2350);
	CHECK(early + 50 <= late);
}

static void a_fast_answer_waits_for_the_end_of_the_turn(void)
{
	open_preempting(NULL);
	flow_answer_with(&f, "We open at nine.")->first_ms = 1;
	f.opts.voice_ms = 1;
	f.opts.flush_ms = 10;
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 2340);
	CHECK_INT(1, f.n_requests);
	CHECK(f.made_ms[1] > 0);
	CHECK_INT(0, f.sent_ms);
	CHECK_STR("", flow_chat(&f));
	flow_run_to(&f, 2390);
	CHECK(f.sent_ms > 0);
	flow_run_to(&f, 6000);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	CHECK(strstr(buf_str(&f.events), "\"guesses\"") == NULL);
	flow_stop(&f);
	flow_run_to(&f, 6100);
	CHECK(strstr(buf_str(&f.events), "\"guesses\":{\"made\":1,\"paid\":1,"
	                                 "\"lost_tokens\":0}") != NULL);
	CHECK(strstr(buf_str(&f.events), "\"requests\":1") != NULL);
	CHECK(strstr(buf_str(&f.events), "\"characters\":16}") != NULL);
	flow_close(&f);
}

static void another_word_withdraws_it_without_a_trace(void)
{
	open_preempting(patient);
	flow_answer(&f, "We open at nine.");
	flow_answer(&f, "On Sundays at ten.");
	flow_says(&f, 1000, 2000, "When do you open?");
	/* a second utterance, 300 ms later */
	flow_sound(&f, 2300, 3300);
	flow_interim(&f, 2700, "On Sundays");
	flow_final(&f, 3590, "On Sundays, I mean.");
	flow_flushed(&f, 3590);
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK(f.requests[0].closed_ms > 0 || f.requests[0].done);
	CHECK_STR("callee: When do you open? On Sundays, I mean.",
	          flow_asked(&f, 1));
	CHECK_STR("callee: When do you open? On Sundays, I mean.|bot: On "
	          "Sundays at ten.",
	          flow_chat(&f));
	CHECK_INT(0, f.heard[1].count);
	CHECK_INT(0, f.clears);
	flow_stop(&f);
	flow_run_to(&f, 9100);
	CHECK(strstr(buf_str(&f.events), "\"made\":2,\"paid\":1") != NULL);
	CHECK(strstr(buf_str(&f.events), "\"lost_tokens\":0") == NULL);
	flow_close(&f);
}

static void a_noise_after_it_does_not_withdraw_it(void)
{
	open_preempting(patient);
	flow_answer(&f, "We open at nine.");
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_sound(&f, 2320, 2620); /* a cough: no words */
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK(f.heard[1].count > 0);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	flow_close(&f);
}

static void a_final_text_begins_it_before_the_detector_is_sure(void)
{
	open_preempting(NULL);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2000);
	flow_interim(&f, 1400, "When");
	flow_final(&f, 2140, "When do you open?");
	flow_flushed(&f, 2290);
	flow_run_to(&f, 2150);
	CHECK_INT(1, f.n_requests);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK(f.heard[1].first_ms >= 2350);
	CHECK(f.heard[1].first_ms < 2450);
	flow_close(&f);
}

static void a_final_in_mid_speech_begins_nothing(void)
{
	open_preempting(NULL);
	flow_sound(&f, 1000, 4000);
	flow_final(&f, 2000, "When do you open?");
	flow_final(&f, 4290, "And where are you?");
	flow_flushed(&f, 4290);
	flow_run_to(&f, 2200);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

/* The net may hear a voice for some chunks after its end. */
static void the_recogniser_s_end_of_speech_begins_it_once_it_is_quiet(void)
{
	open_preempting(NULL);
	flow_answer(&f, "We open at nine.");
	flow_sound(&f, 1000, 2060);
	flow_final(&f, 2070, "When do you open?");
	flow_stt(&f, 2070, STT_SILENCE, NULL);
	flow_run_to(&f, 2080);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 2180);
	CHECK_INT(1, f.n_requests);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	flow_close(&f);
}

static void an_end_of_speech_before_more_voice_begins_nothing(void)
{
	open_preempting(NULL);
	flow_sound(&f, 1000, 4000);
	flow_final(&f, 2000, "When do you open?");
	flow_stt(&f, 2000, STT_SILENCE, NULL);
	flow_final(&f, 4290, "And where are you?");
	flow_flushed(&f, 4290);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static void words_in_the_same_breath_withdraw_it(void)
{
	open_preempting(NULL);
	flow_answer_with(&f, "We open at nine.")->first_ms = 1400;
	flow_answer(&f, "At ten.");
	flow_sound(&f, 1000, 2000);
	flow_final(&f, 2140, "When do you open?"); /* begins it */
	flow_sound(&f, 2180, 3200); /* ... and the voice goes on */
	flow_interim(&f, 2700, "On Sun");
	flow_run_to(&f, 2710);
	CHECK(f.requests[0].closed_ms >= 2700);
	CHECK_STR("HEARING", flow_state(&f));
	flow_final(&f, 3490, "On Sunday?");
	flow_flushed(&f, 3490);
	flow_run_to(&f, 9000);
	CHECK_STR("callee: When do you open? On Sunday?|bot: At ten.",
	          flow_chat(&f));
	flow_close(&f);
}

static void what_sounds_unfinished_begins_nothing(void)
{
	open_preempting(NULL);
	flow_says(&f, 1000, 2000, "I would like to");
	flow_run_to(&f, 2900);
	CHECK_INT(0, f.n_requests);
	flow_run_to(&f, 3100);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static void its_tools_are_run_when_the_turn_is_over(void)
{
	struct flow_answer *a;

	open_preempting(NULL);
	a = flow_answer_with(&f, "Goodbye.");
	a->first_ms = 1;
	a->call = "end_call";
	a->args = "{}";
	f.opts.flush_ms = 10;
	flow_says(&f, 1000, 2000, "That is all.");
	flow_run_to(&f, 2340);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(buf_str(&f.events), "tool ") == NULL);
	CHECK_INT(0, f.hangups);
	flow_run_to(&f, 9000);
	CHECK(strstr(buf_str(&f.events), "tool ") != NULL);
	CHECK_INT(1, f.hangups);
	CHECK(f.heard[1].count > 0);
	flow_close(&f);
}

static void tools_of_one_withdrawn_are_not_run(void)
{
	struct flow_answer *a;

	open_preempting(patient);
	a = flow_answer_with(&f, "Goodbye.");
	a->first_ms = 1;
	a->call = "end_call";
	a->args = "{}";
	flow_answer(&f, "All right.");
	f.opts.flush_ms = 10;
	flow_says(&f, 1000, 2000, "That is all.");
	flow_says(&f, 2340, 3300, "Or is it?");
	flow_run_to(&f, 9000);
	CHECK(strstr(buf_str(&f.events), "tool ") == NULL);
	CHECK_INT(0, f.hangups);
	flow_close(&f);
}

static void one_that_fails_is_asked_for_again_at_the_end_of_the_turn(void)
{
	struct flow_answer *a;

	open_preempting(NULL);
	a = flow_answer_with(&f, NULL);
	a->first_ms = 10;
	a->err = ERR_PROVIDER;
	flow_answer(&f, "We open at nine.");
	f.opts.flush_ms = 10;
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(0, f.errors);
	CHECK_STR("callee: When do you open?|bot: We open at nine.",
	          flow_chat(&f));
	flow_close(&f);
}

static void a_goodbye_takes_its_place(void)
{
	open_preempting(NULL);
	flow_answer_with(&f, "We open at nine.")->first_ms = 1;
	f.opts.flush_ms = 10;
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 2340);
	CHECK(f.made_ms[1] > 0);
	session_drain(f.session);
	flow_run_to(&f, 20000);
	CHECK_INT(0, f.heard[1].count);
	CHECK(f.heard[2].count > 0);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

static void in_mid_speech_a_goodbye_takes_its_place_too(void)
{
	open_preempting(NULL);
	flow_answer_with(&f, "We open at nine.")->first_ms = 1;
	flow_sound(&f, 1000, 2000);
	flow_final(&f, 2140, "When do you open?");
	flow_run_to(&f, 2190);
	CHECK_STR("HEARING", flow_state(&f));
	CHECK_INT(1, f.n_requests);
	session_drain(f.session);
	flow_run_to(&f, 20000);
	CHECK_INT(0, f.heard[1].count);
	CHECK(f.heard[2].count > 0);
	flow_close(&f);
}

static void the_greeting_is_made_while_they_say_hello(void)
{
	static const char agent[] = "{\"greeting\":\"Hello, this is the "
				    "clinic.\"}";

	open_preempting(agent);
	f.opts.flush_ms = 10;
	f.opts.voice_ms = 130;
	flow_says(&f, 300, 800, "Hello?");
	flow_run_to(&f, 4000);
	CHECK_NEAR(1155, f.heard[1].first_ms, 10);
	CHECK_STR("callee: Hello?|bot: Hello, this is the clinic.",
	          flow_chat(&f));
	flow_close(&f);
}

static void the_record_has_the_true_times_of_a_guess(void)
{
	open_preempting(NULL);
	f.opts.flush_ms = 10;
	flow_answer_with(&f, "We open at nine.")->first_ms = 40;
	flow_says(&f, 1000, 2000, "When do you open?");
	flow_run_to(&f, 6000);
	/* asked at the flush, 2210 or a frame later */
	CHECK(strstr(buf_str(&f.events), "\"first_token\":2") != NULL);
	CHECK(strstr(buf_str(&f.events), "\"first_audio\":3") != NULL);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_answer_is_heard_sooner_and_never_before_the_turn_is_over),
	TEST(a_fast_answer_waits_for_the_end_of_the_turn),
	TEST(another_word_withdraws_it_without_a_trace),
	TEST(a_noise_after_it_does_not_withdraw_it),
	TEST(a_final_text_begins_it_before_the_detector_is_sure),
	TEST(a_final_in_mid_speech_begins_nothing),
	TEST(the_recogniser_s_end_of_speech_begins_it_once_it_is_quiet),
	TEST(an_end_of_speech_before_more_voice_begins_nothing),
	TEST(words_in_the_same_breath_withdraw_it),
	TEST(what_sounds_unfinished_begins_nothing),
	TEST(its_tools_are_run_when_the_turn_is_over),
	TEST(tools_of_one_withdrawn_are_not_run),
	TEST(one_that_fails_is_asked_for_again_at_the_end_of_the_turn),
	TEST(a_goodbye_takes_its_place),
	TEST(in_mid_speech_a_goodbye_takes_its_place_too),
	TEST(the_greeting_is_made_while_they_say_hello),
	TEST(the_record_has_the_true_times_of_a_guess),
};

TEST_MAIN(tests)
