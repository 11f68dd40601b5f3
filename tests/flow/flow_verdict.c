/*
 * The model that hears whether a turn is finished: what its answer changes, and
 * what becomes of a turn without one.
 */
#include "bot/provider/stt.h"
#include "common/attr.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static void a_finished_sentence_need_not_be_waited_for(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	flow_says(&f, 0, 1500, "I would like to"); /* 1000 ms by its text */
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, 5000);
	CHECK_INT(stop + 90, f.requests[0].at_ms);
	CHECK_INT(1, f.turns_begun);
	CHECK_INT(1, f.verdicts_asked);
	flow_close(&f);
}

/* It has heard the end of speech itself: its answer to the flush, which may
 * never come, can add nothing. */
static void a_recogniser_that_has_decided_is_not_asked_again(void)
{
	uint32_t stop;

	for (int i = 0; i < 2; i++) {
		flow_open(&f, &flow_listener);
		f.opts.never_flushed = true;
		flow_sound(&f, 0, 1500);
		flow_final(&f, 1600, "I need a table.");
		if (i)
			flow_stt(&f, 1600, STT_SILENCE, NULL);
		stop = flow_stop_at(&f, 1500);
		flow_run_to(&f, 5000);
		if (i)
			CHECK_INT(stop + 80, f.requests[0].at_ms);
		else
			CHECK_NEAR(1500 + 350, f.requests[0].at_ms, 33);
		flow_close(&f);
	}
}

/* It may come after the detector's "stop", too. */
static void it_may_decide_after_the_detector_s_stop(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.opts.never_flushed = true;
	flow_sound(&f, 0, 1500);
	stop = flow_stop_at(&f, 1500);
	flow_final(&f, stop + 90, "I need a table.");
	flow_stt(&f, stop + 90, STT_SILENCE, NULL);
	flow_run_to(&f, 5000);
	CHECK_INT(stop + 90, f.requests[0].at_ms);
	flow_close(&f);
}

/* The question says until when; then a fixed silence ends the turn, and the
 * answer changes nothing, whichever it is. */
static void a_verdict_after_the_recogniser_s_deadline_is_too_late(void)
{
	static const char *const verdicts[] = {"C", "I", "-"};

	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		flow_open(&f, &flow_listener);
		f.verdicts = verdicts[i];
		f.verdict_ms = 400;
		flow_says(&f, 0, 1500, "I would like to");
		flow_run_to(&f, 9000);
		CHECK_INT(1, f.n_requests);
		CHECK_NEAR(2500, f.requests[0].at_ms, 40);
		CHECK(f.verdict_within_ms > 100 && f.verdict_within_ms < 180);
		flow_close(&f);
	}
}

static void a_late_no_does_not_put_off_a_finished_sentence(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "I";
	f.verdict_ms = 160;
	flow_says(&f, 0, 1500, "I need an appointment.");
	flow_run_to(&f, 9000);
	CHECK_NEAR(1850, f.requests[0].at_ms, 40);
	flow_close(&f);
}

static void a_model_that_cannot_tell_leaves_it_to_the_text(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "?";
	flow_says(&f, 0, 1500, "I need an appointment.");
	flow_says(&f, 8000, 9500, "I would like to");
	flow_answer(&f, "Sure.");
	flow_run_to(&f, 15000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(1850, f.requests[0].at_ms, 40);
	CHECK_NEAR(10500, f.requests[1].at_ms, 40);
	flow_close(&f);
}

static void against_a_finished_text_its_no_counts_for_less(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "I";
	flow_says(&f, 0, 1500, "I need an appointment.");
	flow_run_to(&f, 9000);
	CHECK_NEAR(2500, f.requests[0].at_ms, 40);
	flow_close(&f);
}

/* They go on while it judges: the verdict is of no use any more, and the turn
 * is one. */
static void speech_that_resumes_while_it_judges_is_judged_anew(void)
{
	uint32_t stop;

	flow_open(&f, &flow_listener);
	f.agent->endpoint.stt_ms = 600;
	f.verdict_ms = 350;
	f.opts.flush_ms = 50;
	flow_sound(&f, 0, 1500);
	flow_sound(&f, 1720, 3000);
	flow_final(&f, 1550, "I would like");
	flow_final(&f, 3100, "to book");
	stop = flow_stop_at(&f, 1500);
	flow_run_to(&f, stop + 349);
	CHECK_STR("HEARING", flow_state(&f));
	flow_run_to(&f, stop + 400); /* the first verdict */
	CHECK_STR("HEARING", flow_state(&f));
	stop = flow_stop_at(&f, 3000);
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(stop + 350, f.requests[0].at_ms);
	CHECK_STR("callee: I would like to book", flow_asked(&f, 0));
	CHECK_INT(1, f.turns_begun);
	CHECK_INT(2, f.verdicts_asked);
	flow_close(&f);
}

/* Nobody answers questions beyond the places of the queue. */
static void without_a_place_in_the_queue_a_fixed_silence_ends_the_turn(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "-";
	flow_says(&f, 0, 1500, "I need an appointment.");
	flow_answer(&f, "Which day?");
	flow_says(&f, 8000, 8600, "Monday.");
	flow_run_to(&f, 15000);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(1850, f.requests[0].at_ms, 40);
	CHECK_NEAR(8950, f.requests[1].at_ms, 40);
	CHECK_INT(2, f.turns_begun);
	CHECK_INT(2, f.verdicts_asked);
	CHECK_NEAR(200, f.turn_ago_ms, 40); /* what the detector takes */
	flow_close(&f);
}

/* ... nor does a turn without words wait for it. */
static void an_empty_turn_does_not_wait_for_a_verdict_that_never_comes(void)
{
	flow_open(&f, &flow_listener);
	f.verdicts = "-";
	flow_sound(&f, 0, 1500);
	flow_run_to(&f, 1900);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_INT(0, f.n_requests);
	flow_close(&f);
}

/* An agent may want texts sooner than the detector says "stop". */
static void where_no_time_is_left_nothing_is_asked(void)
{
	flow_open(&f, &flow_listener);
	f.agent->endpoint.stt_ms = 150;
	flow_says(&f, 0, 1500, "I need an appointment.");
	flow_run_to(&f, 5000);
	CHECK_INT(0, f.verdicts_asked);
	CHECK_NEAR(1850, f.requests[0].at_ms, 40);
	flow_close(&f);
}

static void an_agent_may_do_without_the_model(void)
{
	static const struct flow_opts without = {
		.agent = "{\"greeting\": null, \"turn_model\": false}",
		.eot = true,
	};

	flow_open(&f, &without);
	flow_says(&f, 0, 1500, "I would like to");
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.verdicts_asked + f.turns_begun);
	CHECK_NEAR(2500, f.requests[0].at_ms, 40);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_finished_sentence_need_not_be_waited_for),
	TEST(a_recogniser_that_has_decided_is_not_asked_again),
	TEST(it_may_decide_after_the_detector_s_stop),
	TEST(a_verdict_after_the_recogniser_s_deadline_is_too_late),
	TEST(a_late_no_does_not_put_off_a_finished_sentence),
	TEST(a_model_that_cannot_tell_leaves_it_to_the_text),
	TEST(against_a_finished_text_its_no_counts_for_less),
	TEST(speech_that_resumes_while_it_judges_is_judged_anew),
	TEST(without_a_place_in_the_queue_a_fixed_silence_ends_the_turn),
	TEST(an_empty_turn_does_not_wait_for_a_verdict_that_never_comes),
	TEST(where_no_time_is_left_nothing_is_asked),
	TEST(an_agent_may_do_without_the_model),
};

TEST_MAIN(tests)
