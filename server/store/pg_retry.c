#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* Each of these works is one statement, and doing it twice is as good as
 * once. */

struct saying {
	enum pg_sql sql;
	const char *text, *cause; /* NULL: not among the values */
	int64_t numbers[2];
	int n_numbers;
	PGresult *r;
};

static int work(struct pg_conn *c, bool again, void *arg)
{
	struct saying *say = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	if (say->text)
		pg_text(&a, say->text);
	for (int i = 0; i < say->n_numbers; i++) {
		if (i == 1 && say->cause)
			pg_text(&a, say->cause);
		pg_int(&a, say->numbers[i]);
	}
	return pg_run(c, say->sql, &a, &say->r);
}

static int change(struct store *s, struct saying *say)
{
	int err = pg_do(s, work, say);

	PQclear(say->r);
	return err;
}

int pg_retry_add(struct store *s, const struct store_retry *r)
{
	struct saying say = {.sql = PG_RETRY_ADD,
	                     .text = r->call_id,
	                     .cause = r->cause,
	                     .numbers = {r->attempt, r->due_ms},
	                     .n_numbers = 2};

	return change(s, &say);
}

int pg_retry_put_off(struct store *s, const char *call_id, int64_t due_ms)
{
	struct saying say = {.sql = PG_RETRY_PUT_OFF,
	                     .text = call_id,
	                     .numbers = {due_ms},
	                     .n_numbers = 1};

	return change(s, &say);
}

static void read_row(const PGresult *r, int row, struct store_retry *out)
{
	const char *next = pg_col(r, row, 4);

	memset(out, 0, sizeof(*out));
	snprintf(out->call_id, sizeof(out->call_id), "%s", pg_col(r, row, 0));
	out->attempt = (unsigned)pg_num(r, row, 1);
	snprintf(out->cause, sizeof(out->cause), "%s", pg_col(r, row, 2));
	out->due_ms = pg_num(r, row, 3);
	if (next)
		snprintf(out->next_id, sizeof(out->next_id), "%s", next);
}

int pg_retry_get(struct store *s, const char *id, bool made,
                 struct store_retry *out)
{
	struct saying say = {.sql = made ? PG_RETRY_BY_NEXT : PG_RETRY_BY_CALL,
	                     .text = id};
	int err = pg_do(s, work, &say);

	if (!err && !PQntuples(say.r))
		err = -ENOENT;
	if (!err)
		read_row(say.r, 0, out);
	PQclear(say.r);
	return err;
}

int pg_retry_due(struct store *s, int64_t now_ms, store_retry_h *h, void *arg)
{
	struct saying say = {.sql = PG_RETRY_DUE,
	                     .numbers = {now_ms, STORE_RETRY_BATCH},
	                     .n_numbers = 2};
	int err = pg_do(s, work, &say);

	for (int row = 0; !err && row < PQntuples(say.r); row++) {
		struct store_retry one;

		read_row(say.r, row, &one);
		err = h(&one, arg);
		if (err > 0)
			err = 0;
	}
	PQclear(say.r);
	return err;
}
