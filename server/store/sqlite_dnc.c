#include <errno.h>

#include "server/store/sqlite.h"

int sq_dnc_add(struct store *s, const char *number, const char *call_id,
               int64_t at_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_DNC_ADD, &err);
	if (st) {
		sq_text_at(st, 1, number);
		sq_text_at(st, 2, call_id);
		sq_int_at(st, 3, at_ms);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
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
