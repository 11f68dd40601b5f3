/*
 * What agent files bring along, in calls through the real programs: an agent in
 * C asks three questions, and the ledger has what was answered; a menu gets the
 * keys that it asks for, and the person behind it is greeted.
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

static void a_menu_gets_its_keys_and_the_person_is_greeted(void)
{
	static const struct town_opts opts = {
		.agent = "{\"greeting\":\"Hello, this is the clinic.\","
			 "\"machine\":{\"menu\":{\"reception\":\"1#\"}}}",
		.callee = "answer after 100\nbegin stream\nsilence 300\nplay "
			  "please-try-call-later.wav\nsilence 3000\nplay "
			  "hello.wav\nwait-bot-speech max 8000\n"
			  "wait-bot-silence 900 max 20000\nhangup\n",
		.sentences = "For reception, press one.\nReception, hello.\n",
	};
	struct town t;
	json_t *call, *journal;

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, NULL), 40000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("{\"ok\":true,\"digits\":\"1#\"}",
	          result_of(call, "send_dtmf"));
	CHECK_STR("For reception, press one.", town_str(call, "turns.0.text"));
	CHECK_STR("Reception, hello.", town_str(call, "turns.1.text"));
	CHECK_STR("Hello, this is the clinic.", town_str(call, "turns.2.text"));
	journal = town_journal(&t);
	CHECK_INT(1, town_count(journal, "dtmf-heard", NULL));
	CHECK_STR("1#", town_str(town_find(journal, "dtmf-heard", NULL, 0),
	                         "digits"));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"a_menu_gets_its_keys_and_the_person_is_greeted",
         a_menu_gets_its_keys_and_the_person_is_greeted, 60},
	{"the_survey_s_answers_are_in_the_ledger",
         the_survey_s_answers_are_in_the_ledger, 90},
};

TEST_MAIN(tests)
