/*
 * What agent files bring along, in calls through the real programs: an agent in
 * C asks three questions, and the ledger has what was answered, also where the
 * bot is killed between two of them; a menu gets the keys that it asks for, and
 * the person behind it is greeted.
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

/* The bot that has the only call. */
static struct proc *bot_of_call(struct town *t)
{
	json_t *journal = town_journal(t);
	const char *url =
		town_str(town_find(journal, "stream-open", NULL, 0), "url");
	struct proc *bot = NULL;
	char at[32];

	for (unsigned i = 0; i < t->n_bots; i++) {
		snprintf(at, sizeof(at), ":%u/", t->bot_ports[i]);
		if (strstr(url, at))
			bot = &t->bots[i];
	}
	CHECK(bot != NULL);
	json_decref(journal);
	return bot;
}

static void wait_turn(struct town *t, const char *id, const char *text)
{
	for (unsigned tries = 0;; tries++) {
		json_t *call = town_call(t, id);
		const json_t *turns = town_at(call, "turns");
		const size_t n = json_array_size(turns);
		const bool is_said =
			n &&
			!strcmp(town_str(json_array_get(turns, n - 1), "text"),
		                text);

		json_decref(call);
		if (is_said)
			return;
		CHECK(tries < 600);
		test_pause(100);
	}
}

/* The second bot hears the sentences from the beginning: "Hello." is what they
 * liked best, and "Yes." that they may be called. The score is the first's. */
static void a_survey_goes_on_where_its_bot_is_killed(void)
{
	static const struct town_opts opts = {
		.agent = agent,
		.callee = "answer after 100\nbegin stream\nsilence 300\nplay "
			  "hello.wav\n" ANSWER ANSWER
			  "wait-bot-speech max 8000\nwait-bot-silence 900 max "
			  "20000\nwait-bot-speech\n"
			  "wait-bot-silence 900 max 20000\nplay "
			  "hello.wav\n" ANSWER "wait-hangup max 20000\n",
		.sentences = "Hello.\nYes.\nNine.\n",
		.bots = 2,
	};
	struct town t;
	char id[64];
	json_t *call;

	read_agent("bot/agents/survey.json");
	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	wait_turn(&t, id, "Thank you. What did you like best?");
	proc_kill(bot_of_call(&t));
	call = town_wait_told(&t, id, 60000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("{\"score\":9,\"reason\":\"Hello.\",\"call_back\":true,"
	          "\"complete\":true}",
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
	{"a_survey_goes_on_where_its_bot_is_killed",
         a_survey_goes_on_where_its_bot_is_killed, 120},
};

TEST_MAIN(tests)
