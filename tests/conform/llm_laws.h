/*
 * llm_laws.h - the five laws of callbacks, checked on any language model
 */
#ifndef TESTS_CONFORM_LLM_LAWS_H
#define TESTS_CONFORM_LLM_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/provider/llm.h"

struct llm_fixture {
	const struct llm_ops *ops;
	struct provider_cfg good;
	struct provider_cfg bad; /* cannot work */
	bool bad_fails_in_open;
};

/* What a model said. */
struct llm_log {
	unsigned texts, calls, done, failed, after_last, before_open;
	unsigned after_close;
	bool opened;
	int err, status;
	uint32_t retry_ms, answer_tokens;
	enum llm_finish finish;
	char text[4096];
	char call[512];      /* "name(arguments) " of each */
	struct llm **closes; /* close this one in the next event */
};

/* Ask @prompt, with the deadlines (0: the default) of the model. */
int llm_log_ask(struct llm **llmp, struct llm_log *log,
                const struct llm_fixture *fx, const struct provider_cfg *cfg,
                const char *prompt, uint32_t deadline_ms);

/* Run until the last event; false after @ms. */
bool llm_log_until_last(struct llm_log *log, unsigned ms);

void llm_law_no_event_inside_open(const struct llm_fixture *fx);
void llm_law_one_last_event(const struct llm_fixture *fx);
void llm_law_nothing_after_close(const struct llm_fixture *fx);
void llm_law_close_inside_handler(const struct llm_fixture *fx);

#endif
