#include "bot/provider/anthropic.h"

#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "tests/conform/llm_laws.h"
#include "tests/conform/rig.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static struct llm_fixture fx = {.ops = &llm_anthropic_ops};

static const char *begin(const char *fault)
{
	const char *args[] = {"--key",
	                      "k",
	                      "--ttft-ms",
	                      "30",
	                      "--script",
	                      proc_temp_file(LLM_SIM_RULES),
	                      fault ? "--fault" : NULL,
	                      fault,
	                      NULL};
	const char *url = rig_sim("anthropic-sim", "http", 0, args);

	fx.good = (struct provider_cfg){.key = "k", .url = url};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return url;
}

LLM_LAWS(&fx, begin(NULL))

/* Ask under a fault; the log is the answer. */
static struct llm_log ask(const char *fault, const char *prompt,
                          uint32_t deadline_ms)
{
	return llm_log_answer(&fx, begin(fault), prompt, deadline_ms);
}

static void an_answer_is_streamed_with_its_usage(void)
{
	struct llm_log log = ask(NULL, "Good morning", 0);

	CHECK_STR("You said: Good morning", log.text);
	CHECK(log.texts > 1);
	CHECK_INT(LLM_STOP, log.finish);
	CHECK_INT(log.texts, log.answer_tokens);
}

static void parallel_tool_calls_come_whole_behind_the_text(void)
{
	struct llm_log log = ask(NULL, "What time is it?", 0);

	CHECK_STR("One moment.", log.text);
	CHECK_STR("get_time({\"tz\":\"UTC\"}) get_time({\"tz\":\"CET\"}) ",
	          log.call);
	CHECK_INT(LLM_TOOL_CALLS, log.finish);
}

static void thinking_and_pings_are_not_spoken(void)
{
	static const char *const faults[] = {"thinking", "pings"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct llm_log log = ask(faults[i], "What time is it?", 0);

		CHECK_STR("One moment.", log.text);
		CHECK_INT(2, log.calls);
	}
}

static void bytes_cut_anywhere_make_the_same_text(void)
{
	static const char *const faults[] = {"shred", "crlf"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct llm_log log = ask(faults[i], "Un caf\xc3\xa9", 0);

		CHECK_STR(
			"Un caf\xc3\xa9 \xe2\x98\x95, s'il vous pla\xc3\xaet.",
			log.text);
		CHECK_INT(1, log.done);
	}
}

static void the_reason_of_the_end_is_told(void)
{
	CHECK_INT(LLM_LENGTH, ask("finish:max_tokens", "Hello", 0).finish);
	CHECK_INT(LLM_FILTER, ask("finish:refusal", "Hello", 0).finish);
}

static void failures_are_told_apart(void)
{
	static const struct {
		const char *fault;
		int err;
	} cases[] = {
		{"error:401", ERR_AUTH},   {"error:402", -EDQUOT},
		{"error:429", ERR_LIMIT},  {"error:404", ERR_PROVIDER},
		{"error:529", -EBUSY},     {"html-error", -EBUSY},
		{"mid-error", -EBUSY},     {"no-answer", -ETIMEDOUT},
		{"stall-mid", -ETIMEDOUT}, {"no-stop", -ECONNRESET},
		{"bad-json", ERR_PROTO},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct llm_log log =
			ask(cases[i].fault, "Hello there, my friend", 800);

		if (!log.failed || log.err != cases[i].err)
			test_fail(__FILE__, __LINE__, "%s: %d (done %u)",
			          cases[i].fault, log.err, log.done);
	}
	CHECK(ask("cut", "Hello there, my friend", 800).failed);
}

static bool has_last(void *arg)
{
	const unsigned *last = arg;

	return *last > 0;
}

struct reply {
	unsigned last, done;
	char text[512];
};

static void on_reply(const struct llm_event *ev, void *arg)
{
	struct reply *r = arg;
	size_t n = strlen(r->text);

	if (ev->type == LLM_TEXT)
		snprintf(r->text + n, sizeof(r->text) - n, "%.*s",
		         (int)ev->text_len, ev->text);
	r->done += ev->type == LLM_DONE;
	r->last += ev->type == LLM_DONE || ev->type == LLM_FAILED;
}

/* What a session asks after the bot has greeted and two tools have run: each
 * call is an entry of its own, as chat.c keeps them. */
static void a_conversation_with_tools_keeps_the_api_s_rules(void)
{
	const struct llm_tool_call calls[] = {
		{"toolu_1", "get_time", "{\"tz\":\"UTC\"}"},
		{"toolu_2", "get_time", "no JSON"}};
	const struct llm_msg msgs[] = {
		{.role = LLM_SYSTEM, .text = "Be brief."},
		{.role = LLM_ASSISTANT, .text = "Hello, this is the clinic."},
		{.role = LLM_USER, .text = "Hi."},
		{.role = LLM_USER, .text = "When do you open?"},
		{.role = LLM_ASSISTANT, .text = "One moment."},
		{.role = LLM_ASSISTANT,
	         .text = "",
	         .calls = &calls[0],
	         .n_calls = 1},
		{.role = LLM_ASSISTANT,
	         .text = "",
	         .calls = &calls[1],
	         .n_calls = 1},
		{.role = LLM_TOOL, .text = "12:00", .call_id = "toolu_1"},
		{.role = LLM_TOOL, .text = "an error", .call_id = "toolu_2"}};
	const char *url = begin(NULL);
	struct llm_params prm = {.cfg = &fx.good,
	                         .msgs = msgs,
	                         .n_msgs = ARRAY_LEN(msgs),
	                         .has_temperature = true,
	                         .temperature = 1.5,
	                         .call_id = "c_test"};
	struct reply reply = {0};
	struct llm *llm;

	CHECK_INT(0, llm_open(&llm, fx.ops, rig_net(), &prm, on_reply, &reply));
	CHECK(rig_until(has_last, &reply.last, 12000));
	CHECK_INT(1, reply.done);
	CHECK_STR("The tool said: an error", reply.text);
	rig_no_violations(url);
	llm_close(&llm);
	rig_end();
}

static const struct test tests[] = {
	LLM_LAW_TESTS,
	TEST(an_answer_is_streamed_with_its_usage),
	TEST(parallel_tool_calls_come_whole_behind_the_text),
	TEST(thinking_and_pings_are_not_spoken),
	TEST_SLOW(bytes_cut_anywhere_make_the_same_text, 40),
	TEST(the_reason_of_the_end_is_told),
	TEST_SLOW(failures_are_told_apart, 60),
	TEST(a_conversation_with_tools_keeps_the_api_s_rules),
};

TEST_MAIN(tests)
