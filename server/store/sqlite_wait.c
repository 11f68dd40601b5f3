#include <errno.h>
#include <stdio.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

int sq_before(struct store *s, const struct store_call *c, int64_t now_ms,
              unsigned *n)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_BEFORE, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		sq_int_at(st, 2,
		          c->not_before_ms > c->created_ms ? c->not_before_ms
		                                           : c->created_ms);
		sq_int_at(st, 3, c->priority);
		sq_text_at(st, 4, c->id);
		err = sq_step(r, st);
		if (err == 1)
			*n = (unsigned)sqlite3_column_int64(st, 0);
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err < 0 ? err : 0;
}

int sq_due(struct store *s, int64_t now_ms, uint32_t lease_ms,
           char id[STORE_WAIT_ID_MAX])
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_DUE, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		sq_int_at(st, 2, now_ms + lease_ms);
		err = sq_step(w, st);
		if (err == 1) {
			snprintf(id, STORE_WAIT_ID_MAX, "%s", sq_col(st, 0));
			/* It is written when the statement has ended. */
			err = sq_step(w, st);
		} else if (!err) {
			err = -ENOENT;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_due_put(struct store *s, const char *id, int64_t due_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_DUE_PUT, &err);
	if (st) {
		sq_text_at(st, 1, id);
		sq_int_at(st, 2, due_ms);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
