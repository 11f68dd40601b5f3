/*
 * Both programs as systemd's units run them: Type=notify, a watchdog, SIGTERM
 * to stop. This test is the supervisor. What the units say is read from their
 * files, so that a number changed there is a number tried here.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/supervisor.h"
#include "tests/harness/test.h"

enum {
	BEAT_MS = 100, /* half of WATCHDOG_USEC below */
	LATE_MS = 5000,
	/* Kept by the bot beside BOT_DRAIN: goodbyes, last events. */
	BOT_REST_SEC = 20,
	/* Of the server: a /start that waits for its answer. */
	SERVER_REST_SEC = 15,
};

static const char server_unit[] = "deploy/systemd/dialout-server.service";
static const char bot_unit[] = "deploy/systemd/dialout-bot@.service";

static struct town town;
static struct supervisor of_server, of_bot;
static const char *server_env[4], *bot_env[4];
static struct town_opts opts = {.server_env = server_env, .bot_env = bot_env};

static void open_one(struct supervisor *s, const char *name, const char **env)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s.notify", proc_temp_dir(), name);
	supervisor_open(s, path);
	env[0] = s->env;
	env[1] = "WATCHDOG_USEC=200000";
}

static void open_all(const char *callee)
{
	opts.callee = callee;
	open_one(&of_server, "server", server_env);
	open_one(&of_bot, "bot", bot_env);
	town_open(&town, &opts);
}

/* The town ends what still runs. */
static void close_all(void)
{
	town_close(&town);
	supervisor_close(&of_server);
	supervisor_close(&of_bot);
}

static void hear_beats(struct supervisor *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		CHECK(supervisor_hear(s, LATE_MS));
		CHECK_STR("WATCHDOG=1", s->got);
	}
}

/* What has piled up in the socket; from then on, messages are news. */
static void forget_beats(struct supervisor *s)
{
	while (supervisor_hear(s, 0))
		CHECK_STR("WATCHDOG=1", s->got);
}

static long seconds_of(const char *file, const char *name)
{
	const char *text = proc_file(file), *at = strstr(text, name);

	CHECK(at && (at == text || at[-1] == '\n'));
	return strtol(at + strlen(name), NULL, 10);
}

static void both_say_when_they_are_ready_alive_and_stopping(void)
{
	open_all(NULL);
	/* The server's first beat is on its own thread: before or after. */
	supervisor_wait(&of_server, "READY=1", LATE_MS);
	CHECK_INT(0, supervisor_wait(&of_bot, "READY=1", LATE_MS));
	hear_beats(&of_server, 5);
	hear_beats(&of_bot, 5);
	CHECK_INT(0, proc_stop(&town.server));
	CHECK_INT(0, proc_stop(&town.bots[0]));
	supervisor_wait(&of_server, "STOPPING=1", LATE_MS);
	supervisor_wait(&of_bot, "STOPPING=1", LATE_MS);
	close_all();
}

static void a_program_that_hangs_falls_silent(void)
{
	struct proc *both[] = {&town.server, &town.bots[0]};
	struct supervisor *heard[] = {&of_server, &of_bot};

	open_all(NULL);
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		supervisor_wait(heard[i], "READY=1", LATE_MS);
		CHECK_INT(0, kill(both[i]->pid, SIGSTOP));
		/* One may be under way; several that are late may not. */
		supervisor_hear(heard[i], 20 * BEAT_MS);
		forget_beats(heard[i]);
		CHECK(!supervisor_hear(heard[i], 10 * BEAT_MS));
		CHECK_INT(0, kill(both[i]->pid, SIGCONT));
		hear_beats(heard[i], 2);
	}
	close_all();
}

static const char long_callee[] = "answer after 100\n"
				  "begin stream\n"
				  "silence 300\n"
				  "play hello.wav\n"
				  "wait-bot-speech max 8000\n"
				  "wait-bot-silence 900 max 20000\n"
				  "play please-try-call-later.wav\n"
				  "wait-bot-speech max 8000\n"
				  "wait-bot-silence 900 max 20000\n"
				  "hangup\n";

static void a_bot_that_is_stopped_lets_its_call_end_and_stays_alive(void)
{
	struct http_answer a;
	const char *id;
	char *mine;
	json_t *call;

	open_all(long_callee);
	id = town_dial(&town, NULL);
	mine = strdup(id);
	json_decref(town_wait(&town, mine, "streaming", 10000));
	supervisor_wait(&of_bot, "READY=1", LATE_MS);
	CHECK_INT(0, kill(town.bots[0].pid, SIGTERM));
	supervisor_wait(&of_bot, "STOPPING=1", LATE_MS);
	/* While it waits the watchdog must hear it still. */
	hear_beats(&of_bot, 5);
	town_post_start(&town, &a, "{\"phone_number\":\"+15551234568\"}");
	CHECK_INT(503, a.status);
	http_done(&a);
	call = town_wait_told(&town, mine, 30000);
	CHECK_STR("callee", town_str(call, "end.by"));
	CHECK(json_array_size(json_object_get(call, "turns")) >= 4);
	json_decref(call);
	CHECK_INT(0, proc_wait(&town.bots[0], PROC_END_MS));
	free(mine);
	close_all();
}

static void the_units_leave_time_for_an_orderly_end(void)
{
	struct proc check;
	const char *env[] = {"LLM=script", "STT=embedded", "TTS=embedded",
	                     NULL};
	const char *args[] = {"--check", NULL};
	char dir[160];
	const char *drain;
	long stop = seconds_of(bot_unit, "TimeoutStopSec=");

	snprintf(dir, sizeof(dir), "%s/check", proc_temp_dir());
	CHECK_INT(0, proc_run(&check, "dialout-bot", dir, args, env));
	drain = strstr(proc_log(&check), "BOT_DRAIN=");
	CHECK(drain != NULL);
	CHECK(stop > strtol(drain + 10, NULL, 10) + BOT_REST_SEC);
	CHECK(seconds_of(server_unit, "TimeoutStopSec=") > SERVER_REST_SEC * 2);
	CHECK(seconds_of(server_unit, "WatchdogSec=") >= 10);
	CHECK(seconds_of(bot_unit, "WatchdogSec=") >= 10);
}

static const struct test tests[] = {
	TEST_SLOW(both_say_when_they_are_ready_alive_and_stopping, 60),
	TEST_SLOW(a_program_that_hangs_falls_silent, 60),
	TEST_SLOW(a_bot_that_is_stopped_lets_its_call_end_and_stays_alive, 90),
	TEST(the_units_leave_time_for_an_orderly_end),
};

TEST_MAIN(tests)
