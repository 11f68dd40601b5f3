#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

struct adding {
	const struct store_campaign *c;
	const struct store_row *rows;
	size_t n;
};

static int add_head(struct pg_conn *conn, const struct store_campaign *c)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, c->id);
	pg_text(&a, c->owner);
	pg_text(&a, c->agent);
	pg_text(&a, c->base_url);
	pg_text(&a, c->hash);
	pg_text(&a, c->state);
	pg_int(&a, c->created_ms);
	pg_int(&a, c->gap_ms);
	pg_int(&a, c->next_ms);
	pg_int(&a, c->at_once);
	pg_text(&a, c->retries);
	pg_text(&a, c->hours);
	pg_text(&a, c->events_url);
	return pg_run(conn, PG_CAMPAIGN_ADD, &a, NULL);
}

static int add_row(struct pg_conn *conn, const char *id,
                   const struct store_row *r)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, id);
	pg_int(&a, r->line);
	pg_text(&a, r->to);
	pg_text(&a, r->phone_number);
	pg_text(&a, r->body);
	pg_text(&a, r->state);
	pg_text(&a, r->why);
	pg_int(&a, r->due_ms);
	pg_text(&a, r->events_url);
	pg_int(&a, r->expires_ms);
	pg_int(&a, r->priority);
	return pg_run(conn, PG_CAMPAIGN_ROW_ADD, &a, NULL);
}

static int get_head(struct pg_conn *c, const char *id, PGresult **r)
{
	struct pg_args a = {.n = 0};

	pg_text(&a, id);
	return pg_run(c, PG_CAMPAIGN_GET, &a, r);
}

/* Was it this very one that an attempt, cut off, has added? Of two lists of
 * one id, the one made at that moment. */
static int is_added(struct pg_conn *conn, const struct store_campaign *c)
{
	PGresult *r = NULL;
	int err = get_head(conn, c->id, &r);

	if (!err && !PQntuples(r))
		err = -ENOENT;
	else if (!err && (strcmp(pg_col(r, 0, 4), c->hash) != 0 ||
	                  pg_num(r, 0, 6) != c->created_ms))
		err = -EEXIST;
	PQclear(r);
	return err;
}

static int add_work(struct pg_conn *c, bool again, void *arg)
{
	const struct adding *ad = arg;
	int err = again ? is_added(c, ad->c) : -ENOENT;

	if (err != -ENOENT)
		return err;
	err = pg_begin(c);
	if (!err)
		err = add_head(c, ad->c);
	for (size_t i = 0; i < ad->n && !err; i++)
		err = add_row(c, ad->c->id, &ad->rows[i]);
	return pg_end(c, err);
}

int pg_campaign_add(struct store *s, const struct store_campaign *c,
                    const struct store_row *rows, size_t n)
{
	struct adding ad = {c, rows, n};

	return pg_do(s, add_work, &ad);
}

/* Any one statement here, all of which may be done twice: a second claim is of
 * another row, and the first one's lease ends. */
struct asking {
	enum pg_sql sql;
	const char *id, *text;
	bool has_text;
	int64_t numbers[2];
	int n_numbers;
	PGresult *r;
};

static int ask_work(struct pg_conn *c, bool again, void *arg)
{
	struct asking *ask = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	if (ask->id)
		pg_text(&a, ask->id);
	for (int i = 0; i < ask->n_numbers; i++)
		pg_int(&a, ask->numbers[i]);
	if (ask->has_text)
		pg_text(&a, ask->text);
	return pg_run(c, ask->sql, &a, &ask->r);
}

static void copy(char *dst, size_t cap, const PGresult *r, int row, int at)
{
	snprintf(dst, cap, "%s", pg_col(r, row, at));
}

static void read_head(const PGresult *r, int row, struct store_campaign *c)
{
	memset(c, 0, sizeof(*c));
	copy(c->id, sizeof(c->id), r, row, 0);
	copy(c->owner, sizeof(c->owner), r, row, 1);
	copy(c->agent, sizeof(c->agent), r, row, 2);
	copy(c->base_url, sizeof(c->base_url), r, row, 3);
	copy(c->hash, sizeof(c->hash), r, row, 4);
	copy(c->state, sizeof(c->state), r, row, 5);
	c->created_ms = pg_num(r, row, 6);
	c->gap_ms = pg_num(r, row, 7);
	c->next_ms = pg_num(r, row, 8);
	c->at_once = (unsigned)pg_num(r, row, 9);
	copy(c->retries, sizeof(c->retries), r, row, 10);
	copy(c->hours, sizeof(c->hours), r, row, 11);
	copy(c->events_url, sizeof(c->events_url), r, row, 12);
}

int pg_campaign_get(struct store *s, const char *id, bool by_call,
                    struct store_campaign *out)
{
	struct asking ask = {.sql = by_call ? PG_CAMPAIGN_OF : PG_CAMPAIGN_GET,
	                     .id = id};
	int err = pg_do(s, ask_work, &ask);

	if (!err && !PQntuples(ask.r))
		err = -ENOENT;
	if (!err)
		read_head(ask.r, 0, out);
	PQclear(ask.r);
	return err;
}

int pg_campaign_set(struct store *s, const char *id, const char *state)
{
	struct asking ask = {.sql = PG_CAMPAIGN_SET,
	                     .id = id,
	                     .text = state,
	                     .has_text = true};
	int err = pg_do(s, ask_work, &ask);

	if (!err && !pg_changed(ask.r))
		err = -ENOENT;
	PQclear(ask.r);
	return err;
}

int pg_campaign_count(struct store *s, const char *id, store_count_h *h,
                      void *arg)
{
	struct asking ask = {.sql = PG_CAMPAIGN_COUNT, .id = id};
	int err = pg_do(s, ask_work, &ask);

	for (int row = 0; !err && row < PQntuples(ask.r); row++) {
		err = h(pg_col(ask.r, row, 0), pg_col(ask.r, row, 1),
		        (unsigned)pg_num(ask.r, row, 2), arg);
		if (err > 0)
			err = 0;
	}
	PQclear(ask.r);
	return err;
}

static char *text_of(const PGresult *r, int row, int col)
{
	return (char *)(uintptr_t)pg_col(r, row, col);
}

int pg_campaign_rows(struct store *s, const char *id, store_row_h *h, void *arg)
{
	struct asking ask = {.sql = PG_CAMPAIGN_ROWS, .id = id};
	int err = pg_do(s, ask_work, &ask);

	for (int row = 0; !err && row < PQntuples(ask.r); row++) {
		const struct store_row one = {
			.campaign_id = id,
			.line = (unsigned)pg_num(ask.r, row, 0),
			.to = text_of(ask.r, row, 1),
			.state = text_of(ask.r, row, 2),
			.why = text_of(ask.r, row, 3),
			.call_id = pg_col(ask.r, row, 4),
			.call_state = pg_col(ask.r, row, 5),
			.end_by = pg_col(ask.r, row, 6),
			.end_cause = pg_col(ask.r, row, 7),
			.error = pg_col(ask.r, row, 8),
			.answered_ms = pg_num(ask.r, row, 9),
			.ended_ms = pg_num(ask.r, row, 10)};

		err = h(&one, arg);
		if (err > 0)
			err = 0;
	}
	PQclear(ask.r);
	return err;
}

int pg_campaign_claim(struct store *s, int64_t now_ms, uint32_t lease_ms,
                      store_row_h *h, void *arg)
{
	struct asking ask = {.sql = PG_CAMPAIGN_CLAIM,
	                     .numbers = {now_ms, now_ms + lease_ms},
	                     .n_numbers = 2};
	int err = pg_do(s, ask_work, &ask);

	if (!err && !PQntuples(ask.r))
		err = -ENOENT;
	if (!err) {
		const struct store_row one = {
			.campaign_id = pg_col(ask.r, 0, 0),
			.line = (unsigned)pg_num(ask.r, 0, 1),
			.to = text_of(ask.r, 0, 2),
			.phone_number = text_of(ask.r, 0, 3),
			.body = text_of(ask.r, 0, 4),
			.events_url = text_of(ask.r, 0, 5),
			.expires_ms = pg_num(ask.r, 0, 6),
			.priority = (int)pg_num(ask.r, 0, 7)};

		err = h(&one, arg);
		if (err > 0)
			err = 0;
	}
	PQclear(ask.r);
	return err;
}

int pg_campaign_put_off(struct store *s, const char *id, unsigned line,
                        int64_t due_ms, const char *why)
{
	struct asking ask = {.sql = PG_CAMPAIGN_PUT_OFF,
	                     .id = id,
	                     .numbers = {line, due_ms},
	                     .n_numbers = 2,
	                     .text = why,
	                     .has_text = true};
	int err = pg_do(s, ask_work, &ask);

	PQclear(ask.r);
	return err;
}

int pg_campaign_expire(struct store *s, int64_t now_ms)
{
	struct asking ask = {
		.sql = PG_CAMPAIGN_EXPIRE, .numbers = {now_ms}, .n_numbers = 1};
	int err = pg_do(s, ask_work, &ask);

	PQclear(ask.r);
	return err;
}

struct listing {
	const char *state, *after;
	unsigned limit;
	PGresult *r;
};

static int list_work(struct pg_conn *c, bool again, void *arg)
{
	struct listing *l = arg;
	struct pg_args a = {.n = 0};

	(void)again;
	pg_text(&a, l->state);
	pg_text(&a, l->after);
	pg_int(&a, l->limit);
	return pg_run(c, PG_CAMPAIGN_LIST, &a, &l->r);
}

int pg_campaigns(struct store *s, const char *state, const char *after,
                 unsigned limit, store_campaign_h *h, void *arg)
{
	struct listing l = {state, after, limit, NULL};
	int err = pg_do(s, list_work, &l);

	for (int row = 0; !err && row < PQntuples(l.r); row++) {
		struct store_campaign c;

		read_head(l.r, row, &c);
		err = h(&c, arg);
		if (err > 0)
			err = 0;
	}
	PQclear(l.r);
	return err;
}

int pg_row_return(struct pg_conn *c, const char *call_id, int64_t due_ms,
                  const char *why)
{
	struct pg_args a = {.n = 0};
	int err;

	pg_text(&a, call_id);
	pg_int(&a, due_ms);
	err = pg_run(c, PG_CAMPAIGN_HOLD_OF, &a, NULL);
	if (err)
		return err;
	pg_text(&a, call_id);
	pg_int(&a, due_ms);
	pg_text(&a, why);
	return pg_run(c, PG_CAMPAIGN_RETURN, &a, NULL);
}
