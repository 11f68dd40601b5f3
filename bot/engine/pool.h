/*
 * pool.h - a few threads that compute, so that the loop need not
 *
 *	loop:   pool_submit --> queue --> worker: work() --> pool_drain: done()
 *
 * A job is a struct that the submitter allocates with copies of all it needs
 * around a struct pool_job. From pool_submit() on it is the pool's; done() gets
 * it back on the loop's thread, exactly once, and releases it. Between the two
 * nobody else touches it, so jobs need no locks. Whoever loses interest
 * cancels by ticket, which is safe at any time: done() then gets -ECANCELED and
 * must not look for the submitter, who may be gone.
 *
 * More urgent jobs go first. Long jobs never take the last of several threads.
 */
#ifndef BOT_ENGINE_POOL_H
#define BOT_ENGINE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/list.h"

struct pool;
struct pool_job;

enum {
	POOL_THREADS_MAX = 16,
	POOL_JOBS_MAX = 256, /* in the queue; two for each of many calls */
};

enum pool_urgency {
	POOL_NOW,   /* somebody is waiting for it in silence */
	POOL_SOON,  /* what comes after something that plays already */
	POOL_LATER, /* nobody would miss it */
	POOL_URGENCIES,
};

/* Runs on a worker; a code other than 0 is what done() gets. */
typedef int pool_work_h(struct pool_job *job);

/* Runs on the loop's thread inside pool_drain(). @err: 0, what work() said,
 * -ECANCELED, or -ETIMEDOUT when the deadline had passed before the end. */
typedef void pool_done_h(struct pool_job *job, int err);

/* From a worker's thread: pool_drain() has something to do. */
typedef void pool_wake_h(void *arg);

struct pool_job {
	pool_work_h *work;
	pool_done_h *done;
	enum pool_urgency urgency;
	bool is_long;         /* may take more than a few tens of ms */
	uint32_t deadline_ms; /* from submission to its end */
	/* The pool's own. */
	struct link link;
	uint64_t ticket;
	uint64_t due_us;
	atomic_bool stop;
	int err;
};

struct pool_params {
	unsigned threads; /* 1 to POOL_THREADS_MAX */
	pool_wake_h *wake;
	void *arg;
};

/* -EAGAIN: no more threads; -ENOMEM. */
int pool_new(struct pool **pp, const struct pool_params *prm) MUST_CHECK;

/* Cancel everything, wait for what is running, call done() for all of it.
 * NULLs the caller's pointer. NULL is fine. */
void pool_free(struct pool **pp);

/* Takes over @job on success, and @ticket, never 0, is its name. -EAGAIN: the
 * queue is full. */
int pool_submit(struct pool *pool, struct pool_job *job,
                uint64_t *ticket) MUST_CHECK;

/* Lose interest. A ticket that is over, or 0, is fine. */
void pool_cancel(struct pool *pool, uint64_t ticket);

/* Call done() of all that has ended. On the loop's thread. */
void pool_drain(struct pool *pool);

/* Should the running @job stop? For work(), between its steps. */
bool pool_stopped(const struct pool_job *job);

/* Jobs that wait for a thread, and that have one. */
struct pool_load {
	size_t waiting;
	size_t running;
};

void pool_load(struct pool *pool, struct pool_load *load);

#endif
