#include <errno.h>

#include "common/err.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

static int look(struct sq_conn *c, const char *id,
                const struct store_room *room, unsigned *used)
{
	int err;
	sqlite3_stmt *st = sq_use(c, SQ_ROOM_USED, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_text_at(st, 2, room->what);
	err = sq_step(c, st);
	if (err == 1)
		*used = (unsigned)sqlite3_column_int64(st, 0);
	sq_done(st);
	return err < 0 ? err : 0;
}

int sq_room_used(struct store *s, const char *id, const struct store_room *room,
                 unsigned *used)
{
	struct sq_conn *r = &sq_of(s)->reader;
	int err;

	pthread_mutex_lock(&r->lock);
	err = look(r, id, room, used);
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_rooms_check(struct sq_conn *w, const char *id,
                   const struct store_change *change)
{
	for (size_t i = 0; i < change->n_rooms; i++) {
		unsigned used = 0;
		int err = look(w, id, &change->rooms[i], &used);

		if (err)
			return err;
		if (used >= change->rooms[i].max)
			return ERR_LIMIT;
	}
	return 0;
}

int sq_quality(struct store *s, int64_t since_ms, unsigned most,
               struct store_quality *q)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_QUALITY, &err);
	if (st) {
		sq_int_at(st, 1, since_ms);
		sq_int_at(st, 2, most);
		sq_int_at(st, 3, STORE_SHORT_MS);
		err = sq_step(r, st);
	}
	if (err == 1) {
		q->calls = (unsigned)sqlite3_column_int64(st, 0);
		q->brief = (unsigned)sqlite3_column_int64(st, 1);
		q->abandoned = (unsigned)sqlite3_column_int64(st, 2);
	}
	sq_done(st);
	pthread_mutex_unlock(&r->lock);
	return err < 0 ? err : 0;
}
