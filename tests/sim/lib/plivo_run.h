/*
 * plivo_run.h - answer documents: fetched, read, and carried out in order
 */
#ifndef TESTS_SIM_LIB_PLIVO_RUN_H
#define TESTS_SIM_LIB_PLIVO_RUN_H

#include "tests/sim/lib/plivo_call.h"

/* Fetch @url and go on with its document; the call ends when there is none. */
void psim_run_fetch(struct psim_call *c, const char *url, bool get,
                    enum psim_purpose purpose);

/* The stream of the call is over; the document may go on. */
void psim_run_stream_over(struct psim_call *c);

#endif
