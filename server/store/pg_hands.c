#include <errno.h>

#include "server/store/hands.h"
#include "server/store/pg.h"
#include "server/store/pg_ops.h"

int pg_say_alive(struct pg_conn *c)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, c->pg->base.self);
	pg_int(&a, STORE_LEASE_MS);
	return pg_run(c, PG_SERVER_BEAT, &a, NULL);
}

static int beat_work(struct pg_conn *c, bool again, void *arg)
{
	(void)again;
	(void)arg;
	return pg_say_alive(c);
}

int pg_beat(struct store *s)
{
	return pg_do(s, beat_work, NULL);
}

static int leave_work(struct pg_conn *c, bool again, void *arg)
{
	struct pg_args a = {.n = 0};

	(void)again;
	(void)arg;
	pg_text(&a, c->pg->base.self);
	return pg_run(c, PG_SERVER_LEAVE, &a, NULL);
}

int pg_leave(struct store *s)
{
	return pg_do(s, leave_work, NULL);
}

struct claiming {
	const char *self;
	int64_t forgotten_ms;
	PGresult *r;
};

/* What an attempt has claimed that was cut off is ours, and told of again
 * when it seems forgotten. */
static int claim_work(struct pg_conn *c, bool again, void *arg)
{
	struct claiming *cl = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_text(&a, cl->self);
	pg_int(&a, cl->forgotten_ms);
	return pg_run(c, PG_CALL_CLAIM, &a, &cl->r);
}

int pg_claim(struct store *s, int64_t now_ms, store_claim_h *h, void *arg)
{
	struct claiming cl = {s->self, now_ms - STORE_FORGOTTEN_MS, NULL};
	int err = pg_do(s, claim_work, &cl);

	for (int row = 0; !err && row < PQntuples(cl.r); row++) {
		err = h(pg_col(cl.r, row, 0), *pg_col(cl.r, row, 1) == 't',
		        arg);
		if (err > 0)
			err = 0;
	}
	PQclear(cl.r);
	return err;
}

struct turning {
	int priority;
	uint64_t interval_us, wait_us;
};

static int turn_work(struct pg_conn *c, bool again, void *arg)
{
	struct turning *t = arg;
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int64_t wait_us;
	int err;

	(void)again;
	pg_int(&a, (int64_t)t->interval_us);
	pg_int(&a, t->priority);
	pg_text(&a, c->pg->base.self);
	err = pg_run(c, PG_TURN_TAKE, &a, &r);
	if (err)
		return err;
	if (PQntuples(r)) {
		wait_us = pg_num(r, 0, 0);
		t->wait_us = wait_us > 0 ? (uint64_t)wait_us : 0;
	} else {
		err = -EAGAIN;
	}
	PQclear(r);
	return err;
}

int pg_turn(struct store *s, int priority, uint64_t interval_us,
            uint64_t *wait_us)
{
	struct turning t = {priority, interval_us, 0};
	int err = pg_do(s, turn_work, &t);

	*wait_us = t.wait_us;
	return err;
}

static int hold_work(struct pg_conn *c, bool again, void *arg)
{
	const uint32_t *ms = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_int(&a, *ms);
	return pg_run(c, PG_TURN_HOLD, &a, NULL);
}

int pg_turn_hold(struct store *s, uint32_t ms)
{
	return pg_do(s, hold_work, &ms);
}
