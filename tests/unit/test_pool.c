#include "bot/engine/pool.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "common/mem.h"
#include "tests/harness/test.h"

/* Wakes and gates are semaphores: nothing here waits for time to pass, but
 * for the one test of deadlines. */
static sem_t woken, gate, started;
static struct pool *pool;
static char order[64];
static int last_err;
static unsigned n_done;

struct task {
	struct pool_job job;
	const char *name;
	pthread_t thread;
};

static void wake(void *arg)
{
	sem_post(arg);
}

static void open_pool(unsigned threads)
{
	CHECK_INT(0, sem_init(&woken, 0, 0));
	CHECK_INT(0, sem_init(&gate, 0, 0));
	CHECK_INT(0, sem_init(&started, 0, 0));
	CHECK_INT(0, pool_new(&pool,
	                      &(struct pool_params){threads, wake, &woken}));
}

static void wait_done(unsigned n)
{
	while (n_done < n) {
		sem_wait(&woken);
		pool_drain(pool);
	}
}

static void done(struct pool_job *job, int err)
{
	struct task *t = CONTAINER_OF(job, struct task, job);

	strncat(order, t->name, sizeof(order) - strlen(order) - 1);
	last_err = err;
	n_done++;
	mem_free(t);
}

static int work(struct pool_job *job)
{
	struct task *t = CONTAINER_OF(job, struct task, job);

	t->thread = pthread_self();
	return 0;
}

static int work_behind_gate(struct pool_job *job)
{
	(void)job;
	sem_post(&started);
	sem_wait(&gate);
	return 0;
}

static int work_until_stopped(struct pool_job *job)
{
	bool stopped = false;

	sem_post(&started);
	while (!stopped)
		stopped = pool_stopped(job);
	return 0;
}

static struct task *task(const char *name, pool_work_h *fn)
{
	struct task *t = mem_zalloc(sizeof(*t));

	CHECK(t != NULL);
	t->name = name;
	t->job.work = fn;
	t->job.done = done;
	t->job.deadline_ms = 60000;
	return t;
}

static uint64_t submit(struct task *t)
{
	uint64_t ticket = 0;

	CHECK_INT(0, pool_submit(pool, &t->job, &ticket));
	CHECK(ticket != 0);
	return ticket;
}

static void finish(void)
{
	pool_free(&pool);
	CHECK(pool == NULL);
	CHECK_INT(0, mem_live());
}

static void a_job_comes_back_on_the_thread_that_drains(void)
{
	struct task *t;

	open_pool(1);
	t = task("a", work);
	t->thread = pthread_self();
	submit(t);
	wait_done(1);
	CHECK_STR("a", order);
	CHECK_INT(0, last_err);
	finish();
}

static void urgent_jobs_go_first(void)
{
	struct task *t;

	open_pool(1);
	submit(task("1", work_behind_gate));
	sem_wait(&started);
	t = task("c", work);
	t->job.urgency = POOL_LATER;
	submit(t);
	t = task("b", work);
	t->job.urgency = POOL_SOON;
	submit(t);
	submit(task("a", work));
	sem_post(&gate);
	wait_done(4);
	CHECK_STR("1abc", order);
	finish();
}

static void long_jobs_leave_a_thread_free(void)
{
	struct task *t;

	open_pool(2);
	for (int i = 0; i < 2; i++) {
		t = task("L", work_behind_gate);
		t->job.is_long = true;
		submit(t);
	}
	sem_wait(&started);
	t = task("s", work);
	t->job.urgency = POOL_LATER;
	submit(t);
	wait_done(1);
	CHECK_STR("s", order);
	CHECK(sem_trywait(&started) != 0);
	sem_post(&gate);
	sem_post(&gate);
	wait_done(3);
	CHECK_STR("sLL", order);
	finish();
}

static void a_cancelled_job_in_the_queue_never_works(void)
{
	uint64_t ticket;

	open_pool(1);
	submit(task("1", work_behind_gate));
	sem_wait(&started);
	ticket = submit(task("x", work_behind_gate));
	pool_cancel(pool, ticket);
	wait_done(1);
	CHECK_STR("x", order);
	CHECK_INT(-ECANCELED, last_err);
	pool_cancel(pool, ticket);
	sem_post(&gate);
	wait_done(2);
	CHECK_INT(0, last_err);
	finish();
}

static void a_cancelled_job_that_works_is_told_so(void)
{
	uint64_t ticket;

	open_pool(1);
	ticket = submit(task("x", work_until_stopped));
	sem_wait(&started);
	CHECK_INT(0, n_done);
	pool_cancel(pool, ticket);
	wait_done(1);
	CHECK_INT(-ECANCELED, last_err);
	finish();
}

/* It has ended well, but its submitter left before it heard of it. */
static void a_job_may_be_cancelled_between_its_end_and_the_drain(void)
{
	uint64_t ticket;

	open_pool(1);
	ticket = submit(task("x", work));
	sem_wait(&woken);
	pool_cancel(pool, ticket);
	pool_drain(pool);
	CHECK_INT(1, n_done);
	CHECK_INT(-ECANCELED, last_err);
	finish();
}

static int work_that_says_it_was_cancelled(struct pool_job *job)
{
	work_until_stopped(job);
	return -ECANCELED;
}

/* An owner who did not cancel still waits for the job. */
static void a_deadline_is_no_cancellation(void)
{
	struct task *t = NULL;

	open_pool(1);
	t = task("x", work_that_says_it_was_cancelled);
	t->job.deadline_ms = 20;
	submit(t);
	wait_done(1);
	CHECK_INT(-ETIMEDOUT, last_err);
	finish();
}

static void a_job_past_its_deadline_is_stopped(void)
{
	struct task *t;

	open_pool(1);
	t = task("x", work_until_stopped);
	t->job.deadline_ms = 20;
	submit(t);
	wait_done(1);
	CHECK_INT(-ETIMEDOUT, last_err);
	t = task("y", work);
	t->job.deadline_ms = 0;
	submit(t);
	wait_done(2);
	CHECK_INT(-ETIMEDOUT, last_err);
	finish();
}

static void the_queue_has_an_end(void)
{
	struct task *t;
	uint64_t ticket;

	open_pool(1);
	submit(task("1", work_behind_gate));
	sem_wait(&started);
	for (int i = 0; i < POOL_JOBS_MAX; i++)
		submit(task("", work));
	t = task("x", work);
	CHECK_INT(-EAGAIN, pool_submit(pool, &t->job, &ticket));
	mem_free(t);
	sem_post(&gate);
	wait_done(POOL_JOBS_MAX + 1);
	finish();
}

static void freeing_the_pool_gives_every_job_back(void)
{
	open_pool(2);
	submit(task("a", work_until_stopped));
	submit(task("b", work_until_stopped));
	sem_wait(&started);
	sem_wait(&started);
	for (int i = 0; i < 10; i++)
		submit(task("q", work));
	finish();
	CHECK_INT(12, n_done);
	CHECK_INT(-ECANCELED, last_err);
}

static void resubmit(struct pool_job *job, int err)
{
	CHECK_INT(0, err);
	n_done++;
	mem_free(CONTAINER_OF(job, struct task, job));
	if (n_done < 100) {
		struct task *t = task("", work);

		t->job.done = resubmit;
		submit(t);
	}
}

static void done_may_submit_the_next_job(void)
{
	struct task *t;

	open_pool(2);
	t = task("", work);
	t->job.done = resubmit;
	submit(t);
	wait_done(100);
	finish();
}

static void thousands_of_jobs_and_cancels_all_come_back(void)
{
	enum { JOBS = 5000 };
	uint64_t tickets[8] = {0};
	unsigned submitted = 0;

	open_pool(4);
	for (unsigned i = 0; i < JOBS; i++) {
		struct task *t = task("", work);

		t->job.urgency = i % POOL_URGENCIES;
		t->job.is_long = i % 5 == 0;
		if (pool_submit(pool, &t->job, &tickets[i % 8]))
			mem_free(t);
		else
			submitted++;
		if (i % 3 == 0)
			pool_cancel(pool, tickets[(i + 5) % 8]);
		if (i % 64 == 0)
			pool_drain(pool);
	}
	wait_done(submitted);
	CHECK_INT(submitted, n_done);
	finish();
}

static const struct test tests[] = {
	TEST(a_job_comes_back_on_the_thread_that_drains),
	TEST(urgent_jobs_go_first),
	TEST(long_jobs_leave_a_thread_free),
	TEST(a_cancelled_job_in_the_queue_never_works),
	TEST(a_cancelled_job_that_works_is_told_so),
	TEST(a_job_may_be_cancelled_between_its_end_and_the_drain),
	TEST(a_job_past_its_deadline_is_stopped),
	TEST(a_deadline_is_no_cancellation),
	TEST(the_queue_has_an_end),
	TEST(freeing_the_pool_gives_every_job_back),
	TEST(done_may_submit_the_next_job),
	TEST(thousands_of_jobs_and_cancels_all_come_back),
};

TEST_MAIN(tests)
