/*
 * Packets that come late, and then many at once; and a recogniser's end of
 * speech, which is not the end of what is being said. FLOW_LOG=1 prints steps.
 */
#include "bot/provider/stt.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static void open_late(uint32_t from, uint32_t to)
{
	static struct flow_opts opts;

	opts.agent = flow_plain_agent;
	flow_open(&f, &opts);
	f.media_late_from = from;
	f.media_late_to = to;
}

/* A sentence with a pause, which lasts until the recogniser says so. */
static void one_sentence(uint32_t late_from, uint32_t late_to)
{
	open_late(late_from, late_to);
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1600, "I would like to");
	flow_silence(&f, 1600, 1600);
	flow_sound(&f, 2250, 3300);
	flow_final(&f, 3600, "book a table.");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("callee: I would like to book a table.", flow_asked(&f, 0));
	flow_close(&f);
}

static void what_is_on_its_way_still_belongs_to_the_turn(void)
{
	one_sentence(0, 0);
	one_sentence(2200, 2590);
	one_sentence(1900, 2640);
	/* The detector's "stop" comes late, too. */
	one_sentence(1560, 2300);
}

/* What is due when nothing comes any more is not put off for long. */
static void a_line_that_stalls_keeps_the_answer_for_less_than_half_a_second(
	void)
{
	open_late(0, 0);
	f.media_gap_from = 2100;
	f.media_gap_to = 6000;
	flow_sound(&f, 0, 1500);
	flow_final(&f, 1600, "I would like to");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.n_requests);
	CHECK_NEAR(2500 + 400, f.requests[0].at_ms, 40);
	flow_close(&f);
}

/* Two packets together are what every line has. */
static void a_line_that_jitters_keeps_nothing(void)
{
	uint32_t at[2];

	for (int i = 0; i < 2; i++) {
		open_late(i ? 2450 : 0, i ? 2495 : 0);
		flow_sound(&f, 0, 1500);
		flow_final(&f, 1600, "I would like to");
		flow_run_to(&f, 9000);
		CHECK_INT(1, f.n_requests);
		at[i] = f.requests[0].at_ms;
		flow_close(&f);
	}
	CHECK_INT(at[0], at[1]);
}

/* It has heard a pause, and says so when a short word has followed it. */
static void an_end_of_speech_says_nothing_of_the_word_behind_it(void)
{
	for (int i = 0; i < 2; i++) {
		flow_open(&f, &flow_listener);
		f.opts.flush_ms = 110;
		flow_sound(&f, 0, 1500);
		flow_final(&f, 1740, "I need a table.");
		flow_silence(&f, 1740, i ? 1600 : 0);
		flow_sound(&f, 1620, 1720);
		if (i)
			flow_final(&f, UINT32_MAX, "Please.");
		flow_run_to(&f, 5000);
		CHECK_INT(1, f.n_requests);
		CHECK_STR(i ? "callee: I need a table. Please."
		            : "callee: I need a table.",
		          flow_asked(&f, 0));
		/* Known by the detector's "stop" and the listener's answer, or
		 * asked for then. */
		CHECK_NEAR(i ? 1920 + 110 : 1920 + 80, f.requests[0].at_ms, 40);
		flow_close(&f);
	}
}

/* Nor does the recogniser's clock begin with the call's when it was lost. */
static void a_second_recogniser_s_places_are_its_own(void)
{
	flow_open(&f, &flow_listener);
	f.opts.never_flushed = true;
	flow_stt_fails(&f, 1000, -1);
	flow_sound(&f, 2000, 3500);
	flow_final(&f, 3600, "I need a table.");
	flow_silence(&f, 3600, 3600);
	flow_run_to(&f, 8000);
	CHECK_INT(2, f.stt_opens);
	CHECK_INT(1, f.n_requests);
	CHECK_NEAR(3700 + 80, f.requests[0].at_ms, 40);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(what_is_on_its_way_still_belongs_to_the_turn),
	TEST(a_line_that_stalls_keeps_the_answer_for_less_than_half_a_second),
	TEST(a_line_that_jitters_keeps_nothing),
	TEST(an_end_of_speech_says_nothing_of_the_word_behind_it),
	TEST(a_second_recogniser_s_places_are_its_own),
};

TEST_MAIN(tests)
