#include <errno.h>
#include <stdio.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* Any statement here may be made twice: a second claim is of another call, and
 * the first one's lease ends. */
struct waiting {
	const struct store_call *call;
	const char *id;
	int64_t now_ms, due_ms;
	PGresult *r;
};

static int before_work(struct pg_conn *c, bool again, void *arg)
{
	struct waiting *w = arg;
	const struct store_call *call = w->call;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_int(&a, w->now_ms);
	pg_int(&a, call->not_before_ms > call->created_ms ? call->not_before_ms
	                                                  : call->created_ms);
	pg_int(&a, call->priority);
	pg_text(&a, call->id);
	return pg_run(c, PG_BEFORE, &a, &w->r);
}

int pg_before(struct store *s, const struct store_call *c, int64_t now_ms,
              unsigned *n)
{
	struct waiting w = {.call = c, .now_ms = now_ms};
	int err = pg_do(s, before_work, &w);

	if (!err)
		*n = (unsigned)pg_num(w.r, 0, 0);
	PQclear(w.r);
	return err;
}

static int due_work(struct pg_conn *c, bool again, void *arg)
{
	struct waiting *w = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_int(&a, w->now_ms);
	pg_int(&a, w->due_ms);
	return pg_run(c, PG_DUE, &a, &w->r);
}

int pg_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
           char id[STORE_WAIT_ID_MAX])
{
	struct waiting w = {.now_ms = now_ms, .due_ms = now_ms + lease_ms};
	int err = pg_do(s, due_work, &w);

	if (!err && !PQntuples(w.r))
		err = -ENOENT;
	if (!err)
		snprintf(id, STORE_WAIT_ID_MAX, "%s", pg_col(w.r, 0, 0));
	PQclear(w.r);
	return err;
}

static int put_work(struct pg_conn *c, bool again, void *arg)
{
	const struct waiting *w = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_text(&a, w->id);
	pg_int(&a, w->due_ms);
	return pg_run(c, PG_DUE_PUT, &a, NULL);
}

int pg_due_put(struct store *s, const char *id, int64_t due_ms)
{
	struct waiting w = {.id = id, .due_ms = due_ms};

	return pg_do(s, put_work, &w);
}
