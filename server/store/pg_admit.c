#include <errno.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

static int64_t need(const struct store_call *c, const struct store_limit *l)
{
	return l->measure == STORE_CALLS ? 1 : c->reserved_sec;
}

/* The rows of a limit's statement. */
static int ask_limit(struct pg_conn *c, enum pg_sql sql,
                     const struct store_call *call, const struct store_limit *l,
                     PGresult **r)
{
	struct pg_args a = {.n = 0};

	pg_int(&a, call->created_ms - l->span_ms);
	pg_text(&a, l->owner);
	return pg_run(c, sql, &a, r);
}

/* When have enough of the calls that count grown too old to? */
static int find_room(struct pg_conn *c, const struct store_call *call,
                     const struct store_limit *l, int64_t over, int64_t *at)
{
	PGresult *r = NULL;
	int err = ask_limit(c, PG_USED_LIST, call, l, &r);

	if (err)
		return err;
	*at = 0;
	for (int row = 0; over > 0 && row < PQntuples(r); row++) {
		over -= l->measure == STORE_CALLS ? 1 : pg_num(r, row, 1);
		if (over <= 0)
			*at = pg_num(r, row, 0) + l->span_ms;
	}
	PQclear(r);
	return 0;
}

static int check_limits(struct pg_conn *c, const struct store_call *call,
                        struct store_admission *a)
{
	for (size_t i = 0; i < a->n_limits; i++) {
		const struct store_limit *l = &a->limits[i];
		PGresult *r = NULL;
		int64_t over;
		int err = ask_limit(c, PG_USED, call, l, &r);

		if (err)
			return err;
		over = pg_num(r, 0, l->measure == STORE_SECONDS) +
		       need(call, l) - l->max;
		PQclear(r);
		if (over <= 0)
			continue;
		a->verdict = STORE_SPENT;
		a->limit = i;
		return find_room(c, call, l, over, &a->free_ms);
	}
	return 0;
}

static int any(struct pg_conn *c, enum pg_sql sql, const char *number,
               bool *yes)
{
	struct pg_args a = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&a, number);
	err = pg_run(c, sql, &a, &r);
	*yes = !err && PQntuples(r) > 0;
	PQclear(r);
	return err;
}

static int check_room(struct pg_conn *c, enum pg_sql sql, int64_t max,
                      struct store_admission *a)
{
	PGresult *r = NULL;
	int err = pg_run(c, sql, NULL, &r);

	if (!err && pg_num(r, 0, 0) >= max)
		a->verdict = STORE_FULL;
	PQclear(r);
	return err;
}

static int judge(struct pg_conn *c, const struct store_call *call,
                 struct store_admission *a)
{
	bool yes = false;
	int err = any(c, PG_DNC_FIND, call->to, &yes);

	a->verdict = yes ? STORE_UNWANTED : STORE_ADMITTED;
	if (!err && !yes && call->state == STORE_SCHEDULED)
		return check_room(c, PG_COUNT_SCHEDULED, STORE_WAIT_MAX, a);
	if (!err && !yes && a->one_per_number) {
		err = any(c, PG_LIVE_TO, call->to, &yes);
		if (yes)
			a->verdict = STORE_TWICE;
	}
	if (!err && a->verdict == STORE_ADMITTED)
		err = check_limits(c, call, a);
	if (!err && a->verdict == STORE_ADMITTED && a->live_max)
		err = check_room(c, PG_COUNT_LIVE, a->live_max, a);
	return err;
}

/* The plan of which it is a try is made with it. */
static int take_retry(struct pg_conn *c, const struct store_call *call,
                      struct store_admission *a)
{
	struct pg_args args = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&args, a->retry_of);
	pg_text(&args, call->id);
	err = pg_run(c, PG_RETRY_TAKE, &args, &r);
	if (!err && !pg_changed(r))
		a->verdict = STORE_MADE;
	PQclear(r);
	if (err || a->verdict == STORE_MADE)
		return err;
	pg_text(&args, a->retry_of);
	pg_text(&args, call->id);
	return pg_run(c, PG_CAMPAIGN_FOLLOW, &args, NULL);
}

/* So is the row of a campaign, from whose pace it takes. */
static int take_row(struct pg_conn *c, const struct store_call *call,
                    struct store_admission *a)
{
	struct pg_args args = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&args, a->campaign);
	pg_int(&args, a->line);
	pg_text(&args, call->id);
	pg_int(&args, call->created_ms);
	err = pg_run(c, PG_CAMPAIGN_TAKE, &args, &r);
	if (!err && !pg_changed(r))
		a->verdict = STORE_MADE;
	PQclear(r);
	if (err || a->verdict == STORE_MADE)
		return err;
	pg_text(&args, a->campaign);
	pg_int(&args, call->created_ms);
	return pg_run(c, PG_CAMPAIGN_NEXT, &args, NULL);
}

/* It was scheduled, and begins. */
static int release(struct pg_conn *c, const struct store_call *call,
                   struct store_admission *a)
{
	struct pg_args args = {.n = 0};
	PGresult *r = NULL;
	int err;

	pg_text(&args, call->id);
	pg_text(&args, store_state_text(call->state));
	pg_int(&args, store_state_rank(call->state));
	pg_text(&args, c->pg->base.self);
	pg_int(&args, call->created_ms);
	pg_int(&args, call->reserved_sec);
	err = pg_run(c, PG_CALL_RELEASE, &args, &r);
	if (!err && !pg_changed(r))
		a->verdict = STORE_MADE;
	PQclear(r);
	return err;
}

struct admitting {
	const struct store_call *call;
	struct store_admission *a;
};

/* One at a time on all servers, or two would take the last unit. */
static int in_turn(struct pg_conn *c, const struct admitting *ad)
{
	int err = pg_run(c, PG_ADMIT_LOCK, NULL, NULL);

	if (!err)
		err = judge(c, ad->call, ad->a);
	if (!err && ad->a->verdict == STORE_ADMITTED && ad->a->retry_of)
		err = take_retry(c, ad->call, ad->a);
	if (!err && ad->a->verdict == STORE_ADMITTED && ad->a->campaign)
		err = take_row(c, ad->call, ad->a);
	if (!err && ad->a->verdict == STORE_ADMITTED)
		err = ad->a->release ? release(c, ad->call, ad->a)
		                     : pg_insert(c, ad->call);
	return err;
}

static int admit_work(struct pg_conn *c, bool again, void *arg)
{
	struct admitting *ad = arg;
	int err = again && !ad->a->release ? pg_is_added(c, ad->call) : -ENOENT;

	if (!err)
		ad->a->verdict = STORE_ADMITTED;
	if (err != -ENOENT)
		return err;
	err = pg_begin(c);
	if (!err)
		err = in_turn(c, ad);
	return pg_end(c, err);
}

int pg_call_admit(struct store *s, const struct store_call *c,
                  struct store_admission *a)
{
	struct admitting ad = {c, a};

	return pg_do(s, admit_work, &ad);
}
