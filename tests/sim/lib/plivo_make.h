/*
 * plivo_make.h - the body of Make Call, checked field by field
 */
#ifndef TESTS_SIM_LIB_PLIVO_MAKE_H
#define TESTS_SIM_LIB_PLIVO_MAKE_H

#include "common/js.h"
#include "tests/sim/lib/plivo_sim.h"

enum { PSIM_WHY_MAX = 300 /* [bytes] with terminator */ };

/* 0, or the HTTP status of the refusal and Plivo's text in @why. Fields that
 * Plivo does not know become warnings of the journal. */
int psim_make_check(struct psim *s, json_t *body,
                    char why[PSIM_WHY_MAX]) MUST_CHECK;

#endif
