/*
 * One tunnel is enough: whole calls whose stream comes to the server, which
 * relays it to a bot that Plivo cannot reach.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/simpeer.h"
#include "tests/e2e/town.h"
#include "tests/harness/test.h"

#define SECRET "BOT_SECRET=0123456789abcdef0123456789abcdef"

enum {
	CALLS = 3,
	PROMPT_MS = 1500,
	READY_MS = 40000, /* [ms] ADMIT_GOOD_US and some more */
	LOOK_MS = 250,
};

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

static const char heard[] = "Hello.\nPlease call again later.\n";

static const char *const enforce[] = {"PLIVO_VERIFY=enforce", SECRET, NULL};
static const char *const secret[] = {SECRET, NULL};

/* The place that the call's stream asked for. */
static const char *place_of(struct town *t, const char *uuid)
{
	static char place[128];
	json_t *journal = town_journal(t);
	const char *url =
		town_str(town_find(journal, "stream-open", uuid, 0), "url");
	const char *at = strstr(url, "/ws/");

	/* It is the server that Plivo came to. */
	CHECK(at != NULL);
	CHECK(!strncmp(url + strcspn(url, ":"),
	               t->server.url + strcspn(t->server.url, ":"),
	               strlen(t->server.url) - 4));
	snprintf(place, sizeof(place), "%s", at);
	json_decref(journal);
	return place;
}

static void check_conversation(const json_t *call)
{
	CHECK_INT(4, json_array_size(json_object_get(call, "turns")));
	CHECK_STR("Hello.", town_str(call, "turns.0.text"));
	CHECK_STR("Please call again later.", town_str(call, "turns.2.text"));
	CHECK_STR("You said: Please call again later.",
	          town_str(call, "turns.3.text"));
	CHECK(town_int(call, "turns.3.heard_ms") > 1000);
	CHECK_STR("callee", town_str(call, "end.by"));
}

static void check_refused(struct town *t, const char *target, int status)
{
	struct simpeer p;

	simpeer_open(&p, t->server.url, target, "");
	CHECK_INT(status, p.status);
	CHECK(strstr(p.head, "{\"detail\":"));
	simpeer_close(&p);
}

static void a_call_is_held_through_the_server(void)
{
	static const char *const args[] = {"--ping", "300", NULL};
	static const struct town_opts opts = {
		.relay = true,
		.callee = talking_callee,
		.sentences = heard,
		.server_env = enforce,
		.bot_env = secret,
		.plivo_args = args,
	};
	struct town t;
	json_t *call;
	char place[128];

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, "{\"a\":1}"), 30000);
	check_conversation(call);
	snprintf(place, sizeof(place), "%s",
	         place_of(&t, town_str(call, "call_uuid")));
	town_no_violations(&t);
	/* Its id opens nothing any more, with or without a signature. */
	check_refused(&t, place, 404);
	check_refused(&t, "/ws/0123456789abcdefABCDEF", 404);
	CHECK(!proc_wait_log(&t.server, place + 4, 0));
	json_decref(call);
	town_close(&t);
}

static void upgrades_that_are_signed_as_wss_are_taken(void)
{
	static const char *const args[] = {"--stream-scheme", "wss", NULL};
	static const struct town_opts opts = {
		.relay = true,
		.callee = "answer after 100\nbegin stream\nwait-bot-speech\n"
			  "hangup\n",
		.server_env = enforce,
		.bot_env = secret,
		.plivo_args = args,
	};
	struct town t;

	town_open(&t, &opts);
	json_decref(town_wait_told(&t, town_dial(&t, NULL), 20000));
	town_no_violations(&t);
	town_close(&t);
}

static void an_upgrade_without_a_signature_is_refused(void)
{
	static const struct town_opts opts = {
		.relay = true, .server_env = enforce, .bot_env = secret};
	struct town t;
	json_t *call;
	char id[64];

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	call = town_wait(&t, id, "streaming", 10000);
	check_refused(&t, place_of(&t, town_str(call, "call_uuid")), 403);
	json_decref(call);
	/* Nor does it do anything to the one that runs. */
	call = town_call(&t, id);
	CHECK_STR("streaming", town_str(call, "state"));
	json_decref(call);
	town_close(&t);
}

static double answered_at(struct town *t, const char *method, const char *path,
                          const char *body, long status)
{
	const double since = simpeer_now();
	struct http_answer a;
	char url[256];

	snprintf(url, sizeof(url), "%s%s", t->server.url, path);
	http_send(&a, method, url, NULL, body);
	CHECK_INT(status, a.status);
	if (status == 503)
		CHECK(strstr(a.body, "RELAY_MAX=3"));
	http_done(&a);
	return simpeer_now() - since;
}

/* On a busy machine a bot may be late. It says so, and takes no call until it
 * was in time for half a minute; places that are taken do not show here. */
static void await_ready(const char *base)
{
	char url[256];

	snprintf(url, sizeof(url), "%s/readyz", base);
	for (unsigned waited = 0; waited < READY_MS; waited += LOOK_MS) {
		struct http_answer a;
		long status;

		http_get(&a, url);
		status = a.status;
		http_done(&a);
		if (status == 200)
			return;
		test_pause(LOOK_MS);
	}
	test_fail(__FILE__, __LINE__, "%s is not ready", base);
}

static void as_many_calls_as_the_relay_takes_do_not_disturb_each_other(void)
{
	static const char *const env[] = {"RELAY_MAX=3", SECRET, NULL};
	static const struct town_opts opts = {
		.relay = true,
		.callee = talking_callee,
		.sentences = heard,
		.server_env = env,
		.bot_env = secret,
	};
	struct town t;
	char ids[CALLS][64];
	json_t *call;

	town_open(&t, &opts);
	for (unsigned i = 0; i < CALLS; i++)
		snprintf(ids[i], sizeof(ids[i]), "%s", town_dial(&t, NULL));
	for (unsigned i = 0; i < CALLS; i++)
		json_decref(town_wait(&t, ids[i], "streaming", 10000));
	CHECK(answered_at(&t, "POST", "/start",
	                  "{\"phone_number\":\"" TOWN_TO "\"}",
	                  503) < PROMPT_MS);
	CHECK(answered_at(&t, "GET", "/readyz", NULL, 200) < PROMPT_MS);
	for (unsigned i = 0; i < CALLS; i++) {
		call = town_wait_told(&t, ids[i], 40000);
		check_conversation(call);
		json_decref(call);
	}
	/* And there is room again. */
	await_ready(t.bots[0].url);
	await_ready(t.server.url);
	json_decref(town_wait(&t, town_dial(&t, NULL), "streaming", 10000));
	town_no_violations(&t);
	town_close(&t);
}

static void a_server_that_is_ended_ends_its_calls_in_order(void)
{
	static const struct town_opts opts = {.relay = true};
	struct town t;
	json_t *call, *journal;
	const json_t *line;
	char id[64];
	double since;

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 10000));
	since = simpeer_now();
	CHECK_INT(0, proc_stop(&t.server));
	CHECK(simpeer_now() - since < 10000);
	/* Both sides were told, so the bot does not wait for another socket. */
	CHECK(proc_wait_log(&t.bots[0], "event=stream_closed code=1001", 5000));
	town_wait_journal(&t, "ended", 0, 10000);
	journal = town_journal(&t);
	line = town_find(journal, "stream-closed", NULL, 0);
	CHECK_INT(1001, town_int(line, "code"));
	json_decref(journal);
	town_start_server(&t);
	call = town_wait_told(&t, id, 20000);
	CHECK_STR("ended", town_str(call, "state"));
	json_decref(call);
	/* The next one is as good as ever. */
	json_decref(town_wait(&t, town_dial(&t, NULL), "streaming", 10000));
	town_close(&t);
}

static void a_bot_that_dies_ends_its_calls_alone(void)
{
	static const struct town_opts opts = {.relay = true};
	struct town t;
	json_t *call, *journal;
	char id[64];

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 10000));
	proc_kill(&t.bots[0]);
	town_wait_journal(&t, "ended", 0, 15000);
	journal = town_journal(&t);
	CHECK_INT(1011, town_int(town_find(journal, "stream-closed", NULL, 0),
	                         "code"));
	json_decref(journal);
	call = town_wait(&t, id, "ended", 10000);
	json_decref(call);
	town_start_bot(&t, 0);
	CHECK(proc_wait_log(&t.server, "event=bot_answers", 10000));
	json_decref(town_wait(&t, town_dial(&t, NULL), "streaming", 15000));
	town_close(&t);
}

static void a_server_that_dies_leaves_no_place_taken(void)
{
	static const char *const env[] = {"RELAY_MAX=1", NULL};
	static const struct town_opts opts = {.relay = true, .server_env = env};
	struct town t;
	char id[64];

	town_open(&t, &opts);
	snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	json_decref(town_wait(&t, id, "streaming", 10000));
	proc_kill(&t.server);
	/* Behind the stream the document hangs up. */
	town_wait_journal(&t, "ended", 0, 15000);
	town_start_server(&t);
	json_decref(town_wait_told(&t, id, 30000));
	json_decref(town_wait(&t, town_dial(&t, NULL), "streaming", 15000));
	town_close(&t);
}

static const struct test tests[] = {
	TEST_SLOW(a_call_is_held_through_the_server, 60),
	TEST_SLOW(upgrades_that_are_signed_as_wss_are_taken, 60),
	TEST_SLOW(an_upgrade_without_a_signature_is_refused, 60),
	TEST_SLOW(as_many_calls_as_the_relay_takes_do_not_disturb_each_other,
                  90),
	TEST_SLOW(a_server_that_is_ended_ends_its_calls_in_order, 60),
	TEST_SLOW(a_bot_that_dies_ends_its_calls_alone, 60),
	TEST_SLOW(a_server_that_dies_leaves_no_place_taken, 90),
};

TEST_MAIN(tests)
