/*
 * All providers die in mid-call, as processes do: the person hears an end of
 * it, spoken before anything had failed.
 */
#define _GNU_SOURCE
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

static const struct town_opts opts = {
	.callee = "answer after 100\nbegin stream\nsilence 300\n"
		  "play hello.wav\n"
		  "wait-bot-speech max 8000\n"
		  "wait-bot-silence 900 max 20000\n"
		  "silence 1500\n"
		  "play vm-goodbye.wav\n"
		  "wait-hangup max 30000\n",
	.agent = "{\"greeting\":\"Good morning.\"}",
	.sentences = "Hello.\nWhen do you open?\n",
	.words = "good morning i have trouble on my side i will have to hang "
		 "up goodbye",
};

static void the_callee_hears_a_goodbye_when_everything_is_dead(void)
{
	struct town t;
	const char *id;
	json_t *call, *journal;
	unsigned n;

	town_open(&t, &opts);
	/* What it may need is spoken as soon as it has started. */
	CHECK(proc_wait_log(&t.bots[0], "event=complete", 10000));
	id = town_dial(&t, NULL);
	town_wait_journal(&t, "word", 1, 10000);
	proc_kill(&t.deepgram);
	proc_kill(&t.openai);
	proc_kill(&t.cartesia);
	call = town_wait_told(&t, id, 30000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK(strcmp(town_str(call, "end.by"), "callee") != 0);
	journal = town_journal(&t);
	CHECK_INT(0, town_count(journal, "callee-hangup", NULL));
	n = town_count(journal, "word", NULL);
	CHECK(n > 5);
	CHECK_STR("goodbye",
	          town_str(town_find(journal, "word", NULL, n - 1), "word"));
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"the_callee_hears_a_goodbye_when_everything_is_dead",
         the_callee_hears_a_goodbye_when_everything_is_dead, 60},
};

TEST_MAIN(tests)
