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

/* What a simulator's rules (--script) say for these tests: an answer with two
 * calls to whoever asks for the time, one beyond ASCII to whoever wants a coffee. */
#define LLM_SIM_RULES                                                   \
	"when user time\nsay One moment.\ncall get_time "               \
	"{\"tz\":\"UTC\"}\ncall get_time {\"tz\":\"CET\"}\n\n"          \
	"when user caf\xc3\xa9\nsay Un caf\xc3\xa9 \xe2\x98\x95, s'il " \
	"vous pla\xc3\xaet.\n"

/* The whole answer of the good one, a simulator at @url that must see no
 * violation; closes the rig. */
struct llm_log llm_log_answer(const struct llm_fixture *fx, const char *url,
                              const char *prompt, uint32_t deadline_ms);

void llm_law_no_event_inside_open(const struct llm_fixture *fx);
void llm_law_one_last_event(const struct llm_fixture *fx);
void llm_law_nothing_after_close(const struct llm_fixture *fx);
void llm_law_close_inside_handler(const struct llm_fixture *fx);

/* A test of this name that is a law, behind @begin. */
#define LLM_LAW(name, law, fx, begin) \
	static void name(void)        \
	{                             \
		begin;                \
		llm_law_##law(fx);    \
	}

/* All of them under names that fit any model; and their rows. */
#define LLM_LAWS(fx, begin)                                                  \
	LLM_LAW(no_event_comes_inside_open, no_event_inside_open, fx, begin) \
	LLM_LAW(a_refusal_is_one_last_event, one_last_event, fx, begin)      \
	LLM_LAW(nothing_comes_after_close, nothing_after_close, fx, begin)   \
	LLM_LAW(close_is_fine_inside_the_handler, close_inside_handler, fx,  \
	        begin)

/* clang-format off */
#define LLM_LAW_TESTS                                                        \
	TEST(no_event_comes_inside_open), TEST(a_refusal_is_one_last_event), \
	TEST(nothing_comes_after_close),                                     \
	TEST(close_is_fine_inside_the_handler)
/* clang-format on */

#endif
