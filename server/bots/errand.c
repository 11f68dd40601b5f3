#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "server/bots/errand.h"

enum {
	BODY_MAX = 160 * 1024, /* [bytes] the bots take no more */
	REPLY_MAX = 64 * 1024, /* [bytes] */
	ID_MIN = 22,           /* [characters] that 128 bits need */
};

uint64_t bots_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void bots_errand_free(struct bots_errand *e)
{
	list_remove(&e->link);
	fetchd_timer_stop(e->b->d, &e->timer);
	fetch_cancel(&e->req);
	buf_fini(&e->body);
	mem_free(e);
}

struct bots_errand *bots_errand_new(struct bots *b, fetchd_h *begin, void *arg)
{
	struct bots_errand *e = mem_zalloc(sizeof(*e));

	if (!e)
		return NULL;
	list_init(&e->link);
	buf_init(&e->body, BODY_MAX);
	e->b = b;
	e->job.run = begin;
	e->job.arg = e;
	e->arg = arg;
	return e;
}

int bots_errand_post(struct bots_errand *e)
{
	int err = bots_post(e->b, &e->job);

	if (err) {
		buf_fini(&e->body);
		mem_free(e);
	}
	return err;
}

int bots_errand_start(struct bots_errand *e, const char *method,
                      const char *url, const char *address, uint32_t total_ms,
                      fetch_done_h *done)
{
	const char *headers[3] = {NULL};
	const struct fetch_params prm = {
		.method = method,
		.url = url,
		.address = address[0] ? address : NULL,
		.headers = headers,
		.body = e->body.len ? buf_str(&e->body) : NULL,
		.body_len = e->body.len,
		.connect_ms = BOTS_CONNECT_MS,
		.total_ms = total_ms,
		.max_body = REPLY_MAX,
		.done = done,
		.arg = e,
	};
	size_t n = 0;

	if (e->b->auth)
		headers[n++] = e->b->auth;
	if (e->body.len)
		headers[n] = "Content-Type: application/json";
	return fetch_start(fetchd_fetch(e->b->d), &e->req, &prm);
}

bool bots_good_id(const char *id)
{
	size_t i;

	for (i = 0; id[i]; i++) {
		if (!isalnum((unsigned char)id[i]) && id[i] != '-' &&
		    id[i] != '_')
			return false;
	}
	return i >= ID_MIN && i < BOTS_ID_MAX;
}

int bots_add_text(struct buf *b, const char *key, const char *text)
{
	int err;

	if (!text)
		return 0;
	err = buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", key);
	return err ? err : js_quote(b, text, strlen(text));
}

void bots_end_errands(struct bots *b)
{
	while (!list_empty(&b->errands)) {
		struct bots_errand *e =
			CONTAINER_OF(b->errands.next, struct bots_errand, link);

		if (e->reserved)
			bots_finish_reserve(e, -ECANCELED, NULL);
		else
			bots_finish_simple(e, -ECANCELED);
	}
}

void bots_tell(struct bots_waiter *w, int err)
{
	pthread_mutex_lock(&w->lock);
	w->err = err;
	w->done = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* Every errand has a deadline, so this has one. */
int bots_wait(struct bots_waiter *w, int err)
{
	if (!err) {
		pthread_mutex_lock(&w->lock);
		while (!w->done)
			pthread_cond_wait(&w->changed, &w->lock);
		err = w->err;
		pthread_mutex_unlock(&w->lock);
	}
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	return err;
}

void bots_waiter_init(struct bots_waiter *w, struct bots *b)
{
	ASSERT(!fetchd_on_thread(b->d));
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
}
