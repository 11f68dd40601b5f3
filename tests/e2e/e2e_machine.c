/*
 * Plivo hears a machine where the bot has heard a person: the word goes from
 * the carrier over the server to the bot that has the call, and the model is
 * asked.
 */
#define _GNU_SOURCE
#include <string.h>

#include "tests/e2e/town.h"
#include "tests/harness/test.h"

#define CALLEE                                                   \
	"machine\nanswer after 100\nbegin stream\nsilence 300\n" \
	"play hello.wav\nwait-hangup max 30000\n"

static const char agent[] =
	"{\"greeting\":\"Good morning.\",\"machine\":{\"carrier\":true}}";

/* Is there such an event in the ledger? */
static bool has_event(const json_t *call, const char *type)
{
	const json_t *events = town_at(call, "events");

	for (size_t i = 0; i < json_array_size(events); i++)
		if (!strcmp(town_str(json_array_get(events, i), "type"), type))
			return true;
	return false;
}

static void a_machine_that_says_hello_is_left_once_plivo_has_heard_it(void)
{
	static const struct town_opts opts = {
		.callee = CALLEE,
		.sentences = "Hello.\n",
		.agent = agent,
		.answers = "when user hello\nsay voicemail\n"};
	struct town t;
	json_t *call;

	town_open(&t, &opts);
	call = town_wait_told(&t, town_dial(&t, NULL), 40000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("voicemail", town_str(call, "end.cause"));
	CHECK(has_event(call, "machine"));
	json_decref(call);
	town_no_violations(&t);
	town_close(&t);
}

static const struct test tests[] = {
	{"a_machine_that_says_hello_is_left_once_plivo_has_heard_it",
         a_machine_that_says_hello_is_left_once_plivo_has_heard_it, 60},
};

TEST_MAIN(tests)
