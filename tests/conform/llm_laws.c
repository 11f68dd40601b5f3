#include "tests/conform/llm_laws.h"

#include <stdio.h>

#include "tests/conform/rig.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 15000 };

static void on_event(const struct llm_event *ev, void *arg)
{
	struct llm_log *log = arg;
	size_t n = strlen(log->text), c = strlen(log->call);

	log->before_open += !log->opened;
	log->after_last += log->done + log->failed > 0;
	log->after_close += log->closes && !*log->closes;
	switch (ev->type) {
	case LLM_TEXT:
		log->texts++;
		snprintf(log->text + n, sizeof(log->text) - n, "%.*s",
		         (int)ev->text_len, ev->text);
		break;
	case LLM_TOOL_CALL:
		log->calls++;
		CHECK(*ev->call.id);
		snprintf(log->call + c, sizeof(log->call) - c, "%s(%s) ",
		         ev->call.name, ev->call.arguments);
		break;
	case LLM_DONE:
		log->done++;
		log->finish = ev->finish;
		log->answer_tokens = ev->answer_tokens;
		break;
	case LLM_FAILED:
	default:
		log->failed++;
		log->err = ev->err;
		log->status = ev->status;
		log->retry_ms = ev->retry_ms;
		break;
	}
	if (log->closes && *log->closes)
		llm_close(log->closes);
}

int llm_log_ask(struct llm **llmp, struct llm_log *log,
                const struct llm_fixture *fx, const struct provider_cfg *cfg,
                const char *prompt, uint32_t deadline_ms)
{
	static const struct llm_tool tools[] = {
		{"get_time", "The time of day.",
	         "{\"type\":\"object\",\"properties\":{\"tz\":{\"type\":"
	         "\"string\"}}}"}};
	struct llm_msg msgs[] = {
		{.role = LLM_SYSTEM, .text = "You are a friendly assistant."},
		{.role = LLM_USER, .text = prompt},
	};
	struct llm_params prm = {
		.cfg = cfg,
		.msgs = msgs,
		.n_msgs = ARRAY_LEN(msgs),
		.tools = tools,
		.n_tools = ARRAY_LEN(tools),
		.call_id = "c_test",
		.first_token_ms = deadline_ms,
		.stall_ms = deadline_ms,
	};
	int err;

	memset(log, 0, sizeof(*log));
	err = llm_open(llmp, fx->ops, rig_net(), &prm, on_event, log);
	log->opened = !err;
	return err;
}

static bool has_last(void *arg)
{
	struct llm_log *log = arg;

	return log->done + log->failed > 0;
}

bool llm_log_until_last(struct llm_log *log, unsigned ms)
{
	return rig_until(has_last, log, ms);
}

static bool has_closed(void *arg)
{
	return !*((struct llm_log *)arg)->closes;
}

static bool has_text(void *arg)
{
	return ((struct llm_log *)arg)->texts > 0;
}

void llm_law_no_event_inside_open(const struct llm_fixture *fx)
{
	struct llm_log log;
	struct llm *llm;

	CHECK_INT(0, llm_log_ask(&llm, &log, fx, &fx->good, "Hello", 0));
	CHECK(llm_log_until_last(&log, WAIT_MS));
	CHECK_INT(0, log.before_open);
	rig_pace(100);
	CHECK_INT(1, log.done);
	CHECK_INT(0, log.after_last);
	llm_close(&llm);
	CHECK(!llm);
	rig_end();
}

void llm_law_one_last_event(const struct llm_fixture *fx)
{
	struct llm_log log;
	struct llm *llm = NULL;

	if (fx->bad_fails_in_open) {
		CHECK(llm_log_ask(&llm, &log, fx, &fx->bad, "Hello", 0) < 0);
		CHECK(!llm);
	} else {
		CHECK_INT(0, llm_log_ask(&llm, &log, fx, &fx->bad, "Hello", 0));
		CHECK(llm_log_until_last(&log, WAIT_MS));
		rig_pace(200);
		CHECK_INT(1, log.failed);
		CHECK_INT(0, log.done);
		CHECK_INT(0, log.after_last);
		CHECK(log.err < 0);
		llm_close(&llm);
	}
	rig_end();
}

void llm_law_nothing_after_close(const struct llm_fixture *fx)
{
	struct llm_log log, before;
	struct llm *llm;

	CHECK_INT(0, llm_log_ask(&llm, &log, fx, &fx->good, "Hello", 0));
	llm_close(&llm);
	before = log;
	rig_pace(400);
	/* Zeroed whole when it was opened, so padding is equal, too. */
	// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
	CHECK_INT(0, memcmp(&before, &log, sizeof(log)));

	CHECK_INT(0, llm_log_ask(&llm, &log, fx, &fx->good, "Hello", 0));
	CHECK(rig_until(has_text, &log, WAIT_MS));
	llm_close(&llm);
	before = log;
	rig_pace(400);
	/* Zeroed whole when it was opened, so padding is equal, too. */
	// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
	CHECK_INT(0, memcmp(&before, &log, sizeof(log)));
	rig_end();
}

void llm_law_close_inside_handler(const struct llm_fixture *fx)
{
	struct llm_log log;
	struct llm *llm;

	CHECK_INT(0, llm_log_ask(&llm, &log, fx, &fx->good, "Hello", 0));
	log.closes = &llm;
	CHECK(rig_until(has_closed, &log, WAIT_MS));
	rig_pace(300);
	CHECK_INT(0, log.after_close);
	rig_end();
}

struct llm_log llm_log_answer(const struct llm_fixture *fx, const char *url,
                              const char *prompt, uint32_t deadline_ms)
{
	struct llm_log log;
	struct llm *llm;

	CHECK_INT(0,
	          llm_log_ask(&llm, &log, fx, &fx->good, prompt, deadline_ms));
	CHECK(llm_log_until_last(&log, 12000));
	CHECK_INT(1, log.done + log.failed);
	rig_no_violations(url);
	llm_close(&llm);
	rig_end();
	return log;
}
