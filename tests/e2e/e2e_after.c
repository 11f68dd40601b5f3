/*
 * What is made of a call when it is over, by the real programs: a report of a
 * model's, or of the scripted one, ends up with the call and with the user.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const char callee[] = "answer after 100\nbegin stream\nsilence 300\n"
			     "play hello.wav\n"
			     "wait-bot-speech max 8000\n"
			     "wait-bot-silence 900 max 20000\n"
			     "play please-try-call-later.wav\n"
			     "wait-bot-speech max 8000\n"
			     "wait-bot-silence 900 max 20000\n"
			     "hangup\n";

/* The call once its report is there; json_decref() it. */
static json_t *reported(struct town *t, const char *call_id)
{
	for (int i = 0; i < 1000; i++) {
		json_t *call = town_call(t, call_id);

		if (json_is_object(town_at(call, "after_call")))
			return call;
		json_decref(call);
		test_pause(20);
	}
	town_print_logs(t);
	test_fail(__FILE__, __LINE__, "no report came");
}

static void a_model_reports_on_the_call(void)
{
	const struct town_opts opts = {
		.callee = callee,
		.sentences = "Hello.\nTuesday at nine is fine.\n",
		.agent = "{\"greeting\":\"Good morning.\",\"after_call\":{"
			 "\"prompt\":\"When do they come?\",\"fields\":{"
			 "\"type\":\"object\",\"required\":[\"day\"],"
			 "\"properties\":{\"day\":{\"type\":\"string\"},"
			 "\"hour\":{\"type\":\"integer\"}}}}}",
		.answers = "when user report\n"
			   "call report {\"summary\":\"They come on Tuesday."
			   "\",\"fields\":{\"day\":\"Tuesday\",\"hour\":9}}\n"
			   "when user *\n"
			   "say Very well.\n",
	};
	char id[64];
	struct town t;
	json_t *call;

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait_told(&t, id, 40000));
	call = reported(&t, id);
	CHECK_STR("They come on Tuesday.",
	          town_str(call, "after_call.summary"));
	CHECK_STR("Tuesday", town_str(call, "after_call.fields.day"));
	CHECK_INT(9, town_int(call, "after_call.fields.hour"));
	CHECK(json_is_null(town_at(call, "after_call.error")));
	CHECK_STR("ended", town_str(call, "state"));
	town_no_violations(&t);
	json_decref(call);
	town_close(&t);
}

static void the_scripted_model_reports_what_it_knows(void)
{
	char file[512], here[400];
	const char *const bot_env[] = {file, NULL};
	const struct town_opts opts = {
		.callee = callee,
		.sentences = "Hello.\nI want to come on Tuesday.\n",
		.script = true,
		.bot_env = bot_env,
		.agent = "{\"greeting\":\"Good morning.\",\"after_call\":{"
			 "\"fields\":{\"type\":\"object\",\"required\":["
			 "\"state\",\"day\"],\"properties\":{\"day\":{},"
			 "\"time\":{},\"state\":{\"type\":\"string\"}}}}}",
	};
	char id[64];
	struct town t;
	json_t *call;

	CHECK(getcwd(here, sizeof(here)));
	snprintf(file, sizeof(file), "SCRIPT_FILE=%s/bot/agents/default.script",
	         here);
	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait_told(&t, id, 40000));
	call = reported(&t, id);
	CHECK_STR("", town_str(call, "after_call.error"));
	CHECK(strcasestr(town_str(call, "after_call.fields.day"), "tuesday"));
	CHECK(town_str(call, "after_call.fields.state")[0]);
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"a_model_reports_on_the_call", a_model_reports_on_the_call, 90},
	{"the_scripted_model_reports_what_it_knows",
         the_scripted_model_reports_what_it_knows, 90},
};

TEST_MAIN(tests)
