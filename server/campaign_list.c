#include "server/campaign_list.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "server/csv.h"
#include "server/request.h"

enum { ROWS_FIRST = 256, NUMBER_TEXT_MAX = 1024 /* [bytes] as JSON */ };

/* ---- rows ---- */

static struct store_row *add(struct campaign_list *l, unsigned line)
{
	struct store_row *r;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : ROWS_FIRST;
		struct store_row *more = mem_alloc(cap * sizeof(*more));

		if (!more)
			return NULL;
		if (l->n)
			memcpy(more, l->rows, l->n * sizeof(*more));
		mem_free(l->rows);
		l->rows = more;
		l->cap = cap;
	}
	r = &l->rows[l->n++];
	memset(r, 0, sizeof(*r));
	r->line = line;
	return r;
}

int campaign_list_spoil(struct campaign_list *l, struct store_row *r,
                        const char *state, const char *why)
{
	char *copy = mem_strdup(why);

	if (!copy)
		return -ENOMEM;
	l->good -= r->state && !strcmp(r->state, "waiting");
	r->state = (char *)(uintptr_t)state;
	mem_free(r->why);
	r->why = copy;
	return 0;
}

static int add_bad(struct campaign_list *l, unsigned line, const char *why)
{
	struct store_row *r = add(l, line);

	return r ? campaign_list_spoil(l, r, "bad", why) : -ENOMEM;
}

/* A row as it was read: its texts are spans. */
struct good {
	char to[NUMBER_MAX];
	struct str as_sent, body, events_url; /* empty: none */
	struct request_when when;
};

static char *copy_of(struct str s)
{
	return mem_strndup(s.v, s.len);
}

static int add_good(struct campaign_list *l, unsigned line,
                    const struct good *g)
{
	struct store_row *r = add(l, line);

	if (!r)
		return -ENOMEM;
	r->state = (char *)(uintptr_t) "waiting";
	l->good++;
	r->to = mem_strdup(g->to);
	r->phone_number = copy_of(g->as_sent);
	r->body = g->body.len ? copy_of(g->body) : NULL;
	r->events_url = g->events_url.len ? copy_of(g->events_url) : NULL;
	r->due_ms = g->when.not_before_ms;
	r->expires_ms = g->when.expires_ms;
	r->priority = g->when.priority;
	return r->to && r->phone_number && (r->body || !g->body.len) &&
	                       (r->events_url || !g->events_url.len)
	               ? 0
	               : -ENOMEM;
}

void campaign_list_fini(struct campaign_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct store_row *r = &l->rows[i];

		mem_free(r->to);
		mem_free(r->phone_number);
		mem_free(r->body);
		mem_free(r->events_url);
		mem_free(r->why);
	}
	mem_free(l->rows);
	memset(l, 0, sizeof(*l));
}

/* ---- NDJSON ---- */

static int read_object(struct campaign_list *l, unsigned line, struct str json,
                       const struct campaign_list_opts *o)
{
	char why[REQUEST_WHY_MAX];
	struct request r;
	struct good g;
	int err;

	if (request_read(&r, json, o->now_ms, why)) {
		err = add_bad(l, line, why);
		goto out;
	}
	if (r.agent[0]) {
		err = add_bad(l, line, "agent is not of a row");
		goto out;
	}
	snprintf(g.to, sizeof(g.to), "%s", r.to);
	g.as_sent = r.as_sent;
	g.body = r.body;
	g.events_url = str_of(r.events_url);
	g.when = r.when;
	request_when_or(&g.when, &o->when);
	err = request_when_check(&g.when, o->now_ms, why)
	              ? add_bad(l, line, why)
	              : add_good(l, line, &g);
out:
	request_fini(&r);
	return err;
}

static int read_ndjson(struct campaign_list *l, struct str text,
                       const struct campaign_list_opts *o)
{
	int err = 0;

	for (unsigned line = 1; text.v && !err; line++) {
		struct str one = str_trim(str_cut(&text, '\n'));

		if (l->n > STORE_CAMPAIGN_ROWS)
			return ERR_LIMIT;
		if (one.len)
			err = read_object(l, line, one, o);
	}
	return err;
}

/* ---- CSV ---- */

/* What a column is, besides data. */
enum own { OWN_PHONE, OWN_NOT_BEFORE, OWN_EXPIRES, OWN_PRIORITY, OWN_EVENTS };

static const char *const owns[] = {
	[OWN_PHONE] = "phone_number", [OWN_NOT_BEFORE] = "not_before",
	[OWN_EXPIRES] = "expires_at", [OWN_PRIORITY] = "priority",
	[OWN_EVENTS] = "events_url",
};

struct columns {
	char *names[CSV_CELLS_MAX]; /* as JSON, with quotes and a colon */
	int own[CSV_CELLS_MAX];     /* -1: data */
	unsigned n, phone;
};

static void columns_fini(struct columns *cols)
{
	for (unsigned i = 0; i < cols->n; i++)
		mem_free(cols->names[i]);
}

static int find_own(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(owns); i++)
		if (str_eq(name, owns[i]))
			return (int)i;
	return -1;
}

static int add_name(struct columns *cols, struct str name)
{
	struct buf b;
	int err;

	cols->own[cols->n] = find_own(name);
	buf_init(&b, 8 * name.len + 8);
	err = js_quote(&b, name.v, name.len);
	if (!err)
		err = buf_adds(&b, ":");
	cols->names[cols->n++] = buf_take(&b, NULL);
	buf_fini(&b);
	return err;
}

/* Returns an HTTP status, or 0. */
static int read_columns(struct columns *cols, struct csv *c, char *why)
{
	const char *broken = "there is none";
	unsigned phones = 0;
	int err = csv_next(c, &broken);

	if (err == -ENOMEM)
		return 503;
	if (err != 1) {
		snprintf(why, CAMPAIGN_LIST_WHY_MAX,
		         "The line with the names of the columns cannot be "
		         "read: %s. Send CSV with a comma between columns.",
		         broken);
		return 422;
	}
	for (unsigned i = 0; i < c->n; i++) {
		struct str name = str_trim(csv_cell(c, i));

		if (add_name(cols, name))
			return 503;
		if (cols->own[i] == OWN_PHONE) {
			cols->phone = i;
			phones++;
		}
		for (unsigned k = 0; k < i; k++)
			if (!strcmp(cols->names[k], cols->names[i]))
				phones = 2;
	}
	if (phones == 1)
		return 0;
	snprintf(why, CAMPAIGN_LIST_WHY_MAX,
	         "The first line names the columns: send each name once, "
	         "phone_number among them.");
	return 422;
}

/* What a record is read with. */
struct reader {
	struct campaign_list *l;
	const struct campaign_list_opts *o;
	const struct columns *cols;
	struct csv *csv;
	struct buf number, body;
};

/* The cells that are data, as an object. */
static int write_body(struct reader *rd)
{
	const struct columns *cols = rd->cols;
	unsigned n = 0;
	int err = 0;

	buf_reset(&rd->body);
	for (unsigned i = 0; i < cols->n && !err; i++) {
		struct str cell = csv_cell(rd->csv, i);

		if (cols->own[i] >= 0)
			continue;
		err = buf_addf(&rd->body, "%s%s", n++ ? "," : "{",
		               cols->names[i]);
		if (!err)
			err = js_quote(&rd->body, cell.v, cell.len);
	}
	return err || !n ? err : buf_adds(&rd->body, "}");
}

/* The cells that are not. -EINVAL: @why is a sentence. */
static int read_own(const struct reader *rd, struct good *g,
                    char why[REQUEST_WHY_MAX])
{
	const struct columns *cols = rd->cols;

	g->when = rd->o->when;
	g->events_url = str_of("");
	for (unsigned i = 0; i < cols->n; i++) {
		struct str cell = str_trim(csv_cell(rd->csv, i));
		int own = cols->own[i];

		if (own == OWN_EVENTS)
			g->events_url = cell;
		if (own < 0 || own == OWN_PHONE || own == OWN_EVENTS)
			continue;
		if (request_when_read(&g->when, str_of(owns[own]), cell,
		                      rd->o->now_ms, why))
			return -EINVAL;
	}
	if (g->events_url.len >= REQUEST_URL_MAX) {
		snprintf(why, REQUEST_WHY_MAX,
		         "events_url must be an address of at most %d "
		         "characters: send such a one",
		         REQUEST_URL_MAX - 1);
		return -EINVAL;
	}
	return request_when_check(&g->when, rd->o->now_ms, why);
}

static int read_cells(struct reader *rd)
{
	const unsigned line = rd->csv->at_line;
	struct str cell = str_trim(csv_cell(rd->csv, rd->cols->phone));
	char why[REQUEST_WHY_MAX];
	struct good g;
	int err;

	if (number_parse(g.to, cell))
		return add_bad(rd->l, line,
		               "phone_number must be one number of 7 to 15 "
		               "digits with its country code");
	if (read_own(rd, &g, why))
		return add_bad(rd->l, line, why);
	buf_reset(&rd->number);
	err = js_quote(&rd->number, cell.v, cell.len);
	if (!err)
		err = write_body(rd);
	if (err == ERR_LIMIT)
		return add_bad(rd->l, line, "the row is too long");
	if (err)
		return err;
	g.as_sent = str_n(rd->number.v, rd->number.len);
	g.body = str_n(buf_str(&rd->body), rd->body.len);
	return add_good(rd->l, line, &g);
}

static int read_records(struct reader *rd)
{
	struct campaign_list *l = rd->l;
	const char *why;
	int err;

	for (;;) {
		err = csv_next(rd->csv, &why);
		if (!err || (err < 0 && err != ERR_PROTO))
			break;
		if (err == ERR_PROTO)
			err = add_bad(l, rd->csv->at_line, why);
		else if (rd->csv->n != rd->cols->n)
			err = add_bad(l, rd->csv->at_line,
			              "it has not as many cells as there are "
			              "columns");
		else
			err = read_cells(rd);
		if (!err && l->n > STORE_CAMPAIGN_ROWS)
			err = ERR_LIMIT;
		if (err)
			break;
	}
	return err;
}

/* Returns an HTTP status, or 0 with @err. */
static int read_csv(struct campaign_list *l, struct str text,
                    const struct campaign_list_opts *o, char *why, int *err)
{
	struct columns cols = {.n = 0};
	struct csv c;
	struct reader rd = {.l = l, .o = o, .cols = &cols, .csv = &c};
	int status;

	csv_init(&c, text);
	buf_init(&rd.number, NUMBER_TEXT_MAX);
	buf_init(&rd.body, REQUEST_BODY_MAX);
	status = read_columns(&cols, &c, why);
	if (!status)
		*err = read_records(&rd);
	buf_fini(&rd.number);
	buf_fini(&rd.body);
	columns_fini(&cols);
	csv_fini(&c);
	return status;
}

/* ---- all of it ---- */

static int compare(const void *a, const void *b)
{
	const struct store_row *x = *(struct store_row *const *)a;
	const struct store_row *y = *(struct store_row *const *)b;
	int by_number = strcmp(x->to, y->to);

	if (by_number)
		return by_number;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Of several rows with one number, the first one counts. */
static int find_repeated(struct campaign_list *l)
{
	struct store_row **sorted =
		mem_alloc((l->good + 1) * sizeof(struct store_row *));
	const struct store_row *first = NULL;
	char why[64];
	size_t n = 0;
	int err = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->rows[i].state, "waiting"))
			sorted[n++] = &l->rows[i];
	qsort(sorted, n, sizeof(struct store_row *), compare);
	for (size_t i = 0; i < n && !err; i++) {
		if (!first || strcmp(first->to, sorted[i]->to) != 0) {
			first = sorted[i];
			continue;
		}
		snprintf(why, sizeof(why), "the number is in line %u",
		         first->line);
		err = campaign_list_spoil(l, sorted[i], "repeated", why);
	}
	mem_free(sorted);
	return err;
}

int campaign_list_read(struct campaign_list *l, struct str text,
                       const struct campaign_list_opts *opts,
                       char why[CAMPAIGN_LIST_WHY_MAX])
{
	int err = 0, status = 0;

	memset(l, 0, sizeof(*l));
	if (opts->ndjson)
		err = read_ndjson(l, text, opts);
	else
		status = read_csv(l, text, opts, why, &err);
	if (!err && !status)
		err = find_repeated(l);
	if (err == ERR_LIMIT) {
		snprintf(why, CAMPAIGN_LIST_WHY_MAX,
		         "A campaign has at most %d rows: send several.",
		         STORE_CAMPAIGN_ROWS);
		return 413;
	}
	if (err || status == 503) {
		snprintf(why, CAMPAIGN_LIST_WHY_MAX, "%s", err_str(-ENOMEM));
		return 503;
	}
	return status;
}
