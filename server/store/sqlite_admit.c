#include <errno.h>

#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

static int64_t need(const struct store_call *c, const struct store_limit *l)
{
	return l->measure == STORE_CALLS ? 1 : c->reserved_sec;
}

static void bind_limit(sqlite3_stmt *st, const struct store_call *c,
                       const struct store_limit *l)
{
	sq_int_at(st, 1, c->created_ms - l->span_ms);
	sq_text_at(st, 2, l->owner);
}

static int read_used(struct sq_conn *w, const struct store_call *c,
                     const struct store_limit *l, int64_t *used)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_USED, &err);

	if (!st)
		return err;
	bind_limit(st, c, l);
	err = sq_step(w, st);
	if (err == 1)
		*used = sqlite3_column_int64(st, l->measure == STORE_SECONDS);
	sq_done(st);
	return err < 0 ? err : 0;
}

/* When have enough of the calls that count grown too old to? */
static int find_room(struct sq_conn *w, const struct store_call *c,
                     const struct store_limit *l, int64_t over, int64_t *at)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_USED_LIST, &err);

	if (!st)
		return err;
	*at = 0;
	bind_limit(st, c, l);
	while (over > 0 && (err = sq_step(w, st)) == 1) {
		over -= l->measure == STORE_CALLS ? 1
		                                  : sqlite3_column_int64(st, 1);
		if (over <= 0)
			*at = sqlite3_column_int64(st, 0) + l->span_ms;
	}
	sq_done(st);
	return err < 0 ? err : 0;
}

static int check_limits(struct sq_conn *w, const struct store_call *c,
                        struct store_admission *a)
{
	int err = 0;

	for (size_t i = 0; i < a->n_limits && !err; i++) {
		const struct store_limit *l = &a->limits[i];
		int64_t used = 0, over;

		err = read_used(w, c, l, &used);
		over = used + need(c, l) - l->max;
		if (err || over <= 0)
			continue;
		a->verdict = STORE_SPENT;
		a->limit = i;
		return find_room(w, c, l, over, &a->free_ms);
	}
	return err;
}

/* 1: there is a row. */
static int any(struct sq_conn *w, enum sq_sql sql, const char *number)
{
	int err;
	sqlite3_stmt *st = sq_use(w, sql, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, number);
	err = sq_step(w, st);
	sq_done(st);
	return err;
}

static int check_room(struct sq_conn *w, enum sq_sql sql, int64_t max,
                      struct store_admission *a)
{
	int err;
	sqlite3_stmt *st = sq_use(w, sql, &err);

	if (!st)
		return err;
	err = sq_step(w, st);
	if (err == 1 && sqlite3_column_int64(st, 0) >= max)
		a->verdict = STORE_FULL;
	sq_done(st);
	return err < 0 ? err : 0;
}

static int judge(struct sq_conn *w, const struct store_call *c,
                 struct store_admission *a)
{
	int err = any(w, SQ_DNC_FIND, c->to);

	a->verdict = STORE_ADMITTED;
	if (err == 1)
		a->verdict = STORE_UNWANTED;
	if (!err && c->state == STORE_SCHEDULED)
		return check_room(w, SQ_COUNT_SCHEDULED, STORE_WAIT_MAX, a);
	if (!err && a->one_per_number) {
		err = any(w, SQ_LIVE_TO, c->to);
		if (err == 1)
			a->verdict = STORE_TWICE;
	}
	if (!err)
		err = check_limits(w, c, a);
	if (!err && a->verdict == STORE_ADMITTED && a->live_max)
		err = check_room(w, SQ_COUNT_LIVE, a->live_max, a);
	return err < 0 ? err : 0;
}

/* The plan of which it is a try is made with it. */
static int take_retry(struct sq_conn *w, const struct store_call *c,
                      struct store_admission *a)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_RETRY_TAKE, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, a->retry_of);
	sq_text_at(st, 2, c->id);
	err = sq_run(w, st);
	if (!err && !sqlite3_changes(w->db))
		a->verdict = STORE_MADE;
	if (err || a->verdict == STORE_MADE)
		return err;
	st = sq_use(w, SQ_CAMPAIGN_FOLLOW, &err);
	if (!st)
		return err;
	sq_text_at(st, 1, a->retry_of);
	sq_text_at(st, 2, c->id);
	return sq_run(w, st);
}

/* It calls nobody until its gap after @ms is over. */
static int hold_campaign(struct sq_conn *w, const char *id, int64_t ms)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CAMPAIGN_NEXT, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, id);
	sq_int_at(st, 2, ms);
	return sq_run(w, st);
}

/* So is the row of a campaign, from whose pace it takes. */
static int take_row(struct sq_conn *w, const struct store_call *c,
                    struct store_admission *a)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CAMPAIGN_TAKE, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, a->campaign);
	sq_int_at(st, 2, a->line);
	sq_text_at(st, 3, c->id);
	sq_int_at(st, 4, c->created_ms);
	err = sq_run(w, st);
	if (!err && !sqlite3_changes(w->db))
		a->verdict = STORE_MADE;
	if (err || a->verdict == STORE_MADE)
		return err;
	return hold_campaign(w, a->campaign, c->created_ms);
}

/* It was scheduled, and begins. */
static int release(struct sq_conn *w, const struct store_call *c,
                   struct store_admission *a)
{
	int err;
	sqlite3_stmt *st = sq_use(w, SQ_CALL_RELEASE, &err);

	if (!st)
		return err;
	sq_text_at(st, 1, c->id);
	sq_text_at(st, 2, store_state_text(c->state));
	sq_int_at(st, 3, store_state_rank(c->state));
	sq_text_at(st, 4, CONTAINER_OF(w, struct sqlite, writer)->base.self);
	sq_int_at(st, 5, c->created_ms);
	sq_int_at(st, 6, c->reserved_sec);
	err = sq_run(w, st);
	if (!err && !sqlite3_changes(w->db))
		a->verdict = STORE_MADE;
	return err;
}

int sq_call_admit(struct store *s, const struct store_call *c,
                  struct store_admission *a)
{
	struct sq_conn *w = &sq_of(s)->writer;
	int err;

	pthread_mutex_lock(&w->lock);
	err = sq_begin(w);
	if (!err) {
		err = judge(w, c, a);
		if (!err && a->verdict == STORE_ADMITTED && a->retry_of)
			err = take_retry(w, c, a);
		if (!err && a->verdict == STORE_ADMITTED && a->campaign)
			err = take_row(w, c, a);
		if (!err && a->verdict == STORE_ADMITTED)
			err = a->release ? release(w, c, a) : sq_insert(w, c);
		err = sq_end(w, err);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
