/*
 * From the model's text to the voice and back into the history; tools; and
 * what the callee hears when something behind the bot fails. Numbers in
 * brackets are those of the list in README.md.
 */
#include <errno.h>
#include <stdio.h>

#include "bot/tools.h"
#include "common/err.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static void open_asked(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
	flow_says(&f, 500, 1500, "Hello there.");
}

/* [37] */
static void the_pieces_are_the_same_however_the_tokens_come(void)
{
	for (uint32_t token_ms = 0; token_ms <= 60; token_ms += 60) {
		open_asked();
		flow_answer_with(&f, "It costs $29.95. Mr. Smith will call! "
		                     "Is that all right?! **Great** \xf0\x9f"
		                     "\x98\x80")
			->token_ms = token_ms;
		flow_run_to(&f, 12000);
		CHECK_STR("It costs twenty-nine dollars and ninety-five cents."
		          "|Mr. Smith will call!|Is that all right?!|Great",
		          f.spoken[1]);
		flow_close(&f);
	}
}

/* [37] */
static void a_long_first_sentence_does_not_wait_for_its_end(void)
{
	open_asked();
	flow_answer_with(&f, "I have looked through all of the appointments "
	                     "that are still free this week and the next")
		->token_ms = 120;
	flow_run_to(&f, 15000);
	/* 40 characters take 8 tokens, 300 more is the longest wait. */
	CHECK(f.piece_at[1] <= f.requests[0].at_ms + 100 + 8 * 120 + 320);
	CHECK_INT(17 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].jumps + f.heard[1].again);
	flow_close(&f);
}

/* [38] */
static void three_sentences_are_one_reply(void)
{
	open_asked();
	flow_answer_with(&f, "One one. Two two. Three three.")->token_ms = 50;
	flow_run_to(&f, 9000);
	CHECK_INT(3, f.pieces[1]);
	CHECK(f.finished[1]);
	CHECK_INT(6 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].jumps + f.heard[1].again);
	CHECK_STR("callee: Hello there.|bot: One one. Two two. Three three.",
	          flow_chat(&f));
	CHECK(strstr(buf_str(&f.events), "\"role\":\"bot\"") ==
	      strstr(buf_str(&f.events), "\"role\":\"bot\",\"text\":\"One one. "
	                                 "Two two. Three three.\""));
	flow_close(&f);
}

static void a_long_answer_is_given_to_the_voice_as_it_is_heard(void)
{
	static char text[8000];
	size_t n = 0;

	for (int i = 0; i < 400; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sw%c%c%s",
		                      i ? " " : "", 'a' + i / 26, 'a' + i % 26,
		                      i % 10 == 9 ? "." : " and");
	open_asked();
	flow_answer(&f, text);
	flow_run_to(&f, 2500);
	CHECK(f.pieces[1] < 20);
	flow_run_to(&f, 300000);
	CHECK_INT(760 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.heard[1].jumps + f.heard[1].again);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

/* [38] */
static void sound_of_an_earlier_reply_is_never_mixed_into_a_later_one(void)
{
	uint32_t from;

	open_asked();
	flow_answer(&f, "One two three four five six seven eight nine ten.");
	flow_run_to(&f, 2600);
	flow_interim(&f, 2700, "stop");
	flow_final(&f, 2800, "stop it.");
	flow_answer(&f, "Right away then.");
	flow_run_to(&f, 9000);
	from = f.heard[2].first_ms;
	CHECK(f.heard[1].last_ms < from);
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

/* ---- tools ------------------------------------------------------------------ */

static unsigned runs;

static int look_up(const struct tool *tool, struct str args, struct buf *result)
{
	(void)tool;
	(void)args;
	runs++;
	return buf_adds(result, "{\"free\":true}");
}

static const struct tool tool_look_up = {
	.name = "look_up",
	.description = "Is it free?",
	.parameters = "{}",
	.effect = TOOL_GO_ON,
	.run = look_up,
};

static void open_with_tool(void)
{
	open_asked();
	f.agent->tools[f.agent->n_tools++] = &tool_look_up;
	runs = 0;
}

/* [39] */
static void two_calls_are_answered_by_one_more_request(void)
{
	struct flow_answer *a;

	open_with_tool();
	a = flow_answer_with(&f, NULL);
	a->call = a->call2 = "look_up";
	a->args = a->args2 = "{}";
	flow_answer(&f, "It is free.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, runs);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: Hello there.|bot: [look_up c1]|tool: "
	          "{\"free\":true}|bot: [look_up c2]|tool: {\"free\":true}",
	          flow_asked(&f, 1));
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[1].count);
	flow_close(&f);
}

/* [39] */
static void text_before_a_call_is_heard_before_the_model_goes_on(void)
{
	struct flow_answer *a;

	open_with_tool();
	a = flow_answer_with(&f, "Let me see.");
	a->call = "look_up";
	a->args = "{}";
	flow_answer(&f, "It is free.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK(f.requests[1].at_ms >= f.heard[1].last_ms);
	CHECK(strstr(flow_asked(&f, 1), "|bot: Let me see.") != NULL);
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

/* [39] */
static void a_result_that_lands_while_the_callee_makes_a_noise_is_used(void)
{
	struct flow_answer *a;

	open_with_tool();
	a = flow_answer_with(&f, "Let me see for you.");
	a->call = "look_up";
	a->args = "{}";
	flow_answer(&f, "It is free.");
	flow_run_to(&f, 2300);
	flow_sound(&f, f.heard[1].first_ms + 1200,
	           f.heard[1].first_ms + 1800); /* over its end */
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.n_requests);
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	flow_close(&f);
}

/* [39] */
static void calls_of_an_interrupted_answer_do_not_run(void)
{
	struct flow_answer *a;

	open_with_tool();
	a = flow_answer_with(&f, "One moment please. I will have a look at it "
	                         "for you now.");
	a->token_ms = 200;
	a->call = "look_up";
	a->args = "{}";
	flow_run_to(&f, 3400);
	flow_interim(&f, 3500, "stop");
	flow_final(&f, 3600, "stop it.");
	flow_run_to(&f, 9000);
	CHECK_INT(0, runs);
	CHECK(strstr(flow_chat(&f), "tool:") == NULL);
	flow_close(&f);
}

/* [39] */
static void arguments_that_do_not_parse_are_told_to_the_model(void)
{
	struct flow_answer *a;

	open_with_tool();
	a = flow_answer_with(&f, NULL);
	a->call = "look_up";
	a->args = "{\"a\":";
	flow_answer(&f, "Once more.");
	flow_run_to(&f, 9000);
	CHECK_INT(0, runs);
	CHECK(strstr(flow_asked(&f, 1), "tool: {\"error\":") != NULL);
	CHECK_INT(2, f.n_requests);
	flow_close(&f);
}

static void a_model_that_only_calls_tools_comes_to_an_end(void)
{
	open_with_tool();
	for (int i = 0; i < 10; i++) {
		struct flow_answer *a = flow_answer_with(&f, NULL);

		a->call = "look_up";
		a->args = "{}";
	}
	flow_run_to(&f, 9000);
	CHECK(f.n_requests <= 5);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void a_goodbye_without_words_hangs_up_at_once(void)
{
	struct flow_answer *a;

	open_asked();
	a = flow_answer_with(&f, NULL);
	a->call = "end_call";
	a->args = "";
	flow_run_to(&f, 4000);
	CHECK_INT(1, f.hangups);
	CHECK_INT(1, f.ended);
	flow_close(&f);
}

/* ---- failures ------------------------------------------------------------------ */

/* [40a] */
static void a_model_that_fails_once_is_asked_again(void)
{
	open_asked();
	flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_answer(&f, "Good morning.");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: Hello there.|bot: Good morning.", flow_chat(&f));
	flow_close(&f);
}

/* [40a] */
static void a_model_that_fails_is_apologised_for_and_then_the_call_ends(void)
{
	open_asked();
	for (int i = 0; i < 8; i++)
		flow_answer_with(&f, NULL)->err = ERR_PROVIDER;
	flow_run_to(&f, 7000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("I'm sorry, I did not get that.|Could you say it again?",
	          f.spoken[2]);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_says(&f, 9000, 10000, "I said hello.");
	flow_run_to(&f, 25000);
	CHECK_INT(4, f.n_requests);
	CHECK(f.spoken[4] && strstr(f.spoken[4], "Goodbye.") != NULL);
	CHECK_INT(1, f.hangups);
	CHECK(f.hangup_at > f.heard[4].last_ms);
	flow_close(&f);
}

/* [40a] */
static void an_answer_that_breaks_off_is_said_as_far_as_it_goes(void)
{
	open_asked();
	flow_answer_with(&f, "One two. Three four")->err = -ETIMEDOUT;
	flow_answer_with(&f, NULL)->err = -ETIMEDOUT;
	flow_run_to(&f, 12000);
	CHECK_STR("One two.", f.spoken[1]);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(f.spoken[2] && strstr(f.spoken[2], "sorry") != NULL);
	CHECK_STR("LISTENING", flow_state(&f));
	CHECK(strstr(flow_chat(&f), "|bot: One two.|bot: I'm sorry"));
	flow_close(&f);
}

/* [40b] */
static void a_lost_voice_goes_on_where_it_stopped(void)
{
	open_asked();
	flow_answer_with(&f, "One two. Three four. Five six.")->token_ms = 200;
	f.tts_fail_after = 2;
	f.tts_fail_err = ERR_EOF;
	flow_run_to(&f, 12000);
	CHECK_INT(2, f.tts_opens);
	CHECK_INT(6 * FLOW_WORD_MS, f.heard[1].next);
	CHECK_INT(0, f.heard[1].again);
	CHECK_STR("callee: Hello there.|bot: One two. Three four. Five six.",
	          flow_chat(&f));
	flow_close(&f);
}

/* [40c] */
static void a_lost_recogniser_is_opened_again(void)
{
	open_asked();
	flow_stt_fails(&f, 300, ERR_EOF);
	flow_run_to(&f, 4000);
	CHECK_INT(2, f.stt_opens);
	CHECK_INT(1, f.n_requests);
	CHECK_INT(0, f.ended);
	flow_close(&f);
}

/* [40d] */
static void refused_credentials_end_the_call_with_a_goodbye(void)
{
	open_asked();
	flow_answer_with(&f, NULL)->err = ERR_AUTH;
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.n_requests);
	CHECK(f.spoken[2] && strstr(f.spoken[2], "Goodbye.") != NULL);
	CHECK_INT(1, f.hangups);
	flow_close(&f);

	open_asked();
	flow_stt_fails(&f, 300, ERR_AUTH);
	flow_run_to(&f, 12000);
	CHECK_INT(1, f.stt_opens);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

/* [40d] */
static void without_a_voice_the_call_ends(void)
{
	open_asked();
	flow_answer(&f, "Good morning.");
	f.tts_reply_fails = true;
	flow_run_to(&f, 30000);
	CHECK_INT(1, f.ended);
	CHECK_INT(1, f.hangups);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(the_pieces_are_the_same_however_the_tokens_come),
	TEST(a_long_first_sentence_does_not_wait_for_its_end),
	TEST(three_sentences_are_one_reply),
	TEST(a_long_answer_is_given_to_the_voice_as_it_is_heard),
	TEST(sound_of_an_earlier_reply_is_never_mixed_into_a_later_one),
	TEST(two_calls_are_answered_by_one_more_request),
	TEST(text_before_a_call_is_heard_before_the_model_goes_on),
	TEST(a_result_that_lands_while_the_callee_makes_a_noise_is_used),
	TEST(calls_of_an_interrupted_answer_do_not_run),
	TEST(arguments_that_do_not_parse_are_told_to_the_model),
	TEST(a_model_that_only_calls_tools_comes_to_an_end),
	TEST(a_goodbye_without_words_hangs_up_at_once),
	TEST(a_model_that_fails_once_is_asked_again),
	TEST(a_model_that_fails_is_apologised_for_and_then_the_call_ends),
	TEST(an_answer_that_breaks_off_is_said_as_far_as_it_goes),
	TEST(a_lost_voice_goes_on_where_it_stopped),
	TEST(a_lost_recogniser_is_opened_again),
	TEST(refused_credentials_end_the_call_with_a_goodbye),
	TEST(without_a_voice_the_call_ends),
};

TEST_MAIN(tests)
