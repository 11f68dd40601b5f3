/*
 * What is made ready while the telephone rings, and what the callee gains.
 */
#include "bot/greetings.h"
#include "bot/warm.h"
#include "common/mem.h"
#include "tests/flow/flow.h"
#include "tests/harness/test.h"

static struct flow f;

static const char at_once[] =
	"{\"greeting\":{\"text\":\"Hello {{name|you}}, this is the clinic.\","
	"\"when\":\"at_once\"},\"tools\":[]}";
static const char after_hello[] =
	"{\"greeting\":\"Hello, this is the clinic.\",\"tools\":[]}";

static void a_greeting_made_ahead_leaves_as_the_call_is_answered(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .body = "{\"name\":\"Anna\"}",
	                                  .voice_ms = 900,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_ALL});
	flow_run_to(&f, 0);
	CHECK_STR("Hello Anna, this is the clinic.", f.spoken[1]);
	CHECK(f.sent_first[1] > 0 || f.sent_ms > 0);
	flow_run_to(&f, 5000);
	CHECK(f.heard[1].first_ms <= 20);
	CHECK_INT(6 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("bot: Hello Anna, this is the clinic.", flow_chat(&f));
	flow_close(&f);
}

static void it_answers_their_hello_without_a_wait_for_the_voice(void)
{
	flow_open(&f, &(struct flow_opts){.agent = after_hello,
	                                  .voice_ms = 900,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_GREETING});
	flow_says(&f, 300, 800, "Hello?");
	flow_run_to(&f, 5000);
	CHECK_NEAR(800 + 350, f.heard[1].first_ms, 45);
	CHECK_STR("callee: Hello?|bot: Hello, this is the clinic.",
	          flow_chat(&f));
	flow_close(&f);
}

static void what_was_heard_of_it_is_known_word_by_word(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_ALL});
	flow_says(&f, 400, 1600, "Who is this?");
	flow_answer(&f, "The clinic.");
	flow_run_to(&f, 6000);
	CHECK(strstr(flow_chat(&f), "bot! Hello you, this|callee: Who is "
	                            "this?|bot: The clinic.") != NULL);
	flow_close(&f);
}

static void connections_are_taken_over(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_ALL});
	flow_says(&f, 4000, 5000, "What is it?");
	flow_answer(&f, "A reminder.");
	flow_run_to(&f, 9000);
	CHECK_INT(1, f.stt_opens);
	CHECK_INT(1, f.tts_opens);
	/* The greeting took the voice's first number. */
	CHECK_STR("A reminder.", f.spoken[3]);
	CHECK_INT(2 * FLOW_WORD_MS, f.heard[3].count);
	flow_close(&f);
}

static void only_the_greeting_is_made_where_nothing_else_is_wanted(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_GREETING});
	CHECK_INT(2, f.tts_opens); /* for the greeting, and the call's */
	CHECK_INT(1, f.stt_opens);
	flow_run_to(&f, 5000);
	CHECK(f.heard[1].first_ms <= 20);
	flow_close(&f);
}

static void one_that_is_not_ready_in_time_is_made_anew(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .voice_ms = 600,
	                                  .warm_ms = 500,
	                                  .prepare = PREPARE_ALL});
	flow_run_to(&f, 5000);
	CHECK_NEAR(600, f.heard[1].first_ms, 10);
	CHECK_INT(2, f.tts_opens);
	CHECK_INT(1, f.stt_opens);
	flow_close(&f);
}

static void a_voice_that_fails_meanwhile_costs_only_the_advantage(void)
{
	flow_open(&f, &(struct flow_opts){.agent = at_once,
	                                  .warm_ms = 5000,
	                                  .warm_fails = true,
	                                  .prepare = PREPARE_ALL});
	flow_run_to(&f, 5000);
	CHECK_NEAR(100, f.heard[1].first_ms, 10);
	CHECK_STR("bot: Hello you, this is the clinic.", flow_chat(&f));
	CHECK_INT(0, f.errors);
	flow_close(&f);
}

static void a_line_of_another_format_makes_its_own(void)
{
	flow_open(&f, &(struct flow_opts){.agent = after_hello,
	                                  .wide = true,
	                                  .warm_ms = 5000,
	                                  .prepare = PREPARE_ALL});
	CHECK_INT(2, f.stt_opens);
	CHECK_INT(2, f.tts_opens);
	flow_close(&f);
}

static void nobody_s_name_in_it_and_it_is_spoken_once_for_all_calls(void)
{
	const size_t live = mem_live();
	struct greetings *g;
	struct flow_opts opts = {.agent = after_hello,
	                         .warm_ms = 5000,
	                         .prepare = PREPARE_GREETING};

	CHECK_INT(0, greetings_new(&g, NULL));
	opts.greetings = g;
	flow_open(&f, &opts);
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	flow_run_to(&f, 6000);
	flow_close(&f);

	flow_open(&f, &opts);
	CHECK(f.spoken[1] == NULL);
	flow_run_to(&f, 6000);
	/* The sound is that of the first call's first reply. */
	CHECK_INT(5 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_STR("bot: Hello, this is the clinic.", flow_chat(&f));
	flow_close(&f);

	/* Calls that were not announced have it, too. */
	opts.warm_ms = 0;
	flow_open(&f, &opts);
	flow_run_to(&f, 6000);
	CHECK(f.spoken[1] == NULL);
	CHECK_NEAR(1500, f.heard[1].first_ms, 25);
	flow_close(&f);
	greetings_free(&g);
	CHECK_INT(live, mem_live());
}

static void what_names_somebody_is_kept_for_nobody(void)
{
	struct greetings *g;
	struct flow_opts opts = {.agent = at_once,
	                         .body = "{\"name\":\"Anna\"}",
	                         .warm_ms = 5000,
	                         .prepare = PREPARE_GREETING};

	CHECK_INT(0, greetings_new(&g, NULL));
	opts.greetings = g;
	flow_open(&f, &opts);
	flow_close(&f);
	flow_open(&f, &opts);
	CHECK_STR("Hello Anna, this is the clinic.", f.spoken[1]);
	flow_close(&f);
	greetings_free(&g);
}

static void what_a_voice_says_that_varies_is_not_kept(void)
{
	struct greetings *g;
	struct flow_opts opts = {.agent = after_hello,
	                         .tts_varies = true,
	                         .warm_ms = 5000,
	                         .prepare = PREPARE_GREETING};

	CHECK_INT(0, greetings_new(&g, NULL));
	opts.greetings = g;
	flow_open(&f, &opts);
	flow_close(&f);
	flow_open(&f, &opts);
	CHECK_STR("Hello, this is the clinic.", f.spoken[1]);
	flow_close(&f);
	greetings_free(&g);
}

static const struct test tests[] = {
	TEST(a_greeting_made_ahead_leaves_as_the_call_is_answered),
	TEST(it_answers_their_hello_without_a_wait_for_the_voice),
	TEST(what_was_heard_of_it_is_known_word_by_word),
	TEST(connections_are_taken_over),
	TEST(only_the_greeting_is_made_where_nothing_else_is_wanted),
	TEST(one_that_is_not_ready_in_time_is_made_anew),
	TEST(a_voice_that_fails_meanwhile_costs_only_the_advantage),
	TEST(a_line_of_another_format_makes_its_own),
	TEST(nobody_s_name_in_it_and_it_is_spoken_once_for_all_calls),
	TEST(what_names_somebody_is_kept_for_nobody),
	TEST(what_a_voice_says_that_varies_is_not_kept),
};

TEST_MAIN(tests)
