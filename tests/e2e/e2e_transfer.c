/*
 * A call that is handed over, through the real programs: the person hears the
 * bot out, then talks with somebody else, and the bot's leaving is no hangup.
 */
#define _GNU_SOURCE
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

#define CALLEE                                                          \
	"answer after 100\nbegin stream\nsilence 300\nplay hello.wav\n" \
	"wait-bot-speech max 8000\nwait-bot-silence 900 max 20000\n"    \
	"play please-try-call-later.wav\nwait-hangup max 30000\n"

static const char agent[] =
	"{\"greeting\":\"Good morning.\",\"tools\":[{\"name\":"
	"\"transfer_call\",\"to\":{\"sales\":\"+15551230000\"},"
	"\"timeout_sec\":20}]}";
static const char answers[] = "when user goodbye\n"
			      "say I will connect you now.\n"
			      "call transfer_call {\"to\":\"sales\"}\n";
static const char sentences[] = "Hello.\nThank you, goodbye.\n";

/* Is there such an event in the ledger? */
static bool has_event(const json_t *call, const char *type)
{
	const json_t *events = town_at(call, "events");

	for (size_t i = 0; i < json_array_size(events); i++)
		if (!strcmp(town_str(json_array_get(events, i), "type"), type))
			return true;
	return false;
}

static json_t *hand_over(struct town *t, const char *callee, bool relay)
{
	const struct town_opts opts = {.callee = callee,
	                               .relay = relay,
	                               .sentences = sentences,
	                               .agent = agent,
	                               .answers = answers};
	json_t *call, *journal;
	const json_t *dial;

	town_open(t, &opts);
	call = town_wait_told(t, town_dial(t, NULL), 40000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("xml", town_str(call, "end.by"));
	CHECK(has_event(call, "transfer"));
	CHECK(!has_event(call, "transfer_failed"));
	CHECK_STR("I will connect you now.", town_str(call, "turns.3.text"));
	CHECK(json_is_false(town_at(call, "turns.3.interrupted")));
	journal = town_journal(t);
	CHECK_INT(1, town_count(journal, "dial", NULL));
	dial = town_find(journal, "dial", NULL, 0);
	CHECK_STR("+15551230000", town_str(dial, "to"));
	CHECK_STR(TOWN_FROM, town_str(dial, "caller_id"));
	CHECK_INT(20, town_int(dial, "timeout"));
	town_no_violations(t);
	json_decref(journal);
	return call;
}

static void the_callee_talks_with_somebody_else_and_the_bot_is_gone(void)
{
	struct town t;
	/* Longer than the server waits before it would hang up. */
	json_t *call = hand_over(&t, "dial completed 3500\n" CALLEE, false);

	CHECK(has_event(call, "transfer_over"));
	json_decref(call);
	town_close(&t);
}

static void when_nobody_answers_a_sentence_says_so(void)
{
	struct town t;
	json_t *call = hand_over(&t, "dial no-answer 500\n" CALLEE, true);

	CHECK(has_event(call, "transfer_missed"));
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"the_callee_talks_with_somebody_else_and_the_bot_is_gone",
         the_callee_talks_with_somebody_else_and_the_bot_is_gone, 60},
	{"when_nobody_answers_a_sentence_says_so",
         when_nobody_answers_a_sentence_says_so, 60},
};

TEST_MAIN(tests)
