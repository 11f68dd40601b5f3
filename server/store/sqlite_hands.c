#include <errno.h>

#include "server/store/hands.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

static int give_claimed(struct sq_conn *w, const char *self, int64_t then_ms,
                        store_claim_h *h, void *arg)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_UNHELD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, self);
	sq_int_at(st, 2, then_ms);
	while ((err = sq_step(w, st)) == 1) {
		err = h(sq_col(st, 0), sqlite3_column_int(st, 1) != 0, arg);
		if (err < 0)
			break;
	}
	sq_done(st);
	return err;
}

static int take_all(struct sq_conn *w, const char *self)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_CLAIM, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, self);
	return sq_run(w, st);
}

int sq_claim(struct store *s, int64_t now_ms, store_claim_h *h, void *arg)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err) {
		err = give_claimed(w, s->self, now_ms - STORE_FORGOTTEN_MS, h,
		                   arg);
		if (!err)
			err = take_all(w, s->self);
		err = sq_end(w, err);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
