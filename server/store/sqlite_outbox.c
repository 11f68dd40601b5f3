#include <errno.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

/* Columns as SQ_LETTER_* select them. */
static struct store_letter read_letter(sqlite3_stmt *st)
{
	return (struct store_letter){
		.seq = sqlite3_column_int64(st, 0),
		.event_id = sq_col(st, 1),
		.call_id = sq_col(st, 2),
		.url = sq_col(st, 3),
		.type = sq_col(st, 4),
		.data = sq_col(st, 5),
		.at_ms = sqlite3_column_int64(st, 6),
		.created_ms = sqlite3_column_int64(st, 7),
		.next_ms = sqlite3_column_int64(st, 8),
		.tries = (unsigned)sqlite3_column_int64(st, 9),
		.dead = sqlite3_column_int(st, 10) != 0,
		.error = sq_col(st, 11),
	};
}

int sq_letter_add(struct sq_conn *w, const char *call_id, const char *event_id,
                  const char *type, const char *data, int64_t at_ms)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_LETTER_ADD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, call_id);
	sq_text_at(st, 2, event_id);
	sq_text_at(st, 3, type);
	sq_text_at(st, 4, data);
	sq_int_at(st, 5, at_ms);
	return sq_run(w, st);
}

/* Is any due? Asked of the reader, so that an idle outbox costs no commit. */
static int any_due(struct sq_conn *r, int64_t now_ms)
{
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_LETTER_DUE, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		sq_int_at(st, 2, 1);
		err = sq_step(r, st);
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

static int lease(struct sq_conn *w, int64_t seq, int64_t until_ms)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_LETTER_LEASE, &err);

	if (!st)
		return err;
	sq_int_at(st, 1, seq);
	sq_int_at(st, 2, until_ms);
	return sq_run(w, st);
}

static int give_due(struct sq_conn *w, int64_t now_ms, uint32_t lease_ms,
                    unsigned limit, store_letter_h *h, void *arg)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_LETTER_DUE, &err);

	if (!st)
		return err;
	sq_int_at(st, 1, now_ms);
	sq_int_at(st, 2, limit);
	while ((err = sq_step(w, st)) == 1) {
		const struct store_letter l = read_letter(st);

		err = h(&l, arg);
		if (err >= 0)
			err = lease(w, l.seq, now_ms + lease_ms);
		if (err < 0)
			break;
	}
	sq_done(st);
	return err;
}

int sq_outbox_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                    unsigned limit, store_letter_h *h, void *arg)
{
	struct sqlite *sq = sq_of(s);
	struct sq_conn *w = &sq->writer;
	int err = any_due(&sq->reader, now_ms);

	if (err <= 0)
		return err;
	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err)
		err = sq_end(w, give_due(w, now_ms, lease_ms, limit, h, arg));
	pthread_mutex_unlock(&w->lock);
	return err;
}

static int run_seq(struct sq_conn *w, enum sq_sql sql, int64_t seq)
{
	int err;
	sqlite3_stmt *st = sq_use(w, sql, &err);

	if (!st)
		return err;
	sq_int_at(st, 1, seq);
	return sq_run(w, st);
}

static int postpone(struct sq_conn *w, int64_t seq,
                    const struct store_settle *what)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_LETTER_SETTLE, &err);

	if (!st)
		return err;
	sq_int_at(st, 1, seq);
	sq_int_at(st, 2, what->next_ms);
	sq_int_at(st, 3, what->tries);
	sq_int_at(st, 4, what->verdict == STORE_DEAD);
	sq_text_at(st, 5, what->error);
	return sq_run(w, st);
}

int sq_outbox_settle(struct store *s, int64_t seq,
                     const struct store_settle *what)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (err) {
		pthread_mutex_unlock(&w->lock);
		return err;
	}
	/* The call's next one is due before this one is gone, by which it is
	 * found. */
	if (what->verdict != STORE_LATER)
		err = run_seq(w, SQ_LETTER_NEXT, seq);
	if (!err && what->verdict == STORE_SENT)
		err = run_seq(w, SQ_LETTER_REMOVE, seq);
	else if (!err)
		err = postpone(w, seq, what);
	err = sq_end(w, err);
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_outbox_wake(struct store *s, bool dead)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err) {
		if (dead)
			err = run_seq(w, SQ_LETTER_REVIVE, 1);
		if (!err)
			err = run_seq(w, SQ_LETTER_WAKE, 0);
		err = sq_end(w, err);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_outbox_trim(struct store *s, unsigned keep, unsigned *dropped)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	*dropped = 0;
	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_LETTER_TRIM, &err);
	if (st) {
		sq_int_at(st, 1, keep);
		err = sq_run(w, st);
		if (!err)
			*dropped = (unsigned)sqlite3_changes(w->db);
	}
	pthread_mutex_unlock(&w->lock);
	return err || !*dropped ? err : sq_outbox_wake(s, false);
}

int sq_outbox_list(struct store *s, bool dead, store_letter_h *h, void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_LETTER_LIST, &err);
	if (st) {
		sq_int_at(st, 1, dead);
		while ((err = sq_step(r, st)) == 1) {
			const struct store_letter l = read_letter(st);

			err = h(&l, arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_outbox_count(struct store *s, unsigned *waiting, unsigned *dead)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_LETTER_COUNT, &err);
	if (st) {
		err = sq_step(r, st);
		if (err == 1) {
			*waiting = (unsigned)sqlite3_column_int64(st, 0);
			*dead = (unsigned)sqlite3_column_int64(st, 1);
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err < 0 ? err : 0;
}
