/*
 * eot_laws.h - the laws of callbacks, checked on any model that hears the end
 * of a turn
 */
#ifndef TESTS_CONFORM_EOT_LAWS_H
#define TESTS_CONFORM_EOT_LAWS_H

#include <stddef.h>
#include <stdint.h>

#include "bot/eot.h"

enum {
	EOT_WITHIN_MS = 10000, /* patience of a question whose answer counts */
};

struct eot_fixture {
	const struct eot_ops *ops;
	void *env, *bad_env; /* with the second, open fails */
	/* Let time go by until an answer may have come. */
	void (*run)(unsigned ms);
	/* A finished sentence; 8000 Hz. */
	const int16_t *speech;
	size_t n;
};

struct eot_log {
	unsigned answers, before_open, inside_ask, after_close;
	uint32_t ask; /* the last one answered */
	enum endpoint_verdict verdict;
	bool opened, asking, closed;
	struct eot **closes; /* close this one in the next answer */
};

int eot_log_open(struct eot **ep, struct eot_log *log,
                 const struct eot_fixture *fx);
/* The turn, in pieces of 20 ms, and the question. */
void eot_log_ask(struct eot *e, struct eot_log *log,
                 const struct eot_fixture *fx, uint32_t ask,
                 uint32_t within_ms);
/* Run until there are @n answers; fails the test when they stay away. */
void eot_log_until(const struct eot_log *log, const struct eot_fixture *fx,
                   unsigned n);

void eot_law_error_means_silence(const struct eot_fixture *fx);
void eot_law_no_answer_before_its_question(const struct eot_fixture *fx);
void eot_law_a_question_is_answered_once(const struct eot_fixture *fx);
void eot_law_only_the_last_question_is_answered(const struct eot_fixture *fx);
void eot_law_nothing_after_close(const struct eot_fixture *fx);
void eot_law_close_inside_handler(const struct eot_fixture *fx);
void eot_law_a_question_before_any_sound_is_harmless(
	const struct eot_fixture *fx);

#endif
