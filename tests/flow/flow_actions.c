/*
 * Actions of the turn's rules that no other conversation would miss: each of
 * these is another when one action of one row is taken out (mutate.sh). Which
 * actions nobody can miss, and why, is at the end of README.md.
 */
#include <string.h>

#include "bot/provider/stt.h"
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char prompting[] =
	"{\"greeting\":null,\"idle\":{\"after_sec\":2,\"prompts\":[\"Are you "
	"still there?\"]}}";

/* A question until 1,500, answered by @a from about 1,850 on. */
static struct flow_answer *ask(const char *agent, const char *text)
{
	static struct flow_opts opts;

	opts.agent = agent;
	flow_open(&f, &opts);
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

/* LISTENING, QUIET: the silence is over, and does not end the call later. */
static void a_result_ends_the_wait_for_somebody_to_speak(void)
{
	static const char agent[] =
		"{\"greeting\":null,\"tools\":[{\"name\":\"book\","
		"\"description\":\"Book.\",\"filler\":\"One moment.\","
		"\"http\":{\"method\":\"GET\",\"url\":\"https://"
		"api.example.com/\"}}]}";
	struct flow_answer *a = ask(agent, NULL);

	a->call = "book";
	a->args = "{}";
	f.agent->idle_ms = 2500;
	flow_http(&f, 2800, 200, "{}");
	flow_answer_with(&f, "It is done.")->first_ms = 1000;
	check_state(4600, "LISTENING");
	check_state(5400, "THINKING");
	flow_run_to(&f, 8500);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(0, f.hangups);
	CHECK(strstr(flow_chat(&f), "|bot: It is done.") != NULL);
	flow_close(&f);
}

/* PAUSED, WORDS: what was begun without them is withdrawn. */
static void more_words_in_the_pause_withdraw_what_was_begun(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .preempt = true});
	f.opts.never_flushed = true;
	flow_answer(&f, "We open at nine.");
	flow_answer(&f, "At nine, in Main Street.");
	flow_sound(&f, 1000, 2060);
	flow_final(&f, 2270, "When do you open?");
	flow_silence(&f, 2270, 2270);
	flow_final(&f, 2350, "And where?");
	check_state(2290, "PAUSED");
	CHECK_INT(1, f.n_requests);
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: When do you open? And where?|bot: At nine, in Main "
	          "Street.",
	          flow_chat(&f));
	flow_close(&f);
}

/* PAUSED, FAILED: the watchdog of the pause is not that of the next turn. */
static void after_an_apology_the_callee_may_speak_for_long(void)
{
	flow_open(
		&f,
		&(struct flow_opts){
			.agent = "{\"greeting\":null,\"apology\":\"Pardon?\"}",
			.never_flushed = true});
	flow_sound(&f, 1000, 2000);
	flow_stt(&f, 1500, STT_AWAY, NULL);
	flow_stt(&f, 4000, STT_READY, NULL);
	flow_sound(&f, 6500, 9500);
	flow_final(&f, 7050, "I would need");
	flow_final(&f, 9600, "an appointment.");
	check_state(2300, "PAUSED");
	check_state(4000, "SPEAKING");
	check_state(7100, "HEARING");
	check_state(9400, "HEARING");
	flow_run_to(&f, 15000);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(flow_asked(&f, 0),
	             "callee: I would need an appointment.") != NULL);
	flow_close(&f);
}

/* THINKING, LEAVE: nobody goes on to speak for nobody. */
static void a_bot_that_has_to_go_stops_the_voice_of_its_answer(void)
{
	ask(flow_plain_agent, "One two three four.");
	f.opts.voice_ms = 1500;
	check_state(2500, "THINKING");
	CHECK(f.spoken[1] != NULL);
	session_drain(f.session);
	flow_run_to(&f, 2600);
	CHECK_INT(1, f.cancels);
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.heard[1].count);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* DOUBTING, LEAVE: what a noise has held back is not said any more. */
static void a_bot_that_has_to_go_does_not_say_what_was_held(void)
{
	ask(flow_plain_agent, "One two three.");
	flow_sound(&f, 1720, 60000);
	check_state(2500, "DOUBTING");
	CHECK(f.made_ms[1] > 0);
	session_drain(f.session);
	flow_run_to(&f, 9000);
	CHECK_INT(0, f.heard[1].count);
	CHECK(f.heard[2].count > 0);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* DOUBTING, NOTHING and WORDS: what held the answer does not hold the next
 * thing to be said, which is a prompt. */
static void what_held_an_answer_does_not_hold_the_next_prompt(void)
{
	for (int words = 0; words < 2; words++) {
		ask(prompting, NULL)->first_ms = 1000;
		f.agent->prompt_ms = 2000;
		f.agent->endpoint.watchdog_ms = 1000;
		flow_sound(&f, 1720, 3600);
		if (words)
			flow_interim(&f, 2200, "there was");
		check_state(2100, "DOUBTING");
		check_state(3500, "HEARING");
		check_state(4600, "PAUSED");
		check_state(5500, "LISTENING");
		flow_run_to(&f, 9000);
		CHECK_INT(1, f.n_requests);
		CHECK_STR("callee: Hello there.|bot: Are you still there?",
		          flow_chat(&f));
		flow_close(&f);
	}
}

/* DOUBTING, NOTHING and OVERLAP, PLAYED: the voice that goes on is a turn's,
 * which ends by its silence. */
static void who_goes_on_speaking_has_a_turn_that_ends_by_silence(void)
{
	for (int over = 0; over < 2; over++) {
		struct flow_answer *a =
			ask(flow_plain_agent, over ? "One two three." : NULL);

		a->first_ms = over ? 100 : 1000;
		flow_sound(&f, over ? 2500 : 1800, 4000);
		flow_final(&f, 4000, "Are you there?");
		check_state(over ? 2800 : 2500, over ? "OVERLAP" : "DOUBTING");
		check_state(3500, "HEARING");
		flow_run_to(&f, 7000);
		CHECK_INT(2, f.n_requests);
		CHECK_NEAR(4000 + 350, f.requests[1].at_ms, 40);
		flow_close(&f);
	}
}

/* SPEAKING, WORDS: a turn begins with them, though no voice was heard. */
static void words_without_a_voice_over_a_reply_begin_a_turn(void)
{
	ask(flow_plain_agent, "One two three four five six seven eight.");
	flow_final(&f, 3000, "No, stop please.");
	check_state(2990, "SPEAKING");
	check_state(3010, "PAUSED");
	flow_run_to(&f, 9000);
	CHECK(strstr(flow_chat(&f), "|callee: No, stop please.|bot: Yes.") !=
	      NULL);
	CHECK(strstr(buf_str(&f.events), "\"at_ms\":3000") != NULL);
	flow_close(&f);
}

/* OVERLAP, FAILED: a noise without end does not hold the apology for good. */
static void a_noise_without_end_holds_an_apology_for_five_seconds(void)
{
	uint32_t from;

	ask(flow_plain_agent, "One two. Three")->err = ERR_PROVIDER;
	flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_run_to(&f, 2200);
	from = f.heard[1].first_ms + 300;
	flow_sound(&f, from, 60000);
	check_state(from + 250, "OVERLAP");
	check_state(from + 2000, "DOUBTING");
	flow_run_to(&f, 12000);
	CHECK_NEAR(from + 5500, f.heard[2].first_ms, 700);
	flow_close(&f);
}

/* STANDBY, PERSON: where nobody comes behind a menu the call ends. */
static void nobody_behind_a_menu_is_not_waited_for_for_good(void)
{
	flow_open(&f, &(struct flow_opts){
			      .agent = "{\"greeting\":\"Hello.\",\"machine\":{"
				       "\"menu\":{\"reception\":\"1\"}}}"});
	f.agent->idle_ms = 6000;
	flow_sound(&f, 400, 3400);
	flow_interim(&f, 900, "Welcome");
	flow_final(&f, 2400, "Welcome. For reception, press one.");
	flow_final(&f, 3690, "For help,");
	flow_flushed(&f, 3690);
	check_state(6000, "LISTENING");
	CHECK_INT(0, f.hangups);
	flow_run_to(&f, 20000);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_result_ends_the_wait_for_somebody_to_speak),
	TEST(more_words_in_the_pause_withdraw_what_was_begun),
	TEST(after_an_apology_the_callee_may_speak_for_long),
	TEST(a_bot_that_has_to_go_stops_the_voice_of_its_answer),
	TEST(a_bot_that_has_to_go_does_not_say_what_was_held),
	TEST(what_held_an_answer_does_not_hold_the_next_prompt),
	TEST(who_goes_on_speaking_has_a_turn_that_ends_by_silence),
	TEST(words_without_a_voice_over_a_reply_begin_a_turn),
	TEST(a_noise_without_end_holds_an_apology_for_five_seconds),
	TEST(nobody_behind_a_menu_is_not_waited_for_for_good),
};

TEST_MAIN(tests)
