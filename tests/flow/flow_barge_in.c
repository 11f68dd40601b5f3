/*
 * Who has the floor: interruptions, noises, and what of a reply was heard.
 * Numbers in brackets are those of the list in README.md.
 */
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char long_text[] =
	"One two three four five six seven eight nine ten eleven twelve "
	"thirteen fourteen fifteen sixteen seventeen eighteen.";
enum { LONG_MS = 18 * FLOW_WORD_MS };

/* A call in which the bot begins a long reply at about 2,100. */
static void open_long(const char *agent)
{
	const struct flow_opts opts = {.agent = agent};

	flow_open(&f, &opts);
	flow_says(&f, 500, 1500, "Hello there.");
	flow_answer(&f, long_text);
	flow_run_to(&f, 2300);
	CHECK_STR("SPEAKING", flow_state(&f));
}

static uint32_t begins(void)
{
	flow_run_to(&f, 2400);
	CHECK(f.heard[1].first_ms > 0);
	return f.heard[1].first_ms;
}

/* [27, 28] */
static void what_was_heard_is_what_was_said(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_interim(&f, t0 + 1100, "wait");
	flow_final(&f, t0 + 1900, "wait a moment.");
	flow_answer(&f, "Yes?");
	flow_run_to(&f, 9000);
	CHECK(strstr(flow_chat(&f), "|bot! One two three four|callee: wait a "
	                            "moment.|bot: Yes?") != NULL);
	CHECK_STR("callee: Hello there.|bot: One two three four \xe2\x80\x94|"
	          "callee: wait a moment.",
	          flow_asked(&f, 1));
	CHECK_INT(1, f.clears);
	CHECK(f.clear_at <= t0 + 1120);
	CHECK(f.heard[1].last_ms <= t0 + 1100);
	CHECK(strstr(buf_str(&f.events),
	             "\"text\":\"One two three four\",\"heard_ms\":1") != NULL);
	CHECK(strstr(buf_str(&f.events), "\"interrupted\":true") != NULL);
	flow_close(&f);
}

/* [7] */
static void nothing_of_an_interrupted_reply_is_left_for_the_next_one(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_interim(&f, t0 + 610, "no");
	flow_final(&f, t0 + 900, "no.");
	flow_answer(&f, "All right then.");
	flow_run_to(&f, t0 + 9000);
	CHECK_INT(1, f.clears);
	CHECK(f.clear_at <= t0 + 630);
	CHECK(f.heard[1].last_ms <= t0 + 630);
	CHECK_INT(0, f.heard[2].again + f.heard[2].jumps);
	CHECK_INT(3 * FLOW_WORD_MS, f.heard[2].count);
	/* The next reply begins at once: model and voice take 200. */
	CHECK_NEAR(f.requests[1].at_ms + 200, f.sent_first[2], 2);
	flow_close(&f);
}

/* [29] */
static void speech_before_the_reply_is_heard_silences_it_for_good(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent,
	                                  .voice_ms = 900});
	flow_says(&f, 500, 1500, "Hello there.");
	flow_answer_with(&f, "This will never be heard. Nor this.")->token_ms =
		100;
	flow_says(&f, 2000, 3200, "And another thing.");
	flow_answer(&f, "Yes?");
	flow_run_to(&f, 9000);
	CHECK_INT(2, f.n_requests);
	CHECK_STR("callee: Hello there.|callee: And another thing.",
	          flow_asked(&f, 1));
	CHECK_INT(0, f.heard[1].count);
	CHECK_INT(0, f.clears);
	CHECK_STR("callee: Hello there.|callee: And another thing.|bot: Yes?",
	          flow_chat(&f));
	flow_close(&f);
}

/* [29], the model is still at it */
static void speech_while_the_model_answers_closes_the_request(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
	flow_says(&f, 500, 1500, "Hello there.");
	flow_answer_with(&f, "Never.")->first_ms = 5000;
	flow_says(&f, 2000, 3200, "And another thing.");
	flow_run_to(&f, 9000);
	CHECK_NEAR(2350, f.requests[0].closed_ms, 5); /* the first word */
	CHECK_INT(0, f.pieces[1]);
	CHECK_INT(2, f.n_requests);
	flow_close(&f);
}

/* [30] */
static void a_short_noise_does_not_stop_the_bot(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 1300);
	flow_run_to(&f, t0 + LONG_MS + 500);
	CHECK_INT(0, f.clears);
	CHECK_INT(LONG_MS, f.heard[1].count);
	CHECK_INT(LONG_MS - 1, f.heard[1].last_ms - f.heard[1].first_ms);
	CHECK_INT(1, f.n_requests);
	CHECK_STR("LISTENING", flow_state(&f));
	flow_close(&f);
}

static void half_a_second_of_speech_stops_the_bot_within_a_quarter(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 3000);
	flow_run_to(&f, t0 + 2900);
	CHECK_INT(1, f.clears);
	CHECK(f.clear_at >= t0 + 1500);
	CHECK(f.heard[1].last_ms <= t0 + 1750);
	flow_close(&f);
}

/* The net takes the beginning for a voice, loses it and is sure late. */
static void a_soft_beginning_counts_when_the_voice_is_sure(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 1130);
	flow_sound(&f, t0 + 1400, t0 + 3000);
	flow_run_to(&f, t0 + 2900);
	CHECK_INT(1, f.clears);
	CHECK(f.clear_at >= t0 + 1500);
	CHECK(f.heard[1].last_ms <= t0 + 1750);
	flow_close(&f);
}

static void a_sound_long_before_the_voice_does_not_count(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 1130);
	flow_sound(&f, t0 + 1600, t0 + 3000);
	flow_run_to(&f, t0 + 2900);
	CHECK_INT(1, f.clears);
	CHECK(f.clear_at >= t0 + 2100);
	flow_close(&f);
}

/* [31] */
static void a_long_noise_pauses_the_reply_and_it_goes_on_where_it_was(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	f.opts.never_flushed = true;
	flow_sound(&f, t0 + 1000, t0 + 1800);
	flow_run_to(&f, t0 + 3500);
	CHECK_STR("HELD_QUIET", flow_state(&f));
	CHECK(f.heard[1].last_ms <= t0 + 1600);
	flow_run_to(&f, t0 + LONG_MS + 5000);
	CHECK_INT(1, f.clears);
	CHECK_INT(0, f.heard[1].jumps);
	CHECK(f.heard[1].again <= 100);
	CHECK_INT(LONG_MS, f.heard[1].next);
	CHECK_NEAR(LONG_MS + 2450, f.heard[1].last_ms - f.heard[1].first_ms,
	           150);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(flow_chat(&f), "eighteen.") != NULL);
	CHECK(strstr(flow_chat(&f), "bot!") == NULL);
	flow_close(&f);
}

/* [31] */
static void words_after_the_noise_make_it_an_interruption(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	f.opts.never_flushed = true;
	flow_sound(&f, t0 + 1000, t0 + 1800);
	flow_final(&f, t0 + 2700, "stop it");
	flow_run_to(&f, t0 + 9000);
	CHECK(strstr(flow_chat(&f), "bot! One two three four five|callee: "
	                            "stop it|bot: Yes.") != NULL);
	CHECK_INT(2, f.n_requests);
	CHECK_NEAR(t0 + 2700, f.requests[1].at_ms, 20);
	CHECK(f.heard[1].last_ms < t0 + 1700);
	flow_close(&f);
}

/* [32] */
static void a_noise_while_thinking_only_holds_the_reply(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
	f.opts.never_flushed = true;
	flow_sound(&f, 500, 1500);
	flow_final(&f, 1500, "Hello there.");
	flow_answer_with(&f, "Good morning.")->first_ms = 500;
	flow_sound(&f, 2050, 3000);
	flow_run_to(&f, 3100);
	CHECK_STR("DOUBTING", flow_state(&f));
	CHECK_INT(0, f.heard[1].count);
	flow_run_to(&f, 6000);
	CHECK_NEAR(3200, f.heard[1].first_ms, 40);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.n_requests);
	flow_close(&f);
}

/* [32], a noise that never ends */
static void a_noise_without_end_does_not_hold_the_reply_for_good(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 60000);
	flow_run_to(&f, t0 + 20000);
	CHECK_INT(LONG_MS, f.heard[1].next);
	flow_close(&f);
}

/* [33] */
static void a_held_reply_is_not_heard_after_the_end(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	f.opts.never_flushed = true;
	flow_sound(&f, t0 + 1000, t0 + 1800);
	flow_run_to(&f, t0 + 2500);
	CHECK_STR("HELD_QUIET", flow_state(&f));
	flow_stop(&f);
	flow_run_to(&f, t0 + 9000);
	CHECK_INT(1, f.ended);
	CHECK_INT(0, f.sends_after_end);
	CHECK(f.heard[1].last_ms < t0 + 1700);
	flow_close(&f);
}

static const char three_words[] =
	"{\"greeting\":null,\"min_words\":3,\"instructions\":\"Be kind.\"}";

/* [34] */
static void only_the_third_word_stops_the_bot_where_three_are_asked_for(void)
{
	uint32_t t0;

	open_long(three_words);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 2500);
	flow_interim(&f, t0 + 1300, "wait");
	flow_interim(&f, t0 + 1700, "wait stop");
	flow_run_to(&f, t0 + 2100);
	CHECK_INT(0, f.clears);
	flow_interim(&f, t0 + 2200, "wait stop please");
	flow_final(&f, t0 + 2600, "wait stop please");
	flow_run_to(&f, t0 + 6000);
	CHECK_NEAR(t0 + 2200, f.clear_at, 2);
	CHECK(strstr(flow_chat(&f), "|callee: wait stop please|") != NULL);
	flow_close(&f);
}

/* [34] */
static void too_few_words_are_forgotten(void)
{
	uint32_t t0;

	open_long(three_words);
	t0 = begins();
	flow_sound(&f, t0 + 1000, t0 + 1600);
	flow_final(&f, t0 + 1900, "wait stop");
	flow_run_to(&f, t0 + 7000);
	flow_says(&f, t0 + 8000, t0 + 9000, "Yes.");
	flow_run_to(&f, t0 + 12000);
	CHECK_INT(0, f.clears);
	CHECK(strstr(flow_chat(&f), "eighteen.|callee: Yes.|") != NULL);
	flow_close(&f);
}

/* [35] */
static void a_nod_does_not_stop_the_bot_in_mid_sentence(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + 2000, t0 + 2400);
	flow_interim(&f, t0 + 2300, "uh-huh");
	flow_final(&f, t0 + 2700, "Uh-huh.");
	flow_run_to(&f, t0 + LONG_MS + 1000);
	CHECK_INT(0, f.clears);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(flow_chat(&f), "huh") == NULL);
	flow_close(&f);
}

/* [35] */
static void a_nod_at_the_end_of_a_reply_is_an_answer(void)
{
	uint32_t t0;

	open_long(flow_plain_agent);
	t0 = begins();
	flow_sound(&f, t0 + LONG_MS - 600, t0 + LONG_MS - 200);
	flow_final(&f, t0 + LONG_MS - 100, "Yes.");
	flow_run_to(&f, t0 + LONG_MS + 3000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "|callee: Yes.") != NULL);
	flow_close(&f);
}

static void what_is_said_over_a_protected_greeting_is_answered_after_it(void)
{
	static const char agent[] =
		"{\"greeting\":\"This call is recorded for the purpose of "
		"training our staff.\",\"protect_greeting\":true}";

	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_run_to(&f, 1800);
	CHECK_STR("SPEAKING", flow_state(&f));
	flow_says(&f, 2000, 3500, "I do not want that.");
	flow_run_to(&f, 8000);
	CHECK_INT(0, f.clears);
	CHECK_INT(11 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(1, f.n_requests);
	CHECK(strstr(flow_asked(&f, 0), "staff.|callee: I do not want that.") !=
	      NULL);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(what_was_heard_is_what_was_said),
	TEST(nothing_of_an_interrupted_reply_is_left_for_the_next_one),
	TEST(speech_before_the_reply_is_heard_silences_it_for_good),
	TEST(speech_while_the_model_answers_closes_the_request),
	TEST(a_short_noise_does_not_stop_the_bot),
	TEST(half_a_second_of_speech_stops_the_bot_within_a_quarter),
	TEST(a_soft_beginning_counts_when_the_voice_is_sure),
	TEST(a_sound_long_before_the_voice_does_not_count),
	TEST(a_long_noise_pauses_the_reply_and_it_goes_on_where_it_was),
	TEST(words_after_the_noise_make_it_an_interruption),
	TEST(a_noise_while_thinking_only_holds_the_reply),
	TEST(a_noise_without_end_does_not_hold_the_reply_for_good),
	TEST(a_held_reply_is_not_heard_after_the_end),
	TEST(only_the_third_word_stops_the_bot_where_three_are_asked_for),
	TEST(too_few_words_are_forgotten),
	TEST(a_nod_does_not_stop_the_bot_in_mid_sentence),
	TEST(a_nod_at_the_end_of_a_reply_is_an_answer),
	TEST(what_is_said_over_a_protected_greeting_is_answered_after_it),
};

TEST_MAIN(tests)
