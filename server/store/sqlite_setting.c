#include <errno.h>
#include <stdio.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

int sq_setting_put(struct store *s, const char *name, const char *value,
                   int64_t at_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, value ? SQ_SETTING_PUT : SQ_SETTING_REMOVE, &err);
	if (st) {
		sq_text_at(st, 1, name);
		if (value) {
			sq_text_at(st, 2, value);
			sq_int_at(st, 3, at_ms);
		}
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_setting_get(struct store *s, const char *name, char *value, size_t cap,
                   int64_t *at_ms)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_SETTING_GET, &err);
	if (st) {
		sq_text_at(st, 1, name);
		err = sq_step(r, st);
		if (err == 1) {
			snprintf(value, cap, "%s", sq_col(st, 0));
			*at_ms = sqlite3_column_int64(st, 1);
		}
		sq_done(st);
		if (err >= 0)
			err = err ? 0 : -ENOENT;
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}
