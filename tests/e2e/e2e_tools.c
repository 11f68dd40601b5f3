/*
 * What the bot does besides talking, through the real programs: keys that
 * Plivo hears, a request to a host over HTTP, and a number that is not called
 * again.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/e2e/town.h"
#include "tests/fake/http_server.h"
#include "tests/harness/test.h"

static const char callee[] = "answer after 100\nbegin stream\nsilence 300\n"
			     "play hello.wav\n"
			     "wait-bot-speech max 8000\n"
			     "wait-bot-silence 900 max 20000\n"
			     "play please-try-call-later.wav\n"
			     "wait-hangup max 20000\n";

static char asked[600]; /* written before the model can know of it */

static void give_slots(const struct fake_request *req,
                       struct fake_answer *answer, void *arg)
{
	(void)arg;
	(void)snprintf(asked, sizeof(asked), "%s %s", req->method, req->path);
	(void)snprintf(answer->body, sizeof(answer->body), "[\"nine\"]");
}

/* The names of the tools in the call's events, in order. */
static void list_tools(const json_t *call, char *out, size_t cap)
{
	const json_t *events = town_at(call, "events");
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(events) && n < cap; i++) {
		const json_t *ev = json_array_get(events, i);

		if (!strcmp(town_str(ev, "type"), "tool"))
			n += (size_t)snprintf(out + n, cap - n, "%s ",
			                      town_str(ev, "data.name"));
	}
}

/* As soon as the ledger has heard of it, and not when the call is over. */
static void await_no_more_calls(struct town *t, const char *call_id)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct http_answer a;
	char tools[128] = "", state[32] = "";

	for (int i = 0; !strstr(tools, "do_not_call "); i++) {
		json_t *call = town_call(t, call_id);

		CHECK(i < 2000);
		list_tools(call, tools, sizeof(tools));
		(void)snprintf(state, sizeof(state), "%s",
		               town_str(call, "state"));
		json_decref(call);
		nanosleep(&pause, NULL);
	}
	CHECK_STR("streaming", state);
	town_post_start(t, &a, "{\"phone_number\":\"" TOWN_TO "\"}");
	CHECK_INT(403, a.status);
	http_done(&a);
}

static void tools_reach_the_line_a_host_and_the_ledger(void)
{
	char agent[1024], tools[128], id[64];
	const struct town_opts opts = {
		.callee = callee,
		.sentences = "Hello.\nThank you, goodbye.\n",
		.agent = agent,
		.answers = "when user goodbye\n"
			   "call slots {\"day\":\"to day\"}\n"
			   "call send_dtmf {\"digits\":\"12#\"}\n"
			   "call do_not_call {}\n"
			   "when tool *\n"
			   "say I am done, goodbye.\n"
			   "call end_call {}\n",
	};
	struct town t;
	json_t *call, *journal;

	(void)snprintf(agent, sizeof(agent),
	               "{\"greeting\":\"Good morning.\",\"tools\":["
	               "\"end_call\",\"send_dtmf\",\"do_not_call\",{\"name\":"
	               "\"slots\",\"description\":\"Free slots\",\"http\":{"
	               "\"method\":\"GET\",\"url\":"
	               "\"http://127.0.0.1:%u/slots/{{day}}\","
	               "\"allow_private\":true},\"filler\":\"One moment.\"}]}",
	               fake_http_open(give_slots, NULL));
	town_open(&t, &opts);
	(void)snprintf(id, sizeof(id), "%s", town_dial(&t, NULL));
	await_no_more_calls(&t, id);
	call = town_wait_told(&t, id, 40000);
	CHECK_STR("ended", town_str(call, "state"));
	CHECK_STR("GET /slots/to%20day", asked);
	list_tools(call, tools, sizeof(tools));
	CHECK(strstr(tools, "slots ") != NULL);
	CHECK(strstr(tools, "send_dtmf ") != NULL);
	CHECK(strstr(tools, "end_call ") != NULL);
	journal = town_journal(&t);
	CHECK_INT(1, town_count(journal, "dtmf-heard", NULL));
	CHECK_STR("12#", town_str(town_find(journal, "dtmf-heard", NULL, 0),
	                          "digits"));
	town_no_violations(&t);
	json_decref(journal);
	json_decref(call);
	town_close(&t);
}

static const struct test tests[] = {
	{"tools_reach_the_line_a_host_and_the_ledger",
         tools_reach_the_line_a_host_and_the_ledger, 60},
};

TEST_MAIN(tests)
