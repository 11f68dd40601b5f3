#define _POSIX_C_SOURCE 200809L
#include "server/store/pg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/store/pg_ops.h"

enum {
	WORK_MS = 3000,  /* [ms] of a work with all its attempts: Plivo waits */
	OPEN_MS = 10000, /* [ms] of the first one, and of a migration */
	QUICK_MS = 500,  /* [ms] of a work while it has been down for longer */
	PAUSE_MS = 50,   /* [ms] between two attempts */
};

struct pg *pg_of(struct store *s)
{
	return CONTAINER_OF(s, struct pg, base);
}

static struct pg_conn *take(struct pg *pg, int64_t until_ms)
{
	struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
	                         .tv_nsec = (long)(until_ms % 1000) * 1000000};
	struct pg_conn *c = NULL;
	int err = 0;

	pthread_mutex_lock(&pg->lock);
	while (!c && !err) {
		/* One that is connected, if there is any. */
		for (int i = 0; i < PG_CONNS; i++)
			if (!pg->conns[i].busy && (!c || pg->conns[i].c))
				c = &pg->conns[i];
		if (!c)
			err = pthread_cond_timedwait(&pg->freed, &pg->lock,
			                             &until);
	}
	if (c)
		c->busy = true;
	pthread_mutex_unlock(&pg->lock);
	return c;
}

static void give_back(struct pg *pg, struct pg_conn *c)
{
	pthread_mutex_lock(&pg->lock);
	c->busy = false;
	pthread_cond_signal(&pg->freed);
	pthread_mutex_unlock(&pg->lock);
}

static void note(struct pg *pg, bool up)
{
	bool turned;

	pthread_mutex_lock(&pg->lock);
	turned = up != !pg->down_ms;
	if (turned)
		pg->down_ms = up ? 0 : pg_clock_ms();
	pthread_mutex_unlock(&pg->lock);
	if (turned)
		log_line(up ? LOG_INFO : LOG_ERROR, "store", NULL, "event=%s",
		         up ? "connected" : "connection_lost");
}

bool pg_is_down(struct pg *pg)
{
	bool down;

	pthread_mutex_lock(&pg->lock);
	down = pg->down_ms != 0;
	pthread_mutex_unlock(&pg->lock);
	return down;
}

/* One attempt. @reached: the work has begun, and may have been done. */
static int attempt(struct pg_conn *c, pg_work_h *work, void *arg, bool *reached)
{
	int err = c->c ? 0 : pg_connect(c);

	if (err)
		return err;
	err = work(c, *reached, arg);
	*reached = true;
	if (err == PG_LOST)
		pg_disconnect(c);
	return err;
}

/* Nobody waits long for what has been away for long. */
static int64_t patience(struct pg *pg, int64_t ms)
{
	bool long_gone;

	pthread_mutex_lock(&pg->lock);
	long_gone = pg->down_ms && pg_clock_ms() - pg->down_ms > ms;
	pthread_mutex_unlock(&pg->lock);
	return long_gone ? QUICK_MS : ms;
}

static int work_for(struct pg *pg, int64_t ms, pg_work_h *work, void *arg)
{
	int64_t until_ms = pg_clock_ms() + patience(pg, ms);
	struct pg_conn *c = take(pg, until_ms);
	bool reached = false;
	int err;

	if (!c) {
		log_line(LOG_WARN, "store", NULL, "event=busy");
		return -EBUSY;
	}
	c->until_ms = until_ms;
	for (;;) {
		err = attempt(c, work, arg, &reached);
		note(pg, err != PG_LOST);
		if (err != PG_LOST)
			break;
		if (pg_clock_ms() + PAUSE_MS >= until_ms) {
			err = -EIO;
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L},
		          NULL);
	}
	give_back(pg, c);
	return err;
}

int pg_do(struct store *s, pg_work_h *work, void *arg)
{
	return work_for(pg_of(s), WORK_MS, work, arg);
}

int pg_do_long(struct store *s, pg_work_h *work, void *arg)
{
	return work_for(pg_of(s), OPEN_MS, work, arg);
}

static void release(struct pg *pg)
{
	for (int i = 0; i < PG_CONNS; i++)
		pg_disconnect(&pg->conns[i]);
	pthread_cond_destroy(&pg->freed);
	pthread_mutex_destroy(&pg->lock);
	mem_free(pg->url);
	mem_free(pg);
}

static void close_store(struct store *s)
{
	if (pg_leave(s))
		log_line(LOG_WARN, "store", NULL, "event=left_unsaid");
	release(pg_of(s));
}

static struct pg *make(const char *rest)
{
	static const char scheme[] = "postgresql:";
	struct pg *pg = mem_zalloc(sizeof(*pg));
	size_t cap = sizeof(scheme) + strlen(rest);
	pthread_condattr_t attr;

	if (!pg)
		return NULL;
	pg->base.ops = &store_pg_ops;
	crypto_id(pg->base.self);
	pthread_mutex_init(&pg->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pg->freed, &attr);
	pthread_condattr_destroy(&attr);
	for (int i = 0; i < PG_CONNS; i++)
		pg->conns[i].pg = pg;
	pg->url = mem_alloc(cap);
	if (!pg->url) {
		release(pg);
		return NULL;
	}
	snprintf(pg->url, cap, "%s%s", scheme, rest);
	return pg;
}

/* The text may hold a password, so only libpq's words are repeated. */
static int check_url(const char *url, char *why, size_t why_cap)
{
	char *text = NULL;
	PQconninfoOption *opts = PQconninfoParse(url, &text);
	int err = opts ? 0 : -EINVAL;

	if (err)
		snprintf(why, why_cap,
		         "DATABASE_URL cannot be read: write "
		         "postgres://USER:PASSWORD@HOST/NAME");
	PQconninfoFree(opts);
	PQfreemem(text);
	return err;
}

static int open_store(struct store **sp, const char *rest, char *why,
                      size_t why_cap)
{
	struct pg *pg = make(rest);
	struct pg_conn *c;
	int err;

	if (!pg)
		return -ENOMEM;
	err = check_url(pg->url, why, why_cap);
	if (!err) {
		c = &pg->conns[0];
		c->until_ms = pg_clock_ms() + OPEN_MS;
		snprintf(why, why_cap,
		         "the database of DATABASE_URL cannot be reached: "
		         "start it, or look at host, user and password; the "
		         "lines above have its own words");
		err = pg_connect(c) ? -EIO : 0;
	}
	if (!err)
		err = pg_migrate(&pg->base, why, why_cap);
	if (!err)
		err = pg_beat(&pg->base);
	if (err)
		release(pg);
	else
		*sp = &pg->base;
	return err;
}

const struct store_ops store_pg_ops = {
	.open = open_store,
	.close = close_store,
	.call_add = pg_call_add,
	.call_admit = pg_call_admit,
	.room_used = pg_room_used,
	.quality = pg_quality,
	.beat = pg_beat,
	.claim = pg_claim,
	.turn = pg_turn,
	.turn_hold = pg_turn_hold,
	.call_get = pg_call_get,
	.call_idem = pg_call_idem,
	.call_change = pg_call_change,
	.calls = pg_calls,
	.count = pg_count,
	.before = pg_before,
	.due = pg_due,
	.due_put = pg_due_put,
	.events = pg_events,
	.turns = pg_turns,
	.key_add = pg_key_add,
	.key_find = pg_key_find,
	.keys = pg_keys,
	.key_revoke = pg_key_revoke,
	.dnc_add = pg_dnc_add,
	.dnc_add_all = pg_dnc_add_all,
	.dnc_list = pg_dnc_list,
	.dnc_find = pg_dnc_find,
	.dnc_remove = pg_dnc_remove,
	.retry_add = pg_retry_add,
	.retry_get = pg_retry_get,
	.retry_due = pg_retry_due,
	.retry_put_off = pg_retry_put_off,
	.campaign_add = pg_campaign_add,
	.campaign_get = pg_campaign_get,
	.campaign_set = pg_campaign_set,
	.campaign_count = pg_campaign_count,
	.campaign_rows = pg_campaign_rows,
	.campaign_claim = pg_campaign_claim,
	.campaign_put_off = pg_campaign_put_off,
	.campaign_expire = pg_campaign_expire,
	.campaigns = pg_campaigns,
	.setting_put = pg_setting_put,
	.setting_get = pg_setting_get,
	.outbox_claim = pg_outbox_claim,
	.outbox_settle = pg_outbox_settle,
	.outbox_wake = pg_outbox_wake,
	.outbox_trim = pg_outbox_trim,
	.outbox_list = pg_outbox_list,
	.outbox_count = pg_outbox_count,
};
