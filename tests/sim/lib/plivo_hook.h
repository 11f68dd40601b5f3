/*
 * plivo_hook.h - one webhook: signed, sent, and tried again by Plivo's rule
 */
#ifndef TESTS_SIM_LIB_PLIVO_HOOK_H
#define TESTS_SIM_LIB_PLIVO_HOOK_H

#include "tests/sim/lib/plivo_http.h"
#include "tests/sim/lib/plivo_sim.h"
#include "tests/sim/lib/plivo_url.h"

struct psim_hook;

/* @m: the answer with a status of 2xx; NULL: all tries failed. The hook is
 * over: psim_hook_close() it here or later. */
typedef void psim_hook_h(const struct psim_message *m, void *arg);

struct psim_hook_params {
	const char *label; /* static: "ring", "answer", "hangup" ... */
	const char *call;  /* its UUID; copied */
	const char *url;   /* copied */
	bool get;
	bool once;                /* no retry rule: stream status callbacks */
	bool last;                /* when it is over the call is settled */
	uint32_t delay_ms;        /* before the first try */
	struct psim_pairs *pairs; /* what it has is taken over */
};

/* With @handler NULL the hook closes itself, and is sent twice or late where
 * the options ask for that; @hp is not needed then. -EINVAL, -ENOMEM. */
int psim_hook_open(struct psim_hook **hp, struct psim *s,
                   const struct psim_hook_params *p, psim_hook_h *handler,
                   void *arg) MUST_CHECK;
void psim_hook_close(struct psim_hook **hp);

/* The end of the simulator: forget all that is under way. */
void psim_hook_close_all(struct psim *s);

/* The three header lines of a signature over @url, into @out; nothing when
 * signing is off. -ENOMEM and the like. */
int psim_hook_sign(const struct psim *s, struct buf *out, const char *url,
                   const struct psim_pairs *body) MUST_CHECK;

#endif
