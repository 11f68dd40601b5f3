/*
 * plivo_fetch.h - one HTTP request to a webhook, with Plivo's two time-outs
 */
#ifndef TESTS_SIM_LIB_PLIVO_FETCH_H
#define TESTS_SIM_LIB_PLIVO_FETCH_H

#include "tests/sim/lib/plivo_http.h"
#include "tests/sim/lib/plivo_loop.h"
#include "tests/sim/lib/plivo_url.h"

struct psim_fetch;

enum psim_fetch_end {
	PSIM_FETCH_DONE,    /* an answer, whatever its status */
	PSIM_FETCH_CONNECT, /* no connection within ct */
	PSIM_FETCH_READ,    /* no answer within rt, or closed without one */
	PSIM_FETCH_TORN,    /* part of an answer, or none that is HTTP */
};

/* @m is NULL but for PSIM_FETCH_DONE; @err says what went wrong. The fetch is
 * over: psim_fetch_close() it here or later. */
typedef void psim_fetch_h(enum psim_fetch_end end, int err,
                          const struct psim_message *m, void *arg);

struct psim_fetch_params {
	const char *method;  /* GET or POST */
	const char *headers; /* more lines, each with CRLF */
	struct str body;     /* sent as a form when not NULL */
	uint32_t ct_ms, rt_ms;
};

/* Nothing of the parameters is kept. -ENOMEM, UV_E*. */
int psim_fetch_open(struct psim_fetch **fp, struct psim_loop *l,
                    const struct psim_url *u, const struct psim_fetch_params *p,
                    psim_fetch_h *handler, void *arg) MUST_CHECK;
void psim_fetch_close(struct psim_fetch **fp);

#endif
