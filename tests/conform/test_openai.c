#define _POSIX_C_SOURCE 200809L
#include "bot/provider/openai.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "tests/conform/llm_laws.h"
#include "tests/conform/rig.h"
#include "tests/harness/proc.h"
#include "tests/harness/test.h"

static struct llm_fixture fx = {.ops = &llm_openai_ops};

static const char *also; /* another fault */

static const char *begin(const char *fault, const char *dialect)
{
	static char base[256];
	const char *args[] = {"--key",
	                      "k",
	                      "--ttft-ms",
	                      "30",
	                      "--script",
	                      proc_temp_file(LLM_SIM_RULES),
	                      "--dialect",
	                      dialect ? dialect : "openai",
	                      fault ? "--fault" : NULL,
	                      fault,
	                      also ? "--fault" : NULL,
	                      also,
	                      NULL};
	const char *url = rig_sim("openai-sim", "http", 0, args);

	snprintf(base, sizeof(base), "%s/v1", url);
	fx.good = (struct provider_cfg){.key = "k", .url = base};
	fx.bad = fx.good;
	fx.bad.key = "wrong";
	return url;
}

LLM_LAWS(&fx, begin(NULL, NULL))

/* Ask under a fault; the log is the answer. */
static struct llm_log ask(const char *fault, const char *dialect,
                          const char *prompt, uint32_t deadline_ms)
{
	return llm_log_answer(&fx, begin(fault, dialect), prompt, deadline_ms);
}

static void an_answer_is_streamed_with_its_usage(void)
{
	struct llm_log log = ask(NULL, NULL, "Good morning", 0);

	CHECK_STR("You said: Good morning", log.text);
	CHECK(log.texts > 1);
	CHECK_INT(LLM_STOP, log.finish);
	CHECK(log.answer_tokens > 0);
}

static void parallel_tool_calls_come_whole_behind_the_text(void)
{
	struct llm_log log = ask(NULL, NULL, "What time is it?", 0);

	CHECK_STR("One moment.", log.text);
	CHECK_STR("get_time({\"tz\":\"UTC\"}) get_time({\"tz\":\"CET\"}) ",
	          log.call);
	CHECK_INT(LLM_TOOL_CALLS, log.finish);
}

static void every_dialect_answers_and_calls(void)
{
	static const char *const dialects[] = {"llama.cpp", "ollama", "vllm",
	                                       "groq", "azure"};

	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		struct llm_log log =
			ask(NULL, dialects[i], "What time is it?", 0);

		if (log.failed || log.calls != 2)
			test_fail(__FILE__, __LINE__, "%s: %d, %s", dialects[i],
			          log.err, log.call);
		CHECK_STR("One moment.", log.text);
	}
}

static void bytes_cut_anywhere_make_the_same_text(void)
{
	static const char *const faults[] = {"shred", "crlf", "comments"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct llm_log log = ask(faults[i], NULL, "Un caf\xc3\xa9", 0);

		CHECK_STR(
			"Un caf\xc3\xa9 \xe2\x98\x95, s'il vous pla\xc3\xaet.",
			log.text);
		CHECK_INT(1, log.done);
	}
}

static void what_servers_leave_out_is_no_failure(void)
{
	CHECK_INT(1, ask("no-done", NULL, "Hello", 0).done);
	CHECK_INT(1, ask("no-usage", NULL, "Hello", 0).done);
}

/* The last sentence waits for the end of the answer, not of the connection. */
static void an_answer_is_over_with_its_last_event(void)
{
	struct timespec from, to;
	struct llm_log log;

	clock_gettime(CLOCK_MONOTONIC, &from);
	log = ask("no-end", NULL, "Good morning", 4000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK_INT(1, log.done);
	CHECK_STR("You said: Good morning", log.text);
	CHECK_INT(LLM_STOP, log.finish);
	CHECK(to.tv_sec - from.tv_sec < 4);
	/* Without [DONE] too, once nothing has come for a while. */
	also = "no-done";
	log = ask("no-end", NULL, "Good morning", 800);
	CHECK_INT(1, log.done);
	CHECK_INT(0, log.failed);
}

static void failures_are_told_apart(void)
{
	static const struct {
		const char *fault;
		int err;
	} cases[] = {
		{"error:401", ERR_AUTH},   {"error:500", -EBUSY},
		{"error:503", -EBUSY},     {"error:404", ERR_PROVIDER},
		{"html-error", -EBUSY},    {"no-answer", -ETIMEDOUT},
		{"stall-mid", -ETIMEDOUT},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct llm_log log = ask(cases[i].fault, NULL,
		                         "Hello there, my friend", 800);

		if (!log.failed || log.err != cases[i].err)
			test_fail(__FILE__, __LINE__, "%s: %d (done %u)",
			          cases[i].fault, log.err, log.done);
	}
}

static void a_broken_stream_is_a_failure(void)
{
	static const char *const faults[] = {"mid-error", "cut", "no-finish",
	                                     "json-body", "bad-json"};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct llm_log log =
			ask(faults[i], NULL, "Hello there, my friend", 800);

		if (!log.failed || log.err >= 0)
			test_fail(__FILE__, __LINE__, "%s: %d", faults[i],
			          log.err);
	}
}

static const struct test tests[] = {
	LLM_LAW_TESTS,
	TEST(an_answer_is_streamed_with_its_usage),
	TEST(an_answer_is_over_with_its_last_event),
	TEST(parallel_tool_calls_come_whole_behind_the_text),
	TEST_SLOW(every_dialect_answers_and_calls, 40),
	TEST_SLOW(bytes_cut_anywhere_make_the_same_text, 40),
	TEST(what_servers_leave_out_is_no_failure),
	TEST_SLOW(failures_are_told_apart, 40),
	TEST_SLOW(a_broken_stream_is_a_failure, 40),
};

TEST_MAIN(tests)
