#include <errno.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

/* Rows of the small tables: events, turns, keys. */

typedef int row_h(sqlite3_stmt *st, void *arg);

static int each(struct store *s, enum sq_sql sql, const char *value, row_h *h,
                void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, sql, &err);
	if (st && value)
		sq_text_at(st, 1, value);
	while (st) {
		err = sq_step(r, st);
		if (err <= 0)
			break;
		err = h(st, arg);
		if (err < 0)
			break;
	}
	sq_done(st);
	pthread_mutex_unlock(&r->lock);
	return err;
}

struct events_arg {
	store_event_h *h;
	void *arg;
};

static int give_event(sqlite3_stmt *st, void *arg)
{
	const struct events_arg *a = arg;
	const struct store_event ev = {
		.dedupe = sq_col(st, 0),
		.source = sq_col(st, 1),
		.type = sq_col(st, 2),
		.data = sq_col(st, 3),
		.at_ms = sqlite3_column_int64(st, 4),
	};

	return a->h(&ev, a->arg);
}

int sq_events(struct store *s, const char *id, store_event_h *h, void *arg)
{
	struct events_arg a = {h, arg};

	return each(s, SQ_EVENT_LIST, id, give_event, &a);
}

struct turns_arg {
	store_turn_h *h;
	void *arg;
};

static int give_turn(sqlite3_stmt *st, void *arg)
{
	const struct turns_arg *a = arg;
	const struct store_turn t = {
		.n = (unsigned)sqlite3_column_int64(st, 0),
		.role = sq_col(st, 1),
		.text = sq_col(st, 2),
		.heard_ms = sqlite3_column_int64(st, 3),
		.at_ms = sqlite3_column_int64(st, 4),
		.interrupted = sqlite3_column_int(st, 5) != 0,
		.speech_end = sqlite3_column_int(st, 6),
		.final = sqlite3_column_int(st, 7),
		.first_token = sqlite3_column_int(st, 8),
		.first_audio = sqlite3_column_int(st, 9),
		.heard = sqlite3_column_int(st, 10),
	};

	return a->h(&t, a->arg);
}

int sq_turns(struct store *s, const char *id, store_turn_h *h, void *arg)
{
	struct turns_arg a = {h, arg};

	return each(s, SQ_TURN_LIST, id, give_turn, &a);
}

struct keys_arg {
	store_key_h *h;
	void *arg;
	unsigned n;
};

static int give_key(sqlite3_stmt *st, void *arg)
{
	struct keys_arg *a = arg;
	const struct store_key k = {
		.name = sq_col(st, 0),
		.hash = sq_col(st, 1),
		.scopes = sq_col(st, 2),
		.rate = (uint32_t)sqlite3_column_int64(st, 3),
		.budget = sqlite3_column_int64(st, 4),
		.created_ms = sqlite3_column_int64(st, 5),
		.revoked_ms = sqlite3_column_int64(st, 6),
		.rates = sq_col(st, 7),
		.budgets = sq_col(st, 8),
	};

	a->n++;
	return a->h(&k, a->arg);
}

int sq_key_find(struct store *s, const char *hash, store_key_h *h, void *arg)
{
	struct keys_arg a = {h, arg, 0};
	int err = each(s, SQ_KEY_FIND, hash, give_key, &a);

	return err || a.n ? err : -ENOENT;
}

int sq_keys(struct store *s, store_key_h *h, void *arg)
{
	struct keys_arg a = {h, arg, 0};

	return each(s, SQ_KEY_LIST, NULL, give_key, &a);
}

int sq_key_add(struct store *s, const struct store_key *k)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_KEY_ADD, &err);
	if (st) {
		sq_text_at(st, 1, k->name);
		sq_text_at(st, 2, k->hash);
		sq_text_at(st, 3, k->scopes);
		sq_int_at(st, 4, k->rate);
		sq_int_at(st, 5, k->budget);
		sq_int_at(st, 6, k->created_ms);
		sq_int_at(st, 7, k->revoked_ms);
		sq_text_at(st, 8, k->rates);
		sq_text_at(st, 9, k->budgets);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_key_revoke(struct store *s, const char *name, int64_t at_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_KEY_REVOKE, &err);
	if (st) {
		sq_text_at(st, 1, name);
		sq_int_at(st, 2, at_ms);
		err = sq_run(w, st);
		if (!err && !sqlite3_changes(w->db))
			err = -ENOENT;
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
