#include <errno.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* Columns as PG_LETTER_* select them. */
static struct store_letter read_letter(const PGresult *r, int row)
{
	return (struct store_letter){
		.seq = pg_num(r, row, 0),
		.event_id = pg_col(r, row, 1),
		.call_id = pg_col(r, row, 2),
		.url = pg_col(r, row, 3),
		.type = pg_col(r, row, 4),
		.data = pg_col(r, row, 5),
		.at_ms = pg_num(r, row, 6),
		.created_ms = pg_num(r, row, 7),
		.next_ms = pg_num(r, row, 8),
		.tries = (unsigned)pg_num(r, row, 9),
		.dead = pg_num(r, row, 10) != 0,
		.error = pg_col(r, row, 11),
	};
}

static int give(PGresult *r, store_letter_h *h, void *arg)
{
	int err = 0;

	for (int row = 0; err >= 0 && row < PQntuples(r); row++) {
		const struct store_letter l = read_letter(r, row);

		err = h(&l, arg);
	}
	PQclear(r);
	return err < 0 ? err : 0;
}

int pg_letter_add(struct pg_conn *c, const char *call_id, const char *event_id,
                  const char *type, const char *data, int64_t at_ms)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, call_id);
	pg_text(&a, event_id);
	pg_text(&a, type);
	pg_text(&a, data);
	pg_int(&a, at_ms);
	return pg_run(c, PG_LETTER_ADD, &a, NULL);
}

struct claiming {
	int64_t now_ms;
	uint32_t lease_ms;
	unsigned limit;
	PGresult *r;
};

/* A claim that nobody heard of is due again when its lease is over. */
static int claim_work(struct pg_conn *c, bool again, void *arg)
{
	struct claiming *cl = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_int(&a, cl->now_ms);
	pg_int(&a, cl->now_ms + cl->lease_ms);
	pg_int(&a, cl->limit);
	return pg_run(c, PG_LETTER_CLAIM, &a, &cl->r);
}

int pg_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                    unsigned limit, store_letter_h *h, void *arg)
{
	struct claiming cl = {now_ms, lease_ms, limit, NULL};
	int err = pg_do(s, claim_work, &cl);

	return err ? err : give(cl.r, h, arg);
}

static int run_int(struct pg_conn *c, enum pg_sql sql, int64_t v)
{
	struct pg_args a = {.n = 0};

	pg_int(&a, v);
	return pg_run(c, sql, &a, NULL);
}

struct settling {
	int64_t seq;
	const struct store_settle *what;
};

static int settle(struct pg_conn *c, const struct settling *st)
{
	struct pg_args a = {.n = 0};
	/* With the call's row in hand nothing is added to its letters now, and
	 * what comes later sees what is done here. */
	int err = run_int(c, PG_LETTER_LOCK, st->seq);

	if (!err && st->what->verdict != STORE_LATER)
		err = run_int(c, PG_LETTER_NEXT, st->seq);
	if (err)
		return err;
	if (st->what->verdict == STORE_SENT)
		return run_int(c, PG_LETTER_REMOVE, st->seq);
	pg_int(&a, st->seq);
	pg_int(&a, st->what->next_ms);
	pg_int(&a, st->what->tries);
	pg_int(&a, st->what->verdict == STORE_DEAD);
	pg_text(&a, st->what->error);
	return pg_run(c, PG_LETTER_SETTLE, &a, NULL);
}

static int settle_work(struct pg_conn *c, bool again, void *arg)
{
	int err = pg_begin(c);

	(void)again;
	if (!err)
		err = settle(c, arg);
	return pg_end(c, err);
}

int pg_outbox_settle(struct store *s, int64_t seq,
                     const struct store_settle *what)
{
	struct settling st = {seq, what};

	return pg_do(s, settle_work, &st);
}

static int wake_work(struct pg_conn *c, bool again, void *arg)
{
	const bool *dead = arg;
	int err = pg_begin(c);

	(void)again;
	if (!err && *dead)
		err = pg_run(c, PG_LETTER_REVIVE, NULL, NULL);
	if (!err)
		err = pg_run(c, PG_LETTER_WAKE, NULL, NULL);
	return pg_end(c, err);
}

int pg_outbox_wake(struct store *s, bool dead)
{
	return pg_do(s, wake_work, &dead);
}

struct trimming {
	unsigned keep, dropped;
};

static int trim_work(struct pg_conn *c, bool again, void *arg)
{
	struct trimming *t = arg;
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	(void)again;
	pg_int(&a, t->keep);
	err = pg_run(c, PG_LETTER_TRIM, &a, &r);
	if (!err)
		t->dropped = (unsigned)pg_changed(r);
	PQclear(r);
	return err;
}

int pg_outbox_trim(struct store *s, unsigned keep, unsigned *dropped)
{
	struct trimming t = {keep, 0};
	int err = pg_do(s, trim_work, &t);

	*dropped = t.dropped;
	return err || !t.dropped ? err : pg_outbox_wake(s, false);
}

struct listing {
	bool dead;
	PGresult *r;
};

static int list_work(struct pg_conn *c, bool again, void *arg)
{
	struct listing *l = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_int(&a, l->dead);
	return pg_run(c, PG_LETTER_LIST, &a, &l->r);
}

int pg_outbox_list(struct store *s, bool dead, store_letter_h *h, void *arg)
{
	struct listing l = {dead, NULL};
	int err = pg_do(s, list_work, &l);

	return err ? err : give(l.r, h, arg);
}

struct counting {
	unsigned waiting, dead;
};

static int count_work(struct pg_conn *c, bool again, void *arg)
{
	struct counting *n = arg;
	PGresult *r = NULL;
	int err = pg_run(c, PG_LETTER_COUNT, NULL, &r);

	(void)again;
	if (err)
		return err;
	n->waiting = (unsigned)pg_num(r, 0, 0);
	n->dead = (unsigned)pg_num(r, 0, 1);
	PQclear(r);
	return 0;
}

int pg_outbox_count(struct store *s, unsigned *waiting, unsigned *dead)
{
	struct counting n = {0, 0};
	int err = pg_do(s, count_work, &n);

	*waiting = n.waiting;
	*dead = n.dead;
	return err;
}
