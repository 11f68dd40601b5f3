/*
 * plivo_loop.h - the one loop of plivo-sim: sockets, and timers without handles
 *
 * A libuv loop drives common/timer.h, so that timers live in their owners and
 * stop synchronously. Everything in plivo_* runs on this loop, in one thread.
 */
#ifndef TESTS_SIM_LIB_PLIVO_LOOP_H
#define TESTS_SIM_LIB_PLIVO_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "common/attr.h"
#include "common/timer.h"

struct ssl_ctx_st;

struct psim_loop {
	uv_loop_t uv;
	uv_timer_t tick;
	uv_prepare_t prepare;
	uv_check_t check;
	struct timers *ts;
	struct ssl_ctx_st *tls; /* for clients; NULL until first needed */
	const char *ca;         /* file of certificates, NULL: the system's */
};

/* -ENOMEM or a UV_E* code. @ca is borrowed for the life of the loop. */
int psim_loop_init(struct psim_loop *l, const char *ca) MUST_CHECK;

/* Close what is still open, run the loop until all is released. */
void psim_loop_fini(struct psim_loop *l);

/* Run until psim_loop_stop(). */
void psim_loop_run(struct psim_loop *l);
void psim_loop_stop(struct psim_loop *l);

/* Monotonic time now, not sampled [us]. */
uint64_t psim_now_us(void);

/* Start @t, or start it anew, from the true time now. */
void psim_timer(struct psim_loop *l, struct timer *t, uint32_t ms,
                timer_h *handler, void *arg);
void psim_timer_at(struct psim_loop *l, struct timer *t, uint64_t due_us,
                   timer_h *handler, void *arg);
void psim_timer_stop(struct psim_loop *l, struct timer *t);

#endif
