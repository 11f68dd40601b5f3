/*
 * Whole calls through the real programs: server, bot, Plivo with the person
 * called, and the three providers.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const char talking_callee[] = "answer after 200\n"
				     "begin stream\n"
				     "silence 300\n"
				     "play hello.wav\n"
				     "wait-bot-speech max 8000\n"
				     "wait-bot-silence 900 max 20000\n"
				     "play please-try-call-later.wav\n"
				     "wait-bot-speech max 8000\n"
				     "wait-bot-silence 900 max 20000\n"
				     "hangup\n";

struct turn {
	const char *role, *text;
};

static void check_turns(const json_t *call, const struct turn *want, size_t n)
{
	const json_t *turns = json_object_get(call, "turns");
	long before = -1;

	CHECK_INT(n, json_array_size(turns));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(turns, i);

		CHECK_INT(i + 1, town_int(one, "n"));
		CHECK_STR(want[i].role, town_str(one, "role"));
		CHECK_STR(want[i].text, town_str(one, "text"));
		CHECK(json_is_false(json_object_get(one, "interrupted")));
		CHECK(town_int(one, "at_ms") > before);
		before = town_int(one, "at_ms");
	}
}

/* Each stage comes after the one before, and none is a whole turn late. */
static void check_latency(const json_t *turn)
{
	long final = town_int(turn, "latency.final");
	long token = town_int(turn, "latency.first_token");
	long audio = town_int(turn, "latency.first_audio");
	long heard = town_int(turn, "latency.heard");

	CHECK(town_int(turn, "latency.speech_end") > 0);
	CHECK(final >= 0);
	CHECK(token >= final);
	CHECK(audio > token);
	CHECK(heard >= token);
	CHECK(audio < 3000);
	CHECK(heard < 3000);
}

static bool has_event(const json_t *call, const char *source, const char *type)
{
	const json_t *events = json_object_get(call, "events"), *one;
	size_t i;

	json_array_foreach(events, i, one)
	{
		if (!strcmp(town_str(one, "source"), source) &&
		    !strcmp(town_str(one, "type"), type))
			return true;
	}
	return false;
}

static void a_call_is_recorded_turn_by_turn(void)
{
	static const struct town_opts opts = {
		.callee = talking_callee,
		.sentences = "Hello.\nPlease call again later.\n",
	};
	static const struct turn turns[] = {
		{"callee", "Hello."},
		{"bot", "Hello! This is an automated call from our Plivo "
	                "chatbot demo."},
		{"callee", "Please call again later."},
		{"bot", "You said: Please call again later."},
	};
	struct town t;
	json_t *call, *journal;

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, NULL), 30000);
	check_turns(call, turns, ARRAY_LEN(turns));
	/* The words' tones, whose lengths are known: all of them were heard. */
	CHECK(town_int(call, "turns.1.heard_ms") > 2500);
	CHECK(town_int(call, "turns.3.heard_ms") > 1000);
	check_latency(town_at(call, "turns.3"));
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("callee", town_str(call, "end.by"));
	CHECK_INT(4000, town_int(call, "end.cause_code"));
	CHECK_STR("Normal Hangup", town_str(call, "end.cause"));
	CHECK(json_is_null(json_object_get(call, "error")));
	CHECK(strcmp(town_str(call, "created_at"),
	             town_str(call, "answered_at")) < 0);
	CHECK(strcmp(town_str(call, "answered_at"),
	             town_str(call, "ended_at")) < 0);
	CHECK(!strstr(town_str(call, "phone_number"), "5551234"));
	CHECK(has_event(call, "bot", "started"));
	CHECK(has_event(call, "bot", "turn"));

	journal = town_journal(&t);
	CHECK_INT(1,
	          town_count(journal, "answered", town_str(call, "call_uuid")));
	CHECK_INT(1, town_count(journal, "stream-open", NULL));
	CHECK_INT(2, town_count(journal, "spoke", NULL));
	CHECK_INT(2, town_count(journal, "heard", NULL));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static void custom_data_is_in_the_greeting(void)
{
	static const struct town_opts opts = {
		.agent = "{\"instructions\":\"You talk to "
			 "{{user.firstName}}.\",\"greeting\":\"Good morning "
			 "{{user.firstName|there}}, account "
			 "{{user.account.kind|none}}.\"}",
		.words = "good morning johanna account premium there none",
		.callee = "answer after 100\nbegin stream\n"
			  "wait-bot-speech\nwait-bot-silence 800\nhangup\n",
	};
	static const char *const words[] = {"good", "morning", "johanna",
	                                    "account", "premium"};
	struct town t;
	json_t *call, *journal;
	const char *id;

	town_open(&t, &opts);
	id = town_dial(&t, "{\"user\":{\"firstName\":\"Johanna\",\"account\":"
	                   "{\"kind\":\"premium\"}}}");
	call = town_wait_told(&t, id, 15000);
	CHECK_STR("Johanna", town_str(call, "body.user.firstName"));
	journal = town_journal(&t);
	for (unsigned i = 0; i < ARRAY_LEN(words); i++)
		CHECK_STR(
			words[i],
			town_str(town_find(journal, "word", NULL, i), "word"));
	CHECK_INT(ARRAY_LEN(words), town_count(journal, "word", NULL));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static void delete_hangs_up(void)
{
	struct town t;
	struct http_answer a;
	char url[256], id[64];
	json_t *call;

	town_open(&t, NULL);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 10000));
	snprintf(url, sizeof(url), "%s/calls/%s", t.server.url, id);
	http_send(&a, "DELETE", url, NULL, NULL);
	CHECK(a.status == 200 || a.status == 202 || a.status == 204);
	http_done(&a);
	call = town_wait_told(&t, id, 10000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("api", town_str(call, "end.by"));
	json_decref(call);
	call = town_journal(&t);
	CHECK_STR("API Request",
	          town_str(town_find(call, "ended", NULL, 0), "source"));
	town_no_violations(&t);
	json_decref(call);
	town_close(&t);
}

static void the_callee_hangs_up_in_mid_sentence(void)
{
	static const struct town_opts opts = {
		.callee = "answer after 100\nbegin stream\n"
			  "barge-in after 1000\nhangup\n",
	};
	struct town t;
	json_t *call;
	long heard;

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, NULL), 15000);
	CHECK_STR("callee", town_str(call, "end.by"));
	CHECK_STR("bot", town_str(call, "turns.0.role"));
	CHECK(json_is_true(town_at(call, "turns.0.interrupted")));
	heard = town_int(call, "turns.0.heard_ms");
	/* Some of it, as the media clock has it, and not all. */
	CHECK(heard > 600);
	CHECK(heard < 1600);
	town_no_violations(&t);
	json_decref(call);
	town_close(&t);
}

static void the_bot_hangs_up_after_its_goodbye(void)
{
	static const struct town_opts opts = {
		.callee = "answer after 100\nbegin stream\nsilence 300\n"
			  "play hello.wav\n"
			  "wait-bot-speech max 8000\n"
			  "wait-bot-silence 900 max 20000\n"
			  "play vm-goodbye.wav\n"
			  "wait-hangup max 20000\n",
		.sentences = "Hello.\nThank you, goodbye.\n",
		.answers = "when user goodbye\n"
			   "say It was a pleasure, farewell.\n"
			   "call end_call {}\n",
		.words = "it was a pleasure farewell hello this is an "
			 "automated call from our plivo chatbot demo",
	};
	struct town t;
	json_t *call, *journal;
	unsigned n;

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, NULL), 30000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("It was a pleasure, farewell.",
	          town_str(call, "turns.3.text"));
	CHECK(json_is_false(town_at(call, "turns.3.interrupted")));
	journal = town_journal(&t);
	CHECK_INT(0, town_count(journal, "callee-hangup", NULL));
	n = town_count(journal, "word", NULL);
	CHECK(n > 0);
	CHECK_STR("farewell",
	          town_str(town_find(journal, "word", NULL, n - 1), "word"));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

/* How a call ends that nobody takes. */
static void check_not_taken(const char *callee, long code)
{
	static const char *const env[] = {"RING_TIMEOUT=5", NULL};
	const struct town_opts opts = {.callee = callee, .server_env = env};
	struct town t;
	json_t *call, *journal;
	const char *id;

	town_open(&t, &opts);
	id = town_dial(&t, NULL);
	call = town_wait(&t, id, "no_answer", 10000);
	CHECK_INT(code, town_int(call, "end.cause_code"));
	CHECK(!*town_str(call, "answered_at"));
	CHECK(*town_str(call, "ended_at"));
	CHECK_INT(0, json_array_size(json_object_get(call, "turns")));
	journal = town_journal(&t);
	CHECK_INT(0, town_count(journal, "answered", NULL));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static void nobody_answers(void)
{
	check_not_taken("no-answer\n", 6010);
}

static void the_line_is_busy(void)
{
	check_not_taken("busy\n", 3010);
}

static void the_call_is_rejected(void)
{
	check_not_taken("rejected\n", 3020);
}

static void an_ended_call_survives_a_restart(void)
{
	static const struct town_opts opts = {
		.callee = "answer after 100\nbegin stream\n"
			  "wait-bot-speech\nhangup\n",
	};
	struct town t;
	char id[64];
	json_t *before, *after;

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, "{\"price\":42.80}"));
	before = town_wait_told(&t, id, 15000);
	CHECK_INT(0, proc_stop(&t.server));
	town_start_server(&t);
	after = town_call(&t, id);
	CHECK(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	town_no_violations(&t);
	town_close(&t);
}

/* A conversation does not need the server; what happened meanwhile is told
 * when it is back. */
static void a_call_outlives_a_restart_of_the_server(void)
{
	static const struct town_opts opts = {
		.callee = talking_callee,
		.sentences = "Hello.\nPlease call again later.\n",
	};
	struct town t;
	char id[64];
	json_t *call;

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 10000));
	proc_kill(&t.server);
	/* The callee has said the second sentence meanwhile. */
	town_wait_journal(&t, "spoke", 1, 20000);
	town_start_server(&t);
	call = town_wait_told(&t, id, 20000);
	CHECK_INT(4, json_array_size(json_object_get(call, "turns")));
	CHECK_STR("You said: Please call again later.",
	          town_str(call, "turns.3.text"));
	CHECK_STR("callee", town_str(call, "end.by"));
	json_decref(call);
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(a_call_is_recorded_turn_by_turn, 60),
	TEST_SLOW(custom_data_is_in_the_greeting, 60),
	TEST_SLOW(delete_hangs_up, 60),
	TEST_SLOW(the_callee_hangs_up_in_mid_sentence, 60),
	TEST_SLOW(the_bot_hangs_up_after_its_goodbye, 60),
	TEST_SLOW(nobody_answers, 60),
	TEST_SLOW(the_line_is_busy, 60),
	TEST_SLOW(the_call_is_rejected, 60),
	TEST_SLOW(an_ended_call_survives_a_restart, 60),
	TEST_SLOW(a_call_outlives_a_restart_of_the_server, 60),
};

TEST_MAIN(tests)
