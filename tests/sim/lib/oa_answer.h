/*
 * oa_answer.h - one answer of the simulated model, token by token
 */
#ifndef TESTS_SIM_LIB_OA_ANSWER_H
#define TESTS_SIM_LIB_OA_ANSWER_H

#include "common/list.h"
#include "tests/sim/lib/oa_script.h"
#include "tests/sim/lib/sim.h"

enum { OA_RECORDS_MAX = 500 /* answers kept for the state */ };

/* In what compatible servers differ from the original. */
struct oa_dialect {
	const char *name;
	const char *fingerprint; /* NULL: no such member */
	bool strict;             /* refuses members it does not know */
	bool null_usage;         /* "usage":null in every chunk */
	bool obfuscation;
	bool role_always;  /* in every delta */
	bool whole_calls;  /* a tool call in one delta */
	bool index_zero;   /* all calls have index 0 */
	bool finish_usage; /* usage with finish_reason, not behind it */
	bool timings;
	bool x_groq;
	bool filter_results; /* Azure's first chunk without choices */
};

struct oa_cfg {
	uint32_t ttft_ms;
	uint32_t rate; /* tokens a second */
	uint32_t jitter_ms;
	const struct oa_dialect *dialect;
	struct link answers;
	json_t *records;
};

/* NULL: no such dialect. */
const struct oa_dialect *oa_dialect_find(const char *name);

/* Answer a checked request. @no: which one. */
void oa_answer_begin(struct oa_cfg *cfg, struct sim *s, struct simreq *r,
                     unsigned no, const struct oa_rule *rule,
                     const json_t *body);

/* What the state says of open answers: appended to @list. */
void oa_answers_state(const struct oa_cfg *cfg, json_t *list);

#endif
