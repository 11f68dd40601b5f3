/*
 * What the callee cannot cut short, because the agent says so: a passage that
 * has to be heard, the first sentence, what is said while a tool runs. What is
 * said over it is answered after it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/flow/flow_impl.h"
#include "tests/harness/test.h"

static struct flow f;

#define NOTICE "This call is recorded for training."

static const char notice[] = "{\"greeting\":null,\"protect\":[\"" NOTICE "\"]}";

/* They ask, and have spoken by 1500; the answer is begun at once. */
static void ask(const char *agent, const char *answer)
{
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_says(&f, 500, 1500, "Who is this?");
	flow_answer(&f, answer);
	do
		flow_run_to(&f, flow_now(&f) + 20);
	while (strcmp(flow_state(&f), "SPEAKING") != 0);
}

/* Words of the callee's, beginning now. */
static void cut_in(const char *words)
{
	const uint32_t now = flow_now(&f);

	flow_says(&f, now + 100, now + 1100, words);
}

static void a_passage_is_heard_to_its_end(void)
{
	ask(notice, "It is the clinic. " NOTICE " How are you?");
	flow_answer(&f, "As you wish.");
	cut_in("Stop that.");
	flow_run_to(&f, flow_now(&f) + 16 * FLOW_WORD_MS);
	/* The rest is heard, too: they have stopped. */
	CHECK_INT(13 * FLOW_WORD_MS, f.heard[1].count);
	CHECK_INT(0, f.clears);
	flow_run_to(&f, flow_now(&f) + 5000);
	CHECK_INT(2, f.n_requests);
	CHECK(strstr(flow_asked(&f, 1), "|callee: Stop that."));
	flow_close(&f);
}

static void what_follows_it_can_be_interrupted(void)
{
	uint32_t from;

	ask(notice, NOTICE " How are you doing on such a very lovely day?");
	from = flow_now(&f);
	flow_answer(&f, "As you wish.");
	flow_says(&f, from + 7 * FLOW_WORD_MS, from + 11 * FLOW_WORD_MS,
	          "Stop that.");
	flow_run_to(&f, from + 14 * FLOW_WORD_MS);
	CHECK(f.clears > 0);
	CHECK(f.heard[1].count >= 6 * FLOW_WORD_MS);
	CHECK(f.heard[1].count < 15 * FLOW_WORD_MS);
	flow_close(&f);
}

static void other_words_can_be_interrupted(void)
{
	ask(notice, "This call is not recorded, and nobody listens to it.");
	cut_in("Stop that.");
	flow_run_to(&f, flow_now(&f) + 3000);
	CHECK(f.clears > 0);
	CHECK(f.heard[1].count < 6 * FLOW_WORD_MS);
	flow_close(&f);
}

static void the_greeting_may_have_one(void)
{
	static const char agent[] =
		"{\"greeting\":{\"when\":\"at_once\",\"text\":\"Hello. " NOTICE
		" How are you doing on such a very lovely day?\"},"
		"\"protect\":[\"" NOTICE "\"]}";

	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_answer(&f, "As you wish.");
	flow_says(&f, 500, 1500, "Stop that.");
	flow_says(&f, 3500, 4500, "Stop now.");
	flow_run_to(&f, 6000);
	CHECK(f.clears > 0);
	CHECK(f.heard[1].count >= 7 * FLOW_WORD_MS);
	CHECK(f.heard[1].count < 16 * FLOW_WORD_MS);
	flow_close(&f);
}

static const char first[] =
	"{\"greeting\":null,\"mute\":{\"first_sentence\":true}}";

static void the_first_sentence_is_heard_to_its_end(void)
{
	ask(first, "This is the clinic in town. And how are you on this day?");
	cut_in("Stop that.");
	flow_answer(&f, "I have stopped, and you can speak.");
	while (f.n_requests < 2 || strcmp(flow_state(&f), "SPEAKING") != 0)
		flow_run_to(&f, flow_now(&f) + 20);
	CHECK(f.heard[1].count >= 6 * FLOW_WORD_MS);
	/* Their words are answered, and this answer has no such sentence. */
	CHECK(strstr(flow_asked(&f, 1), "|callee: Stop that."));
	cut_in("No.");
	flow_run_to(&f, flow_now(&f) + 3000);
	CHECK(f.heard[2].count < 7 * FLOW_WORD_MS);
	flow_close(&f);
}

static void without_the_key_it_is_not(void)
{
	ask("{\"greeting\":null}", "This is the clinic in town. And you?");
	cut_in("Stop that.");
	flow_run_to(&f, flow_now(&f) + 3000);
	CHECK(f.clears > 0);
	CHECK(f.heard[1].count < 6 * FLOW_WORD_MS);
	flow_close(&f);
}

/* A tool that takes four seconds, and a sentence that lasts longer. */
static void use_tool(bool mute)
{
	static const char tool[] =
		"\"tools\":[{\"name\":\"slots\",\"description\":\"d\","
		"\"http\":{\"method\":\"GET\",\"url\":"
		"\"https://api.example.com/\"}}]}";
	static char agent[512];
	struct flow_answer *a;

	snprintf(agent, sizeof(agent), "{\"greeting\":null,%s%s",
	         mute ? "\"mute\":{\"tools\":true}," : "", tool);
	flow_open(&f, &(struct flow_opts){.agent = agent});
	flow_says(&f, 500, 1500, "Is there room?");
	a = flow_answer_with(&f, "Let me see for you what we have here today.");
	a->call = "slots";
	a->args = "{}";
	flow_http(&f, 4000, 200, "[]");
	do
		flow_run_to(&f, flow_now(&f) + 20);
	while (strcmp(flow_state(&f), "SPEAKING") != 0);
	cut_in("Hurry up.");
	flow_run_to(&f, flow_now(&f) + 10000);
}

static void what_is_said_while_a_tool_runs_is_heard_to_its_end(void)
{
	use_tool(true);
	CHECK_INT(10 * FLOW_WORD_MS, f.heard[1].count);
	CHECK(strstr(flow_chat(&f), "|callee: Hurry up."));
	flow_close(&f);
	use_tool(false);
	CHECK(f.heard[1].count < 6 * FLOW_WORD_MS);
	flow_close(&f);
}

static const struct test tests[] = {
	TEST(a_passage_is_heard_to_its_end),
	TEST(what_follows_it_can_be_interrupted),
	TEST(other_words_can_be_interrupted),
	TEST(the_greeting_may_have_one),
	TEST(the_first_sentence_is_heard_to_its_end),
	TEST(without_the_key_it_is_not),
	TEST(what_is_said_while_a_tool_runs_is_heard_to_its_end),
};

TEST_MAIN(tests)
