#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

int sq_retry_add(struct store *s, const struct store_retry *r)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_RETRY_ADD, &err);
	if (st) {
		sq_text_at(st, 1, r->call_id);
		sq_int_at(st, 2, r->attempt);
		sq_text_at(st, 3, r->cause);
		sq_int_at(st, 4, r->due_ms);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

static void read_row(sqlite3_stmt *st, struct store_retry *r)
{
	const char *next = sq_col(st, 4);

	memset(r, 0, sizeof(*r));
	snprintf(r->call_id, sizeof(r->call_id), "%s", sq_col(st, 0));
	r->attempt = (unsigned)sqlite3_column_int64(st, 1);
	snprintf(r->cause, sizeof(r->cause), "%s", sq_col(st, 2));
	r->due_ms = sqlite3_column_int64(st, 3);
	if (next)
		snprintf(r->next_id, sizeof(r->next_id), "%s", next);
}

int sq_retry_get(struct store *s, const char *id, bool made,
                 struct store_retry *out)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, made ? SQ_RETRY_BY_NEXT : SQ_RETRY_BY_CALL, &err);
	if (st) {
		sq_text_at(st, 1, id);
		err = sq_step(r, st);
		if (err == 1)
			read_row(st, out);
		sq_done(st);
		if (err >= 0)
			err = err ? 0 : -ENOENT;
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_retry_due(struct store *s, int64_t now_ms, store_retry_h *h, void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_RETRY_DUE, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		sq_int_at(st, 2, STORE_RETRY_BATCH);
		while ((err = sq_step(r, st)) == 1) {
			struct store_retry one;

			read_row(st, &one);
			err = h(&one, arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_retry_put_off(struct store *s, const char *call_id, int64_t due_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_RETRY_PUT_OFF, &err);
	if (st) {
		sq_text_at(st, 1, call_id);
		sq_int_at(st, 2, due_ms);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
