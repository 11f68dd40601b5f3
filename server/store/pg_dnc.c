#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* The do-not-call list by hundreds. */

struct numbers {
	const char *const *v;
	size_t n;
	int64_t at_ms;
	unsigned fresh;
};

static int add_one(struct pg_conn *c, const char *number, int64_t at_ms,
                   unsigned *fresh)
{
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, number);
	pg_text(&a, NULL);
	pg_int(&a, at_ms);
	err = pg_run(c, PG_DNC_ADD, &a, &r);
	if (!err)
		*fresh += pg_changed(r) > 0;
	PQclear(r);
	return err;
}

/* Doing it twice is as good as once, but for what is told of it. */
static int add_work(struct pg_conn *c, bool again, void *arg)
{
	struct numbers *b = arg;
	int err = pg_begin(c);

	(void)again;
	b->fresh = 0;
	for (size_t i = 0; i < b->n && !err; i++)
		err = add_one(c, b->v[i], b->at_ms, &b->fresh);
	return pg_end(c, err);
}

int pg_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                   int64_t at_ms, unsigned *fresh)
{
	struct numbers b = {numbers, n, at_ms, 0};
	int err = pg_do(s, add_work, &b);

	*fresh = b.fresh;
	return err;
}

struct listing {
	const char *after;
	PGresult *r;
};

static int list_work(struct pg_conn *c, bool again, void *arg)
{
	struct listing *l = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_text(&a, l->after);
	pg_int(&a, STORE_DNC_BATCH);
	return pg_run(c, PG_DNC_LIST, &a, &l->r);
}

int pg_dnc_list(struct store *s, const char *after, store_dnc_h *h, void *arg)
{
	struct listing l = {.after = after};
	int err = pg_do(s, list_work, &l);

	for (int row = 0; !err && row < PQntuples(l.r); row++) {
		const struct store_dnc d = {pg_col(l.r, row, 0),
		                            pg_col(l.r, row, 1),
		                            pg_num(l.r, row, 2)};

		err = h(&d, arg);
		if (err > 0)
			err = 0;
	}
	PQclear(l.r);
	return err;
}
