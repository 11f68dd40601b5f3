/*
 * Rows of the turn's rules that no other conversation visits: sounds that
 * meet an answer that ends, fails or has to go.
 */
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char long_text[] =
	"One two three four five six seven eight nine ten. Eleven twelve "
	"thirteen fourteen fifteen sixteen seventeen eighteen.";

/* A question, answered by @a from about 1,850 on; the recogniser never says
 * that it has decided, so that sounds stay undecided. */
static struct flow_answer *ask(const char *text)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
	f.opts.never_flushed = true;
	flow_sound(&f, 500, 1500);
	flow_final(&f, 1500, "Hello there.");
	return flow_answer_with(&f, text);
}

static void check_state(uint32_t at, const char *state)
{
	flow_run_to(&f, at);
	CHECK_STR(state, flow_state(&f));
}

/* Over when what there is to hear was heard, and the line was hung up. */
static void check_ends(uint32_t by_ms, uint32_t reply)
{
	flow_run_to(&f, by_ms);
	CHECK_INT(1, f.hangups);
	CHECK_INT(1, f.ended);
	CHECK(f.heard[reply].count > 0);
	CHECK(f.hangup_at >= f.heard[reply].last_ms);
	CHECK(f.hangup_at <= f.heard[reply].last_ms + 700);
	flow_close(&f);
}

static void a_bot_that_has_to_go_does_not_wait_for_the_end_of_a_turn(void)
{
	ask("Never.");
	f.agent->endpoint.short_ms = 3000;
	check_state(1900, "PAUSED");
	session_drain(f.session);
	check_state(2100, "ENDING");
	CHECK_INT(0, f.n_requests);
	check_ends(9000, 1);
}

static void a_noise_without_end_holds_a_new_reply_for_five_seconds(void)
{
	ask("Good morning.");
	flow_sound(&f, 1720, 60000);
	check_state(1930, "DOUBTING");
	flow_run_to(&f, 9000);
	CHECK_NEAR(6930, f.heard[1].first_ms, 100);
	flow_close(&f);
}

static void an_empty_answer_gives_the_floor_to_who_makes_a_sound(void)
{
	ask(NULL)->first_ms = 1000;
	flow_sound(&f, 1800, 4000);
	flow_final(&f, 4000, "Are you there?");
	check_state(2100, "DOUBTING");
	check_state(3500, "HEARING");
	flow_run_to(&f, 7000);
	CHECK(strstr(flow_chat(&f), "|callee: Are you there?|bot: Yes.") !=
	      NULL);
	flow_close(&f);
}

static void an_apology_is_held_by_a_noise_and_then_said(void)
{
	for (int i = 0; i < 2; i++) {
		if (i)
			flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
		else
			ask(NULL)->err = ERR_PROVIDER;
		f.answers[i].first_ms = 400;
	}
	flow_sound(&f, 1800, 3500);
	check_state(3400, "DOUBTING");
	flow_run_to(&f, 9000);
	CHECK(f.spoken[2] && strstr(f.spoken[2], "sorry") != NULL);
	CHECK(f.heard[2].first_ms > 3500);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void a_goodbye_is_not_held_by_a_noise(void)
{
	struct flow_answer *a = ask("Goodbye.");

	a->first_ms = 400;
	a->call = "end_call";
	a->args = "{}";
	flow_sound(&f, 1800, 60000);
	check_state(2200, "DOUBTING");
	check_ends(5000, 1);
}

static void a_bot_that_has_to_go_says_so_over_a_noise(void)
{
	ask("Never.")->first_ms = 5000;
	flow_sound(&f, 1800, 60000);
	check_state(2200, "DOUBTING");
	session_drain(f.session);
	flow_run_to(&f, 2300);
	CHECK(f.requests[0].closed_ms > 0);
	check_ends(9000, 2);
}

static void a_broken_answer_under_a_noise_is_apologised_for(void)
{
	ask("One two. Three")->err = ERR_PROVIDER;
	flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_run_to(&f, 2200);
	CHECK(f.heard[1].first_ms > 0);
	flow_sound(&f, f.heard[1].first_ms + 300, f.heard[1].first_ms + 760);
	check_state(f.heard[1].first_ms + 550, "OVERLAP");
	flow_run_to(&f, 9000);
	CHECK(f.heard[2].count > 0);
	CHECK(f.heard[2].first_ms > f.heard[1].first_ms + 760);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

/* A reply of which the model still has something to say when the sound that
 * begins at @from is there. */
static void slow_goodbye(uint32_t from, uint32_t to, const char *state)
{
	struct flow_answer *a = ask("One two three four. Five six seven eight. "
	                            "Nine ten eleven twelve.");

	a->token_ms = 150;
	a->call = "end_call";
	a->args = "{}";
	flow_sound(&f, from, to);
	/* The last of twelve tokens comes at 1,950 + 12 * 150. */
	check_state(3700, state);
	check_state(3850, "ENDING");
	flow_run_to(&f, 12000);
	CHECK_INT(12 * FLOW_WORD_MS, f.heard[1].next);
	CHECK_INT(0, f.heard[1].jumps);
	check_ends(12000, 1);
}

static void after_an_empty_answer_the_silence_counts(void)
{
	ask("");
	f.agent->idle_ms = 8000;
	flow_run_to(&f, 5000);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK_INT(0, f.hangups);
	check_ends(16000, 2);
}

static void the_model_s_goodbye_may_come_while_it_speaks(void)
{
	slow_goodbye(60000, 61000, "SPEAKING");
	CHECK_INT(0, f.clears);
}

static void the_model_s_goodbye_wins_over_a_short_sound(void)
{
	slow_goodbye(3450, 5000, "OVERLAP");
	CHECK_INT(0, f.clears);
}

static void the_model_s_goodbye_wins_over_a_long_sound(void)
{
	slow_goodbye(2900, 3950, "HELD");
}

static void the_model_s_goodbye_ends_the_wait_for_words(void)
{
	slow_goodbye(2700, 3400, "HELD_QUIET");
}

/* ... and the same when the bot has to go. */
static void has_to_go(uint32_t from, uint32_t to, const char *state)
{
	ask(long_text);
	flow_sound(&f, from, to);
	check_state(3700, state);
	session_drain(f.session);
	check_state(3750, "ENDING");
	flow_run_to(&f, 20000);
	CHECK_INT(18 * FLOW_WORD_MS, f.heard[1].next);
	check_ends(20000, 2);
}

static void a_short_sound_does_not_keep_a_bot_that_has_to_go(void)
{
	has_to_go(3450, 5000, "OVERLAP");
}

static void a_long_sound_does_not_keep_a_bot_that_has_to_go(void)
{
	has_to_go(2900, 3950, "HELD");
}

static void a_bot_that_has_to_go_does_not_wait_for_words(void)
{
	has_to_go(2700, 3400, "HELD_QUIET");
}

static void words_within_a_long_sound_end_the_held_reply(void)
{
	ask(long_text);
	flow_sound(&f, 2900, 4900);
	check_state(3700, "HELD");
	flow_interim(&f, 3800, "please");
	flow_final(&f, 4950, "please stop.");
	check_state(3850, "HEARING");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_chat(&f), "|callee: please stop.|bot: Yes.") != NULL);
	flow_close(&f);
}

static void a_second_sound_prolongs_the_wait_for_words(void)
{
	ask(long_text);
	flow_sound(&f, 2900, 3700);
	flow_sound(&f, 4800, 6400);
	check_state(4700, "HELD_QUIET");
	check_state(5300, "HELD");
	/* The first one's is over, and has ended nothing. */
	check_state(6300, "HELD");
	check_state(8400, "HELD_QUIET");
	check_state(8800, "SPEAKING");
	flow_run_to(&f, 15000);
	CHECK_INT(18 * FLOW_WORD_MS, f.heard[1].next);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_bot_that_has_to_go_does_not_wait_for_the_end_of_a_turn),
	TEST(a_noise_without_end_holds_a_new_reply_for_five_seconds),
	TEST(an_empty_answer_gives_the_floor_to_who_makes_a_sound),
	TEST(an_apology_is_held_by_a_noise_and_then_said),
	TEST(a_goodbye_is_not_held_by_a_noise),
	TEST(a_bot_that_has_to_go_says_so_over_a_noise),
	TEST(a_broken_answer_under_a_noise_is_apologised_for),
	TEST(after_an_empty_answer_the_silence_counts),
	TEST(the_model_s_goodbye_may_come_while_it_speaks),
	TEST(the_model_s_goodbye_wins_over_a_short_sound),
	TEST(the_model_s_goodbye_wins_over_a_long_sound),
	TEST(the_model_s_goodbye_ends_the_wait_for_words),
	TEST(a_short_sound_does_not_keep_a_bot_that_has_to_go),
	TEST(a_long_sound_does_not_keep_a_bot_that_has_to_go),
	TEST(a_bot_that_has_to_go_does_not_wait_for_words),
	TEST(words_within_a_long_sound_end_the_held_reply),
	TEST(a_second_sound_prolongs_the_wait_for_words),
};

TEST_MAIN(tests)
