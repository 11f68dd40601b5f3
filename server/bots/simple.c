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
	CHECK_MS = 500,   /* [ms] a caller is listening to silence */
	SIMPLE_MS = 2000, /* [ms] of one attempt of the rest */
};

/* [ms] after an attempt that failed. */
static const uint32_t pauses[] = {200, 400, 800, 1600};

void bots_finish_simple(struct bots_errand *e, int err)
{
	bots_done_h *done = e->done;
	void *arg = e->arg;

	bots_errand_free(e);
	if (done)
		done(err, arg);
}

static int err_of_simple(const struct fetch_result *r)
{
	if (r->err)
		return r->err;
	if (r->status / 100 == 2)
		return 0;
	switch (r->status) {
	case 401:
	case 403:
		return ERR_AUTH;
	case 404:
		return -ENOENT;
	case 409:
	case 410:
		return ERR_STALE;
	default:
		return r->status >= 500 ? -EAGAIN : ERR_PROTO;
	}
}

static void try_simple(void *arg);

static void simple_answered(const struct fetch_result *r, void *arg)
{
	struct bots_errand *e = arg;
	int err = err_of_simple(r);

	e->req = NULL;
	if ((!r->err && err != -EAGAIN) || e->attempt >= e->attempts)
		bots_finish_simple(e, err);
	else
		fetchd_timer(e->b->d, &e->timer, pauses[e->attempt - 1],
		             try_simple, e);
}

static void try_simple(void *arg)
{
	struct bots_errand *e = arg;
	int err;

	e->attempt++;
	err = bots_errand_start(e, e->method, e->url, e->address, e->attempt_ms,
	                        simple_answered);
	if (err)
		bots_finish_simple(e, err);
}

static void begin_simple(void *arg)
{
	struct bots_errand *e = arg;

	list_append(&e->b->errands, &e->link);
	try_simple(e);
}

static int simple_new(struct bots_errand **ep, struct bots *b, const char *bot,
                      const char *id, const char *suffix)
{
	struct bots_errand *e;
	struct bots_url u;

	e = bots_errand_new(b, begin_simple, NULL);
	if (!e)
		return -ENOMEM;
	if (!bots_good_id(id) || bots_name_parse(bot, &u, e->address)) {
		mem_free(e);
		return -EINVAL;
	}
	snprintf(e->url, sizeof(e->url), "%s/reserve/%s%s", u.base, id, suffix);
	e->attempt_ms = SIMPLE_MS;
	*ep = e;
	return 0;
}

int bots_prepare(struct bots *b, const char *bot, const char *id,
                 const char *call_uuid, bots_done_h *done, void *arg)
{
	struct bots_errand *e = NULL;
	int err = simple_new(&e, b, bot, id, "/prepare");

	if (err)
		return err;
	e->method = "POST";
	e->attempts = 2;
	e->done = done;
	e->arg = arg;
	err = buf_adds(&e->body, "{");
	if (!err)
		err = bots_add_text(&e->body, "call_uuid", call_uuid);
	if (!err)
		err = buf_adds(&e->body, "}");
	if (err) {
		buf_fini(&e->body);
		mem_free(e);
		return err;
	}
	return bots_errand_post(e);
}

int bots_machine(struct bots *b, const char *bot, const char *id,
                 bots_done_h *done, void *arg)
{
	struct bots_errand *e = NULL;
	int err = simple_new(&e, b, bot, id, "/machine");

	if (err)
		return err;
	e->method = "POST";
	e->attempts = 2;
	e->done = done;
	e->arg = arg;
	err = buf_adds(&e->body, "{}");
	if (err) {
		buf_fini(&e->body);
		mem_free(e);
		return err;
	}
	return bots_errand_post(e);
}

struct release {
	bots_done_h *done;
	void *arg;
};

static void released(int err, void *arg)
{
	struct release *r = arg;

	/* A place that is not there need not be given up. */
	if (r->done)
		r->done(err == -ENOENT ? 0 : err, r->arg);
	mem_free(r);
}

int bots_release(struct bots *b, const char *bot, const char *id,
                 bots_done_h *done, void *arg)
{
	struct release *r = mem_alloc(sizeof(*r));
	struct bots_errand *e = NULL;
	int err = r ? simple_new(&e, b, bot, id, "") : -ENOMEM;

	if (!err) {
		*r = (struct release){done, arg};
		e->method = "DELETE";
		e->attempts = ARRAY_LEN(pauses);
		e->done = released;
		e->arg = r;
		err = bots_errand_post(e);
	}
	if (err)
		mem_free(r);
	return err;
}

static void release_at(struct bots_errand *all, const struct bots_bot *bot)
{
	struct bots_errand *e = bots_errand_new(all->b, NULL, NULL);

	if (!e)
		return; /* the place's time to live frees it */
	snprintf(e->url, sizeof(e->url), "%s%s", bot->base, all->url);
	memcpy(e->address, bot->address, sizeof(e->address));
	e->method = "DELETE";
	e->attempts = ARRAY_LEN(pauses);
	e->attempt_ms = SIMPLE_MS;
	begin_simple(e);
}

static void begin_release_call(void *arg)
{
	struct bots_errand *all = arg;
	const struct bots *b = all->b;

	for (size_t i = 0; i < b->n_bots; i++)
		if (b->bot[i].listed)
			release_at(all, &b->bot[i]);
	bots_errand_free(all);
}

int bots_release_call(struct bots *b, const char *call_id)
{
	struct bots_errand *e;

	if (!bots_good_id(call_id))
		return -EINVAL;
	e = bots_errand_new(b, begin_release_call, NULL);
	if (!e)
		return -ENOMEM;
	snprintf(e->url, sizeof(e->url), "/reserve/%s", call_id);
	return bots_errand_post(e);
}

static void wait_done(int err, void *arg)
{
	bots_tell(arg, err);
}

int bots_check(struct bots *b, const char *bot, const char *id,
               bots_done_h *done, void *arg)
{
	struct bots_errand *e = NULL;
	int err = simple_new(&e, b, bot, id, "");

	if (err)
		return err;
	e->method = "GET";
	e->attempts = 2;
	e->done = done;
	e->arg = arg;
	return bots_errand_post(e);
}

int bots_check_wait(struct bots *b, const char *bot, const char *id)
{
	struct bots_waiter w;
	struct bots_errand *e = NULL;
	int err;

	bots_waiter_init(&w, b);
	err = simple_new(&e, b, bot, id, "");
	if (!err) {
		e->method = "GET";
		e->attempts = 1;
		e->attempt_ms = CHECK_MS;
		e->done = wait_done;
		e->arg = &w;
		err = bots_errand_post(e);
	}
	return bots_wait(&w, err);
}
