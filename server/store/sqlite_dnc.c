#include <errno.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

/* Under the lock. */
static int add(struct sq_conn *w, const char *number, const char *call_id,
               int64_t at_ms)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_DNC_ADD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, number);
	sq_text_at(st, 2, call_id);
	sq_int_at(st, 3, at_ms);
	return sq_run(w, st);
}

int sq_dnc_add(struct store *s, const char *number, const char *call_id,
               int64_t at_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = add(w, number, call_id, at_ms);
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_dnc_add_all(struct store *s, const char *const *numbers, size_t n,
                   int64_t at_ms, unsigned *fresh)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err) {
		for (size_t i = 0; i < n && !err; i++) {
			err = add(w, numbers[i], NULL, at_ms);
			if (!err)
				*fresh += (unsigned)sqlite3_changes(w->db);
		}
		err = sq_end(w, err);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_dnc_list(struct store *s, const char *after, store_dnc_h *h, void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_DNC_LIST, &err);
	if (st) {
		sq_text_at(st, 1, after);
		sq_int_at(st, 2, STORE_DNC_BATCH);
		while ((err = sq_step(r, st)) == 1) {
			const struct store_dnc d = {
				sq_col(st, 0), sq_col(st, 1),
				sqlite3_column_int64(st, 2)};

			err = h(&d, arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_dnc_find(struct store *s, const char *number)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_DNC_FIND, &err);
	if (st) {
		sq_text_at(st, 1, number);
		err = sq_step(r, st);
		if (err >= 0)
			err = err ? 0 : -ENOENT;
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_dnc_remove(struct store *s, const char *number)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_DNC_REMOVE, &err);
	if (st) {
		sq_text_at(st, 1, number);
		err = sq_run(w, st);
		if (!err && !sqlite3_changes(w->db))
			err = -ENOENT;
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
