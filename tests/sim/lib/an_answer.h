/*
 * an_answer.h - one answer of the simulated Claude, token by token
 */
#ifndef TESTS_SIM_LIB_AN_ANSWER_H
#define TESTS_SIM_LIB_AN_ANSWER_H

#include "common/list.h"
#include "tests/sim/lib/oa_script.h"
#include "tests/sim/lib/sim.h"

enum { AN_RECORDS_MAX = 500 /* answers kept for the state */ };

struct an_cfg {
	uint32_t ttft_ms;
	uint32_t rate; /* tokens a second */
	struct link answers;
	json_t *records;
};

/* Answer a checked request. @no: which one; @plain: an_plain() of it. */
void an_answer_begin(struct an_cfg *cfg, struct sim *s, struct simreq *r,
                     unsigned no, const struct oa_rule *rule,
                     const json_t *body, const json_t *plain);

#endif
