#define _POSIX_C_SOURCE 200809L
#include "server/transfer_ask.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/list.h"
#include "common/mem.h"
#include "server/answer.h"
#include "server/carrier/carrier.h"
#include "server/store/call.h"

enum {
	TOLD_MS = 6000,    /* for Plivo; longer than its errand may take */
	FETCHED_MS = 2000, /* until it has fetched the document */
	READ_MS = 150,     /* ... and read it */
};

struct transfers {
	pthread_mutex_t lock;
	struct link asked; /* struct asking */
};

int transfers_new(struct transfers **tp)
{
	struct transfers *t = mem_zalloc(sizeof(*t));

	*tp = t;
	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	list_init(&t->asked);
	return 0;
}

void transfers_free(struct transfers **tp)
{
	struct transfers *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

/* Two hold it: the request that waits, and the errand. The document's handler
 * finds it by the list. */
struct asking {
	struct link link;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned users;
	bool told, fetched, never;
	int err;
	const char *id; /* of the call; the request's */
};

static void drop(struct asking *a)
{
	unsigned left;

	pthread_mutex_lock(&a->lock);
	left = --a->users;
	pthread_mutex_unlock(&a->lock);
	if (left)
		return;
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->changed);
	mem_free(a);
}

static void note(struct asking *a, bool *what, int err)
{
	pthread_mutex_lock(&a->lock);
	*what = true;
	a->err = err;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void on_told(int err, void *arg)
{
	struct asking *a = arg;

	note(a, &a->told, err);
	drop(a);
}

/* Wait for *@what of @a, @ms at most. */
static int wait_for(struct asking *a, const bool *what, uint32_t ms)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&a->lock);
	while (!*what && !err)
		err = -pthread_cond_timedwait(&a->changed, &a->lock, &until);
	err = *what ? a->err : -ETIMEDOUT;
	pthread_mutex_unlock(&a->lock);
	return err;
}

/* Plivo has agreed. Were the stream left before it has the document, it would
 * go on with the one before, which hangs up; should it fetch only then, nobody
 * waits for long. */
static int wait_fetched(struct asking *a)
{
	int err = wait_for(a, &a->told, TOLD_MS);

	if (err)
		return err;
	if (wait_for(a, &a->fetched, FETCHED_MS) == 0)
		(void)wait_for(a, &a->never, READ_MS);
	return 0;
}

void transfers_fetched(struct transfers *t, const char *id)
{
	pthread_mutex_lock(&t->lock);
	for (struct link *l = t->asked.next; l != &t->asked; l = l->next) {
		struct asking *a = CONTAINER_OF(l, struct asking, link);

		if (!strcmp(a->id, id))
			note(a, &a->fetched, 0);
	}
	pthread_mutex_unlock(&t->lock);
}

static void enlist(struct transfers *t, struct asking *a, bool in)
{
	pthread_mutex_lock(&t->lock);
	if (in)
		list_append(&t->asked, &a->link);
	else
		list_remove(&a->link);
	pthread_mutex_unlock(&t->lock);
}

int transfers_ask(struct transfers *t, struct carrier *carrier,
                  const struct store_call *call)
{
	struct asking *a = mem_zalloc(sizeof(*a));
	struct buf url;
	int err;

	if (!a)
		return -ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->users = 2;
	a->id = call->id;
	enlist(t, a, true);
	buf_init(&url, ANSWER_URL_MAX);
	err = answer_webhook_url(&url, call->base_url, "transfer", call->key);
	if (!err)
		err = carrier_transfer(carrier, call->call_uuid, buf_str(&url),
		                       on_told, a);
	buf_fini(&url);
	if (err)
		drop(a);
	else
		err = wait_fetched(a);
	enlist(t, a, false);
	drop(a);
	return err;
}
