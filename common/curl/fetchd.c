#define _POSIX_C_SOURCE 200809L
#include "common/curl/fetchd.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "common/log.h"
#include "common/mem.h"

enum {
	TURN_MS = 1000,      /* [ms] a turn waits when nothing is due */
	TROUBLE_TURN_MS = 50 /* [ms] between turns when waiting fails */
};

struct fetchd {
	struct fetch *fetch;
	struct timers *timers;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	struct link box;
	bool stop;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Only what is in the box now, so that jobs which post jobs let the network
 * have its turn. */
static void run_jobs(struct fetchd *d)
{
	struct link taken;

	list_init(&taken);
	pthread_mutex_lock(&d->lock);
	while (!list_empty(&d->box)) {
		struct link *l = d->box.next;

		list_remove(l);
		list_append(&taken, l);
	}
	pthread_mutex_unlock(&d->lock);
	while (!list_empty(&taken)) {
		struct fetchd_job *job =
			CONTAINER_OF(taken.next, struct fetchd_job, link);

		list_remove(&job->link);
		job->run(job->arg);
	}
}

static unsigned until_next_timer(struct fetchd *d)
{
	uint64_t due, now = now_us();

	if (!timers_next(d->timers, &due))
		return TURN_MS;
	if (due <= now)
		return 0;
	/* Rounded up: waking early would only mean to wait again. */
	due = (due - now + 999) / 1000;
	return due < TURN_MS ? (unsigned)due : TURN_MS;
}

static bool may_stop(struct fetchd *d)
{
	bool stop;

	pthread_mutex_lock(&d->lock);
	stop = d->stop && list_empty(&d->box);
	pthread_mutex_unlock(&d->lock);
	return stop;
}

static void *drive(void *arg)
{
	struct fetchd *d = arg;

	while (!may_stop(d)) {
		int err;

		run_jobs(d);
		timers_run(d->timers, now_us());
		err = fetch_wait(d->fetch, until_next_timer(d));
		if (err) {
			const struct timespec pause = {
				.tv_nsec = TROUBLE_TURN_MS * 1000000L};

			log_line(LOG_ERROR, "fetch", NULL,
			         "event=wait_failed code=%d", err);
			nanosleep(&pause, NULL);
		}
	}
	return NULL;
}

int fetchd_new(struct fetchd **dp, const struct fetch_opts *opts)
{
	struct fetchd *d = mem_zalloc(sizeof(*d));
	int err;

	ASSERT(!opts->driver);
	if (!d)
		return -ENOMEM;
	list_init(&d->box);
	pthread_mutex_init(&d->lock, NULL);
	err = fetch_new(&d->fetch, opts);
	if (!err)
		err = timers_new(&d->timers, now_us());
	if (!err)
		err = -pthread_create(&d->thread, NULL, drive, d);
	if (err) {
		timers_free(&d->timers);
		fetch_free(&d->fetch);
		pthread_mutex_destroy(&d->lock);
		mem_free(d);
		return err;
	}
	*dp = d;
	return 0;
}

void fetchd_free(struct fetchd **dp)
{
	struct fetchd *d = *dp;

	if (!d)
		return;
	*dp = NULL;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_mutex_unlock(&d->lock);
	fetch_wakeup(d->fetch);
	pthread_join(d->thread, NULL);
	fetch_free(&d->fetch);
	timers_free(&d->timers);
	pthread_mutex_destroy(&d->lock);
	mem_free(d);
}

void fetchd_post(struct fetchd *d, struct fetchd_job *job)
{
	pthread_mutex_lock(&d->lock);
	list_append(&d->box, &job->link);
	pthread_mutex_unlock(&d->lock);
	fetch_wakeup(d->fetch);
}

struct errand {
	struct fetchd_job job;
	fetchd_h *run;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
};

static void run_errand(void *arg)
{
	struct errand *e = arg;

	e->run(e->arg);
	pthread_mutex_lock(&e->lock);
	e->done = true;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

void fetchd_call(struct fetchd *d, fetchd_h *run, void *arg)
{
	struct errand e = {.run = run, .arg = arg};

	ASSERT(!fetchd_on_thread(d));
	e.job.run = run_errand;
	e.job.arg = &e;
	pthread_mutex_init(&e.lock, NULL);
	pthread_cond_init(&e.changed, NULL);
	fetchd_post(d, &e.job);
	pthread_mutex_lock(&e.lock);
	while (!e.done)
		pthread_cond_wait(&e.changed, &e.lock);
	pthread_mutex_unlock(&e.lock);
	pthread_cond_destroy(&e.changed);
	pthread_mutex_destroy(&e.lock);
}

struct fetch *fetchd_fetch(struct fetchd *d)
{
	return d->fetch;
}

void fetchd_timer(struct fetchd *d, struct timer *t, uint32_t delay_ms,
                  timer_h *handler, void *arg)
{
	/* Handlers of the network run long after the last look at the clock. */
	timers_update(d->timers, now_us());
	timer_start(d->timers, t, delay_ms, handler, arg);
}

void fetchd_timer_stop(struct fetchd *d, struct timer *t)
{
	timer_stop(d->timers, t);
}

bool fetchd_on_thread(const struct fetchd *d)
{
	return pthread_equal(d->thread, pthread_self());
}
