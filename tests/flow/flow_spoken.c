/*
 * Numbers that are written, and said as words: the voice gets the one, the
 * history keeps the other.
 */
#include <stdio.h>
#include <string.h>

#include "bot/greetings.h"
#include "bot/warm.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char as_written[] =
	"{\"greeting\":null,\"tools\":[],\"spoken_numbers\":false}";
static const char british[] =
	"{\"greeting\":null,\"tools\":[],\"language\":\"en-GB\"}";
static const char spanish[] =
	"{\"greeting\":null,\"tools\":[],\"language\":\"es\"}";
static const char greets[] =
	"{\"greeting\":{\"text\":\"Hello, you owe $29.95. Call 555-0123.\","
	"\"when\":\"at_once\"},\"tools\":[]}";
static const char greets_as_written[] =
	"{\"greeting\":{\"text\":\"Hello, you owe $29.95. Call 555-0123.\","
	"\"when\":\"at_once\"},\"tools\":[],\"spoken_numbers\":false}";

static void open_price(const char *agent)
{
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_says(&f, 500, 1500, "How much is it?");
	flow_answer(&f, "It costs **$29.95** a month, from Nov. 25 on.");
}

static void the_voice_says_words_and_the_history_has_what_was_written(void)
{
	open_price(flow_plain_agent);
	flow_says(&f, 9000, 10000, "Thanks.");
	flow_answer(&f, "Bye.");
	flow_run_to(&f, 14000);
	CHECK_STR("It costs twenty-nine dollars and ninety-five cents a month, "
	          "from November twenty-fifth on.",
	          f.spoken[1]);
	CHECK_INT(13 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("callee: How much is it?|bot: It costs $29.95 a month, from "
	          "Nov. 25 on.|callee: Thanks.",
	          flow_asked(&f, 1));
	CHECK(strstr(buf_str(&f.events), "\"text\":\"It costs $29.95 a month, "
	                                 "from Nov. 25 on.\"") != NULL);
	flow_close(&f);
}

/* The history when the callee cuts in @ms after the reply began. */
static void cut_in(uint32_t ms, const char *want)
{
	open_price(flow_plain_agent);
	flow_run_to(&f, 2400);
	CHECK(f.heard[1].first_ms > 0);
	flow_interim(&f, f.heard[1].first_ms + ms, "wait");
	flow_final(&f, f.heard[1].first_ms + ms + 400, "wait.");
	flow_answer(&f, "Yes?");
	flow_run_to(&f, 12000);
	if (!strstr(flow_chat(&f), want))
		test_fail(__FILE__, __LINE__, "%u: %s", ms, flow_chat(&f));
	flow_close(&f);
}

static void a_price_was_heard_when_half_of_it_was(void)
{
	/* It costs twenty-nine dollars | and ninety-five cents a month */
	cut_in(500, "|bot! It costs|callee: wait.|");
	cut_in(800, "|bot! It costs|callee: wait.|");
	cut_in(1100, "|bot! It costs|callee: wait.|");
	cut_in(1400, "|bot! It costs $29.95|callee: wait.|");
	cut_in(1700, "|bot! It costs $29.95|callee: wait.|");
	cut_in(2000, "|bot! It costs $29.95|callee: wait.|");
	cut_in(2300, "|bot! It costs $29.95 a|callee: wait.|");
	cut_in(2600, "|bot! It costs $29.95 a month,|callee: wait.|");
	cut_in(2900, "|bot! It costs $29.95 a month, from|callee: wait.|");
	cut_in(3500, "a month, from Nov. 25|callee: wait.|");
	cut_in(3800, "a month, from Nov. 25 on.|callee: wait.|");
}

static void a_price_in_pieces_is_one_however_the_tokens_come(void)
{
	for (uint32_t token_ms = 0; token_ms < 700; token_ms += 100) {
		flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
		flow_says(&f, 500, 1500, "How much is it?");
		flow_answer_with(&f, "With all of the extras that makes "
		                     "1,250 dollars or $2.5 million, "
		                     "by Nov 5, 2026.")
			->token_ms = token_ms;
		flow_run_to(&f, 30000);
		CHECK(strstr(f.spoken[1], "one thousand two hundred fifty "
		                          "dollars") != NULL);
		CHECK(strstr(f.spoken[1], "two point five million dollars,") !=
		      NULL);
		CHECK(strstr(f.spoken[1], "November fifth, twenty "
		                          "twenty-six.") != NULL);
		CHECK(strstr(flow_chat(&f),
		             "bot: With all of the extras that makes 1,250 "
		             "dollars or $2.5 million, by Nov 5, 2026.") !=
		      NULL);
		flow_close(&f);
	}
}

static void other_languages_and_those_who_ask_get_it_as_written(void)
{
	static const char *const agents[] = {as_written, spanish};

	for (size_t i = 0; i < ARRAY_LEN(agents); i++) {
		open_price(agents[i]);
		flow_run_to(&f, 9000);
		CHECK_STR("It costs $29.95 a month, from Nov. 25 on.",
		          f.spoken[1]);
		flow_close(&f);
	}
	open_price(british);
	flow_run_to(&f, 9000);
	CHECK(strstr(f.spoken[1], "twenty-nine dollars") != NULL);
	flow_close(&f);
}

static void a_voice_that_is_lost_is_followed_by_one_that_knows_the_words(void)
{
	flow_open(&f, &(struct flow_opts){.agent = flow_plain_agent});
	flow_says(&f, 500, 1500, "How much is it?");
	flow_answer_with(&f, "It is $29.95. That is 50% off. Call 555-0123.")
		->token_ms = 200;
	f.tts_fail_after = 2;
	f.tts_fail_err = ERR_EOF;
	flow_run_to(&f, 20000);
	CHECK_INT(2, f.tts_opens);
	CHECK_INT(20 * FLOW_WORD_MS, f.heard[1].next);
	CHECK_INT(0, f.heard[1].again);
	CHECK_STR("callee: How much is it?|bot: It is $29.95. That is 50% off. "
	          "Call 555-0123.",
	          flow_chat(&f));
	flow_close(&f);
}

/* A greeting made ahead, cut short after @ms. */
static void greeting_cut(struct greetings *g, bool spoken, uint32_t ms,
                         const char *want)
{
	flow_open(&f, &(struct flow_opts){.agent = greets,
	                                  .greetings = g,
	                                  .warm_ms = 30000,
	                                  .prepare = PREPARE_GREETING});
	if (spoken)
		CHECK_STR("Hello, you owe twenty-nine dollars and ninety-five "
		          "cents.|Call five five five, zero one two three.",
		          f.spoken[1]);
	else
		CHECK(f.spoken[1] == NULL);
	flow_interim(&f, ms, "wait");
	flow_final(&f, ms + 400, "wait.");
	flow_answer(&f, "Yes?");
	flow_run_to(&f, 12000);
	if (strncmp(flow_chat(&f), want, strlen(want)) != 0)
		test_fail(__FILE__, __LINE__, "%u: %s", ms, flow_chat(&f));
	flow_close(&f);
}

static void a_greeting_made_ahead_is_cut_like_any_reply(void)
{
	struct greetings *g;

	CHECK_INT(0, greetings_new(&g, NULL));
	/* Hello, you owe twenty-nine dollars and ninety-five cents. */
	greeting_cut(g, true, 1500, "bot! Hello, you owe|callee: wait.|");
	greeting_cut(g, false, 2000, "bot! Hello, you owe $29.95|callee: w");
	greeting_cut(g, false, 3500,
	             "bot! Hello, you owe $29.95. Call 555|callee: wait.|");
	greeting_cut(g, false, 9000,
	             "bot: Hello, you owe $29.95. Call 555-0123.|callee: w");

	/* One that has its numbers as they are is another sound. */
	flow_open(&f, &(struct flow_opts){.agent = greets_as_written,
	                                  .greetings = g,
	                                  .warm_ms = 30000,
	                                  .prepare = PREPARE_GREETING});
	CHECK_STR("Hello, you owe $29.95.|Call 555-0123.", f.spoken[1]);
	flow_close(&f);
	greetings_free(&g);
}

static const struct test tests[] = {
	TEST(the_voice_says_words_and_the_history_has_what_was_written),
	TEST(a_price_was_heard_when_half_of_it_was),
	TEST(a_price_in_pieces_is_one_however_the_tokens_come),
	TEST(other_languages_and_those_who_ask_get_it_as_written),
	TEST(a_voice_that_is_lost_is_followed_by_one_that_knows_the_words),
	TEST(a_greeting_made_ahead_is_cut_like_any_reply),
};

TEST_MAIN(tests)
