/*
 * sim_int.h - between the files of sim.h
 */
#ifndef TESTS_SIM_LIB_SIM_INT_H
#define TESTS_SIM_LIB_SIM_INT_H

#include "common/str.h"
#include "tests/sim/lib/sim.h"

/* NULL, or what is wrong with @text. */
const char *sim_add_fault(struct sim *s, struct str text);

/* Serve /sim/...; false for any other path. */
bool sim_control(struct sim *s, struct simreq *r);

#endif
