#define _POSIX_C_SOURCE 200809L
#include "bot/engine/pool.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "common/mem.h"

/* The lock is held for a few list operations at a time, never while a handler
 * runs. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct link queue[POOL_URGENCIES];
	struct link running;
	struct link ended;
	struct pool_load load;
	unsigned long_running, long_max;
	uint64_t last_ticket;
	bool closing;
	pool_wake_h *wake;
	void *arg;
	unsigned n_threads;
	pthread_t thread[POOL_THREADS_MAX];
};

/* Workers have no loop whose clock they could borrow. */
static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct pool_job *job_of(struct link *l)
{
	return CONTAINER_OF(l, struct pool_job, link);
}

bool pool_stopped(const struct pool_job *job)
{
	return atomic_load_explicit(&job->stop, memory_order_relaxed) ||
	       now_us() >= job->due_us;
}

/* The most urgent job that may run now, out of the queue; NULL. */
static struct pool_job *pick(struct pool *p)
{
	for (size_t u = 0; u < POOL_URGENCIES; u++)
		for (struct link *l = p->queue[u].next; l != &p->queue[u];
		     l = l->next) {
			struct pool_job *job = job_of(l);

			if (job->is_long && p->long_running >= p->long_max)
				continue;
			list_remove(l);
			return job;
		}
	return NULL;
}

/* The lock is held. */
static void begin(struct pool *p, struct pool_job *job)
{
	p->load.waiting--;
	p->load.running++;
	p->long_running += job->is_long;
	list_append(&p->running, &job->link);
}

static void end(struct pool *p, struct pool_job *job, int err)
{
	p->load.running--;
	p->long_running -= job->is_long;
	/* A place for a long job may be what another worker waits for. */
	if (job->is_long)
		pthread_cond_signal(&p->more);
	list_remove(&job->link);
	job->err = err;
	list_append(&p->ended, &job->link);
}

static void *worker(void *arg)
{
	struct pool *p = arg;

	/* Under a real-time policy, which threads inherit, a job would keep the
	 * loop from its core. Where that is refused, nothing is lost. */
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER,
	                            &(struct sched_param){0});
	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct pool_job *job = pick(p);
		int err = -ETIMEDOUT;

		if (!job && p->closing)
			break;
		if (!job) {
			pthread_cond_wait(&p->more, &p->lock);
			continue;
		}
		begin(p, job);
		pthread_mutex_unlock(&p->lock);
		if (!pool_stopped(job))
			err = job->work(job);
		/* Work that was stopped in time's name may say -ECANCELED; its
		 * owner has not, and waits. */
		if (now_us() >= job->due_us)
			err = -ETIMEDOUT;
		pthread_mutex_lock(&p->lock);
		end(p, job, err);
		pthread_mutex_unlock(&p->lock);
		p->wake(p->arg);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int pool_new(struct pool **pp, const struct pool_params *prm)
{
	struct pool *p = mem_zalloc(sizeof(*p));

	ASSERT(prm->threads >= 1 && prm->threads <= POOL_THREADS_MAX);
	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	for (size_t u = 0; u < POOL_URGENCIES; u++)
		list_init(&p->queue[u]);
	list_init(&p->running);
	list_init(&p->ended);
	p->long_max = prm->threads > 1 ? prm->threads - 1 : 1;
	p->wake = prm->wake;
	p->arg = prm->arg;
	for (; p->n_threads < prm->threads; p->n_threads++) {
		int err = pthread_create(&p->thread[p->n_threads], NULL, worker,
		                         p);

		if (err) {
			pool_free(&p);
			return -err;
		}
	}
	*pp = p;
	return 0;
}

/* The lock is held: take the whole queue away from the workers. */
static void drop_queue(struct pool *p)
{
	for (size_t u = 0; u < POOL_URGENCIES; u++)
		while (!list_empty(&p->queue[u])) {
			struct pool_job *job = job_of(p->queue[u].next);

			list_remove(&job->link);
			p->load.waiting--;
			atomic_store(&job->stop, true);
			list_append(&p->ended, &job->link);
		}
}

void pool_free(struct pool **pp)
{
	struct pool *p = *pp;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	drop_queue(p);
	for (struct link *l = p->running.next; l != &p->running; l = l->next)
		atomic_store(&job_of(l)->stop, true);
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->thread[i], NULL);
	pool_drain(p);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
	*pp = NULL;
}

int pool_submit(struct pool *pool, struct pool_job *job, uint64_t *ticket)
{
	int err = -EAGAIN;

	atomic_init(&job->stop, false);
	job->due_us = now_us() + (uint64_t)job->deadline_ms * 1000;
	job->err = 0;
	pthread_mutex_lock(&pool->lock);
	if (pool->load.waiting < POOL_JOBS_MAX && !pool->closing) {
		job->ticket = ++pool->last_ticket;
		*ticket = job->ticket;
		list_append(&pool->queue[job->urgency], &job->link);
		pool->load.waiting++;
		pthread_cond_signal(&pool->more);
		err = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return err;
}

static struct pool_job *find(struct link *list, uint64_t ticket)
{
	for (struct link *l = list->next; l != list; l = l->next)
		if (job_of(l)->ticket == ticket)
			return job_of(l);
	return NULL;
}

void pool_cancel(struct pool *pool, uint64_t ticket)
{
	struct pool_job *job = NULL;
	bool was_queued = false;

	if (!ticket)
		return;
	pthread_mutex_lock(&pool->lock);
	for (size_t u = 0; u < POOL_URGENCIES && !job; u++)
		job = find(&pool->queue[u], ticket);
	if (job) {
		was_queued = true;
		list_remove(&job->link);
		pool->load.waiting--;
		list_append(&pool->ended, &job->link);
	} else {
		job = find(&pool->running, ticket);
		if (!job)
			job = find(&pool->ended, ticket);
	}
	if (job)
		atomic_store(&job->stop, true);
	pthread_mutex_unlock(&pool->lock);
	if (was_queued)
		pool->wake(pool->arg);
}

/* One at a time: done() may submit and cancel. */
void pool_drain(struct pool *pool)
{
	for (;;) {
		struct pool_job *job = NULL;

		pthread_mutex_lock(&pool->lock);
		if (!list_empty(&pool->ended)) {
			job = job_of(pool->ended.next);
			list_remove(&job->link);
		}
		pthread_mutex_unlock(&pool->lock);
		if (!job)
			return;
		job->done(job, atomic_load(&job->stop) ? -ECANCELED : job->err);
	}
}

void pool_load(struct pool *pool, struct pool_load *load)
{
	pthread_mutex_lock(&pool->lock);
	*load = pool->load;
	pthread_mutex_unlock(&pool->lock);
}
