#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/store/pg.h"
#include "server/store/pg_ops.h"

/* Rows of the small tables: events, turns, keys, numbers, settings. Each of
 * these works is one statement, and doing it twice is as good as once. */

typedef void fill_h(struct pg_args *a, const void *what);
typedef int row_h(const PGresult *r, int row, void *arg);

struct saying {
	enum pg_sql sql;
	fill_h *fill; /* NULL: no values */
	const void *what;
	PGresult *r;
	bool again; /* an attempt before may have done it */
};

static int say_work(struct pg_conn *c, bool again, void *arg)
{
	struct saying *say = arg;
	struct pg_args a = {.n = 0};

	say->again = again;
	if (say->fill)
		say->fill(&a, say->what);
	return pg_run(c, say->sql, &a, &say->r);
}

static void fill_text(struct pg_args *a, const void *what)
{
	pg_text(a, what);
}

/* Done, and @changed, unless NULL, says whether any row was. */
static int change(struct store *s, struct saying *say, bool *changed)
{
	int err = pg_do(s, say_work, say);

	if (!err && changed)
		*changed = pg_changed(say->r) > 0;
	PQclear(say->r);
	say->r = NULL;
	return err;
}

/* The number of rows is added to *@n, unless NULL. */
static int each(struct store *s, enum pg_sql sql, const char *text, row_h *h,
                void *arg, int *n)
{
	struct saying say = {
		.sql = sql, .fill = text ? fill_text : NULL, .what = text};
	int err = pg_do(s, say_work, &say);

	for (int row = 0; !err && row < PQntuples(say.r); row++) {
		err = h(say.r, row, arg);
		if (err > 0)
			err = 0;
	}
	if (n && say.r)
		*n = PQntuples(say.r);
	PQclear(say.r);
	return err;
}

struct events_arg {
	store_event_h *h;
	void *arg;
};

static int give_event(const PGresult *r, int row, void *arg)
{
	const struct events_arg *a = arg;
	const struct store_event ev = {
		.dedupe = pg_col(r, row, 0),
		.source = pg_col(r, row, 1),
		.type = pg_col(r, row, 2),
		.data = pg_col(r, row, 3),
		.at_ms = pg_num(r, row, 4),
	};

	return a->h(&ev, a->arg);
}

int pg_events(struct store *s, const char *id, store_event_h *h, void *arg)
{
	struct events_arg a = {h, arg};

	return each(s, PG_EVENT_LIST, id, give_event, &a, NULL);
}

struct turns_arg {
	store_turn_h *h;
	void *arg;
};

static int give_turn(const PGresult *r, int row, void *arg)
{
	const struct turns_arg *a = arg;
	const struct store_turn t = {
		.n = (unsigned)pg_num(r, row, 0),
		.role = pg_col(r, row, 1),
		.text = pg_col(r, row, 2),
		.heard_ms = pg_num(r, row, 3),
		.at_ms = pg_num(r, row, 4),
		.interrupted = pg_num(r, row, 5) != 0,
		.speech_end = (int)pg_num(r, row, 6),
		.final = (int)pg_num(r, row, 7),
		.first_token = (int)pg_num(r, row, 8),
		.first_audio = (int)pg_num(r, row, 9),
		.heard = (int)pg_num(r, row, 10),
	};

	return a->h(&t, a->arg);
}

int pg_turns(struct store *s, const char *id, store_turn_h *h, void *arg)
{
	struct turns_arg a = {h, arg};

	return each(s, PG_TURN_LIST, id, give_turn, &a, NULL);
}

struct keys_arg {
	store_key_h *h;
	void *arg;
};

static int give_key(const PGresult *r, int row, void *arg)
{
	struct keys_arg *a = arg;
	const struct store_key k = {
		.name = pg_col(r, row, 0),
		.hash = pg_col(r, row, 1),
		.scopes = pg_col(r, row, 2),
		.rate = (uint32_t)pg_num(r, row, 3),
		.budget = pg_num(r, row, 4),
		.created_ms = pg_num(r, row, 5),
		.revoked_ms = pg_num(r, row, 6),
		.rates = pg_col(r, row, 7),
		.budgets = pg_col(r, row, 8),
	};

	return a->h(&k, a->arg);
}

int pg_key_find(struct store *s, const char *hash, store_key_h *h, void *arg)
{
	struct keys_arg a = {h, arg};
	int n = 0, err = each(s, PG_KEY_FIND, hash, give_key, &a, &n);

	return err || n ? err : -ENOENT;
}

int pg_keys(struct store *s, store_key_h *h, void *arg)
{
	struct keys_arg a = {h, arg};

	return each(s, PG_KEY_LIST, NULL, give_key, &a, NULL);
}

static void fill_key(struct pg_args *a, const void *what)
{
	const struct store_key *k = what;

	pg_text(a, k->name);
	pg_text(a, k->hash);
	pg_text(a, k->scopes);
	pg_int(a, k->rate);
	pg_int(a, k->budget);
	pg_int(a, k->created_ms);
	pg_int(a, k->revoked_ms);
	pg_text(a, k->rates);
	pg_text(a, k->budgets);
}

struct same {
	const char *name;
	bool found;
};

static int see_key(const struct store_key *k, void *arg)
{
	struct same *same = arg;

	if (!strcmp(k->name, same->name))
		same->found = true;
	return 0;
}

int pg_key_add(struct store *s, const struct store_key *k)
{
	struct saying say = {.sql = PG_KEY_ADD, .fill = fill_key, .what = k};
	struct same same = {.name = k->name};
	int err = change(s, &say, NULL);

	/* Nobody else has this hash: it is here by an attempt whose end was
	 * not heard. */
	if (err == -EEXIST && say.again &&
	    !pg_key_find(s, k->hash, see_key, &same) && same.found)
		err = 0;
	return err;
}

struct name_time {
	const char *name, *value;
	int64_t at_ms;
};

static void fill_name_time(struct pg_args *a, const void *what)
{
	const struct name_time *n = what;

	pg_text(a, n->name);
	pg_int(a, n->at_ms);
}

static void fill_all(struct pg_args *a, const void *what)
{
	const struct name_time *n = what;

	pg_text(a, n->name);
	pg_text(a, n->value);
	pg_int(a, n->at_ms);
}

int pg_key_revoke(struct store *s, const char *name, int64_t at_ms)
{
	const struct name_time n = {.name = name, .at_ms = at_ms};
	struct saying say = {
		.sql = PG_KEY_REVOKE, .fill = fill_name_time, .what = &n};
	bool changed = false;
	int err = change(s, &say, &changed);

	return err || changed || say.again ? err : -ENOENT;
}

int pg_dnc_add(struct store *s, const char *number, const char *call_id,
               int64_t at_ms)
{
	const struct name_time n = {number, call_id, at_ms};
	struct saying say = {.sql = PG_DNC_ADD, .fill = fill_all, .what = &n};

	return change(s, &say, NULL);
}

static int see_row(const PGresult *r, int row, void *arg)
{
	(void)r;
	(void)row;
	(void)arg;
	return 0;
}

int pg_dnc_find(struct store *s, const char *number)
{
	int n = 0, err = each(s, PG_DNC_FIND, number, see_row, NULL, &n);

	return err || n ? err : -ENOENT;
}

int pg_dnc_remove(struct store *s, const char *number)
{
	struct saying say = {
		.sql = PG_DNC_REMOVE, .fill = fill_text, .what = number};
	bool changed = false;
	int err = change(s, &say, &changed);

	return err || changed || say.again ? err : -ENOENT;
}

int pg_setting_put(struct store *s, const char *name, const char *value,
                   int64_t at_ms)
{
	const struct name_time n = {name, value, at_ms};
	struct saying say = {
		.sql = PG_SETTING_PUT, .fill = fill_all, .what = &n};

	if (!value) {
		say.sql = PG_SETTING_REMOVE;
		say.fill = fill_text;
		say.what = name;
	}
	return change(s, &say, NULL);
}

struct setting {
	char value[STORE_SETTING_MAX];
	int64_t at_ms;
};

static int give_setting(const PGresult *r, int row, void *arg)
{
	struct setting *g = arg;

	snprintf(g->value, sizeof(g->value), "%s", pg_col(r, row, 0));
	g->at_ms = pg_num(r, row, 1);
	return 0;
}

int pg_setting_get(struct store *s, const char *name, char *value, size_t cap,
                   int64_t *at_ms)
{
	struct setting g;
	int n = 0, err = each(s, PG_SETTING_GET, name, give_setting, &g, &n);

	if (err || !n)
		return err ? err : -ENOENT;
	snprintf(value, cap, "%s", g.value);
	*at_ms = g.at_ms;
	return 0;
}
