/*
 * fetchd.h - a thread that drives one struct fetch, and a letter box
 *
 * REST calls run here and nowhere else, so that no worker thread is lost to a
 * slow peer. Other threads put jobs into the letter box; a job lies inside
 * its owner and costs no allocation. What a job touches - the fetch, the
 * timers, its owner's state - belongs to this thread alone.
 */
#ifndef COMMON_CURL_FETCHD_H
#define COMMON_CURL_FETCHD_H

#include <stdbool.h>

#include "common/attr.h"
#include "common/curl/fetch.h"
#include "common/list.h"
#include "common/timer.h"

struct fetchd;

typedef void fetchd_h(void *arg);

struct fetchd_job {
	struct link link;
	fetchd_h *run; /* on the thread */
	void *arg;
};

/* @opts: without a driver. -ENOMEM, -EAGAIN (no thread). */
int fetchd_new(struct fetchd **dp, const struct fetch_opts *opts) MUST_CHECK;

/* Runs the jobs in the box, ends the thread, cancels what is in flight. */
void fetchd_free(struct fetchd **dp);

/* Run @job->run on the thread, soon and once. @job stays the thread's until
 * run is called, which may free it. From any thread. */
void fetchd_post(struct fetchd *d, struct fetchd_job *job);

/* The same, and wait for it. Not from the thread itself. */
void fetchd_call(struct fetchd *d, fetchd_h *run, void *arg);

/* For jobs, and the handlers that they start. */
struct fetch *fetchd_fetch(struct fetchd *d);
void fetchd_timer(struct fetchd *d, struct timer *t, uint32_t delay_ms,
                  timer_h *handler, void *arg);
void fetchd_timer_stop(struct fetchd *d, struct timer *t);
bool fetchd_on_thread(const struct fetchd *d);

#endif
