#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <time.h>

#include "server/store/hands.h"
#include "server/store/pg.h"
#include "server/store/pg_ops.h"

enum {
	TURN_AGE_US = 10000,  /* [us] a turn may be so late by a clock's age */
	TURN_READS = 3,       /* of the clock, until one is not so old */
	TURN_LATE_US = 20000, /* [us] one that is over by that is lost, or of
	                       * which no more can be said */
	TURN_TRIES = 3,       /* turns that are taken */
};

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

/* What the database's clock was at some moment of ours, and by how much that
 * may be wrong. */
struct reading {
	int64_t db_us, here_us, age_us;
};

static int64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int read_clock(struct pg_conn *c, struct reading *best)
{
	const int64_t asked_us = clock_us();
	PGresult *r = NULL;
	int err = pg_run(c, PG_CLOCK, NULL, &r);
	int64_t now_us = clock_us();

	if (!err && now_us - asked_us < best->age_us)
		*best = (struct reading){pg_num(r, 0, 0), now_us,
		                         now_us - asked_us};
	PQclear(r);
	return err;
}

/* Take the next turn, of the database's clock, and look at that clock. */
static int take_turn(struct pg_conn *c, const struct turning *t,
                     int64_t *turn_us, struct reading *clock)
{
	const int64_t asked_us = clock_us();
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_int(&a, (int64_t)t->interval_us);
	pg_int(&a, t->priority);
	pg_text(&a, c->pg->base.self);
	err = pg_run(c, PG_TURN_TAKE, &a, &r);
	if (err)
		return err;
	if (PQntuples(r)) {
		int64_t now_us = clock_us();

		*turn_us = pg_num(r, 0, 0);
		*clock = (struct reading){pg_num(r, 0, 1), now_us,
		                          now_us - asked_us};
	} else {
		err = -EAGAIN;
	}
	PQclear(r);
	return err;
}

/* To have written the turn may have taken long; to read a clock does not. */
static int turn_work(struct pg_conn *c, bool again, void *arg)
{
	struct turning *t = arg;

	(void)again;
	for (int i = 0; i < TURN_TRIES; i++) {
		struct reading clock;
		int64_t turn_us = 0, wait_us;
		int err = take_turn(c, t, &turn_us, &clock);

		for (int k = 0;
		     k < TURN_READS && !err && clock.age_us > TURN_AGE_US; k++)
			err = read_clock(c, &clock);
		if (err)
			return err;
		wait_us = turn_us - clock.db_us + clock.here_us - clock_us();
		t->wait_us = wait_us > 0 ? (uint64_t)wait_us : 0;
		if (wait_us > -TURN_LATE_US && clock.age_us < TURN_LATE_US)
			return 0;
	}
	return -EAGAIN;
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
