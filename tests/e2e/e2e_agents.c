/*
 * An agent in C in a call through the real programs: the bot loads its code,
 * the callee answers three questions, and the ledger has what they said.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

#define ANSWER                                                            \
	"wait-bot-speech max 8000\nwait-bot-silence 900 max 20000\nplay " \
	"hello.wav\n"

static char agent[16 * 1024];

static void read_agent(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n;

	CHECK(file != NULL);
	n = fread(agent, 1, sizeof(agent) - 1, file);
	CHECK(n > 0 && feof(file) && fclose(file) == 0);
	agent[n] = '\0';
}

/* The result of the tool @name as the events have it; "". */
static const char *result_of(const json_t *call, const char *name)
{
	const json_t *events = town_at(call, "events");

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *ev = json_array_get(events, i);

		if (!strcmp(town_str(ev, "type"), "tool") &&
		    !strcmp(town_str(ev, "data.name"), name))
			return town_str(ev, "data.result");
	}
	return "";
}

static void the_survey_s_answers_are_in_the_ledger(void)
{
	static const struct town_opts opts = {
		.agent = agent,
		.callee = "answer after 100\nbegin stream\nsilence 300\nplay "
			  "hello.wav\n" ANSWER ANSWER ANSWER ANSWER
			  "wait-hangup max 20000\n",
		.sentences = "Hello.\nYes.\nNine.\nIt was quick.\nNo.\n",
	};
	struct town t;
	json_t *call;

	read_agent("bot/agents/survey.json");
	town_open(&t, &opts);
	call = town_wait_told(
		&t, town_dial(&t, "{\"user\":{\"firstName\":\"Ann\"}}"), 60000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("Hello Ann, this is the clinic with three short questions "
	          "about your visit. Do you have a minute?",
	          town_str(call, "turns.1.text"));
	CHECK_STR("From zero to ten, how likely are you to recommend us to a "
	          "friend?",
	          town_str(call, "turns.3.text"));
	CHECK_STR("{\"score\":9,\"reason\":\"It was quick.\",\"call_back\":"
	          "false,\"complete\":true}",
	          result_of(call, "survey"));
	town_no_violations(&t);
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"the_survey_s_answers_are_in_the_ledger",
         the_survey_s_answers_are_in_the_ledger, 90},
};

TEST_MAIN(tests)
