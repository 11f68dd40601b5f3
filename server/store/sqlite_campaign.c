#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

static int add_head(struct sq_conn *w, const struct store_campaign *c)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CAMPAIGN_ADD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, c->id);
	sq_text_at(st, 2, c->owner);
	sq_text_at(st, 3, c->agent);
	sq_text_at(st, 4, c->base_url);
	sq_text_at(st, 5, c->hash);
	sq_text_at(st, 6, c->state);
	sq_int_at(st, 7, c->created_ms);
	sq_int_at(st, 8, c->gap_ms);
	sq_int_at(st, 9, c->next_ms);
	sq_int_at(st, 10, c->at_once);
	sq_text_at(st, 11, c->retries);
	sq_text_at(st, 12, c->hours);
	sq_text_at(st, 13, c->events_url);
	return sq_run(w, st);
}

static int add_row(struct sq_conn *w, const char *id, const struct store_row *r)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CAMPAIGN_ROW_ADD, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_int_at(st, 2, r->line);
	sq_text_at(st, 3, r->to);
	sq_text_at(st, 4, r->phone_number);
	sq_text_at(st, 5, r->body);
	sq_text_at(st, 6, r->state);
	sq_text_at(st, 7, r->why);
	sq_int_at(st, 8, r->due_ms);
	sq_text_at(st, 9, r->events_url);
	sq_int_at(st, 10, r->expires_ms);
	sq_int_at(st, 11, r->priority);
	return sq_run(w, st);
}

int sq_campaign_add(struct store *s, const struct store_campaign *c,
                    const struct store_row *rows, size_t n)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err) {
		err = add_head(w, c);
		for (size_t i = 0; i < n && !err; i++)
			err = add_row(w, c->id, &rows[i]);
		err = sq_end(w, err);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

static void copy(char *dst, size_t cap, sqlite3_stmt *st, int at)
{
	snprintf(dst, cap, "%s", sq_col(st, at));
}

static void read_head(sqlite3_stmt *st, struct store_campaign *c)
{
	memset(c, 0, sizeof(*c));
	copy(c->id, sizeof(c->id), st, 0);
	copy(c->owner, sizeof(c->owner), st, 1);
	copy(c->agent, sizeof(c->agent), st, 2);
	copy(c->base_url, sizeof(c->base_url), st, 3);
	copy(c->hash, sizeof(c->hash), st, 4);
	copy(c->state, sizeof(c->state), st, 5);
	c->created_ms = sqlite3_column_int64(st, 6);
	c->gap_ms = sqlite3_column_int64(st, 7);
	c->next_ms = sqlite3_column_int64(st, 8);
	c->at_once = (unsigned)sqlite3_column_int64(st, 9);
	copy(c->retries, sizeof(c->retries), st, 10);
	copy(c->hours, sizeof(c->hours), st, 11);
	copy(c->events_url, sizeof(c->events_url), st, 12);
}

int sq_campaign_get(struct store *s, const char *id, bool by_call,
                    struct store_campaign *out)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, by_call ? SQ_CAMPAIGN_OF : SQ_CAMPAIGN_GET, &err);
	if (st) {
		sq_text_at(st, 1, id);
		err = sq_step(r, st);
		if (err == 1)
			read_head(st, out);
		sq_done(st);
		if (err >= 0)
			err = err ? 0 : -ENOENT;
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_campaign_set(struct store *s, const char *id, const char *state)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_CAMPAIGN_SET, &err);
	if (st) {
		sq_text_at(st, 1, id);
		sq_text_at(st, 2, state);
		err = sq_run(w, st);
		if (!err && !sqlite3_changes(w->db))
			err = -ENOENT;
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_campaign_count(struct store *s, const char *id, store_count_h *h,
                      void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_CAMPAIGN_COUNT, &err);
	if (st) {
		sq_text_at(st, 1, id);
		while ((err = sq_step(r, st)) == 1) {
			err = h(sq_col(st, 0), sq_col(st, 1),
			        (unsigned)sqlite3_column_int64(st, 2), arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

static char *text_of(sqlite3_stmt *st, int at)
{
	return (char *)(uintptr_t)sq_col(st, at);
}

int sq_campaign_rows(struct store *s, const char *id, store_row_h *h, void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_CAMPAIGN_ROWS, &err);
	if (st) {
		sq_text_at(st, 1, id);
		while ((err = sq_step(r, st)) == 1) {
			const struct store_row row = {
				.campaign_id = id,
				.line = (unsigned)sqlite3_column_int64(st, 0),
				.to = text_of(st, 1),
				.state = text_of(st, 2),
				.why = text_of(st, 3),
				.call_id = sq_col(st, 4),
				.call_state = sq_col(st, 5),
				.end_by = sq_col(st, 6),
				.end_cause = sq_col(st, 7),
				.error = sq_col(st, 8),
				.answered_ms = sqlite3_column_int64(st, 9),
				.ended_ms = sqlite3_column_int64(st, 10)};

			err = h(&row, arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int sq_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                      store_row_h *h, void *arg)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_CAMPAIGN_CLAIM, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		sq_int_at(st, 2, now_ms + lease_ms);
		err = sq_step(w, st);
		if (err == 1) {
			const struct store_row row = {
				.campaign_id = sq_col(st, 0),
				.line = (unsigned)sqlite3_column_int64(st, 1),
				.to = text_of(st, 2),
				.phone_number = text_of(st, 3),
				.body = text_of(st, 4),
				.events_url = text_of(st, 5),
				.expires_ms = sqlite3_column_int64(st, 6),
				.priority = sqlite3_column_int(st, 7)};

			err = h(&row, arg);
			/* It is written when the statement has ended. */
			if (err >= 0)
				err = sq_step(w, st);
		} else if (!err) {
			err = -ENOENT;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_campaign_put_off(struct store *s, const char *id, unsigned line,
                        int64_t due_ms, const char *why)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_CAMPAIGN_PUT_OFF, &err);
	if (st) {
		sq_text_at(st, 1, id);
		sq_int_at(st, 2, line);
		sq_int_at(st, 3, due_ms);
		sq_text_at(st, 4, why);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_campaign_expire(struct store *s, int64_t now_ms)
{
	struct sq_conn *w = &sq_of(s)->writer;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&w->lock);
	st = sq_use(w, SQ_CAMPAIGN_EXPIRE, &err);
	if (st) {
		sq_int_at(st, 1, now_ms);
		err = sq_run(w, st);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

int sq_campaigns(struct store *s, const char *state, const char *after,
                 unsigned limit, store_campaign_h *h, void *arg)
{
	struct sq_conn *r = &sq_of(s)->reader;
	struct store_campaign c;
	sqlite3_stmt *st;
	int err;

	pthread_mutex_lock(&r->lock);
	st = sq_use(r, SQ_CAMPAIGN_LIST, &err);
	if (st) {
		sq_text_at(st, 1, state);
		sq_text_at(st, 2, after);
		sq_int_at(st, 3, limit);
		while ((err = sq_step(r, st)) == 1) {
			read_head(st, &c);
			err = h(&c, arg);
			if (err < 0)
				break;
		}
		sq_done(st);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

static int run_of(struct sq_conn *w, enum sq_sql sql, const char *call_id,
                  int64_t due_ms, const char *why)
{
	int err;
	sqlite3_stmt *st = sq_use(w, sql, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, call_id);
	sq_int_at(st, 2, due_ms);
	if (sql == SQ_CAMPAIGN_RETURN)
		sq_text_at(st, 3, why);
	return sq_run(w, st);
}

int sq_row_return(struct sq_conn *w, const char *call_id, int64_t due_ms,
                  const char *why)
{
	int err = run_of(w, SQ_CAMPAIGN_HOLD_OF, call_id, due_ms, why);

	return err ? err : run_of(w, SQ_CAMPAIGN_RETURN, call_id, due_ms, why);
}
