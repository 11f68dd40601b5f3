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

static const char phone[] = "phone_number";

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

static int add_good(struct campaign_list *l, unsigned line, const char *to,
                    struct str as_sent, struct str body)
{
	struct store_row *r = add(l, line);

	if (!r)
		return -ENOMEM;
	r->state = (char *)(uintptr_t) "waiting";
	l->good++;
	r->to = mem_strdup(to);
	r->phone_number = mem_strndup(as_sent.v, as_sent.len);
	r->body = body.len ? mem_strndup(body.v, body.len) : NULL;
	return r->to && r->phone_number && (r->body || !body.len) ? 0 : -ENOMEM;
}

void campaign_list_fini(struct campaign_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct store_row *r = &l->rows[i];

		mem_free(r->to);
		mem_free(r->phone_number);
		mem_free(r->body);
		mem_free(r->why);
	}
	mem_free(l->rows);
	memset(l, 0, sizeof(*l));
}

/* ---- NDJSON ---- */

static int read_object(struct campaign_list *l, unsigned line, struct str json)
{
	char why[REQUEST_WHY_MAX];
	struct request r;
	int err;

	if (request_read(&r, json, why))
		err = add_bad(l, line, why);
	else if (r.agent[0] || r.events_url[0])
		err = add_bad(l, line, "agent and events_url are not of a row");
	else
		err = add_good(l, line, r.to, r.as_sent, r.body);
	request_fini(&r);
	return err;
}

static int read_ndjson(struct campaign_list *l, struct str text)
{
	int err = 0;

	for (unsigned line = 1; text.v && !err; line++) {
		struct str one = str_trim(str_cut(&text, '\n'));

		if (l->n > STORE_CAMPAIGN_ROWS)
			return ERR_LIMIT;
		if (one.len)
			err = read_object(l, line, one);
	}
	return err;
}

/* ---- CSV ---- */

struct columns {
	char *names[CSV_CELLS_MAX]; /* as JSON, with quotes and a colon */
	unsigned n, phone;
};

static void columns_fini(struct columns *cols)
{
	for (unsigned i = 0; i < cols->n; i++)
		mem_free(cols->names[i]);
}

static int add_name(struct columns *cols, struct str name)
{
	struct buf b;
	int err;

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
		         "read: %s.",
		         broken);
		return 422;
	}
	for (unsigned i = 0; i < c->n; i++) {
		struct str name = str_trim(csv_cell(c, i));

		if (add_name(cols, name))
			return 503;
		if (str_eq(name, phone)) {
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
	         "The first line names the columns, each once, and one of "
	         "them is phone_number.");
	return 422;
}

static int read_cells(struct campaign_list *l, const struct columns *cols,
                      const struct csv *c, struct buf *number, struct buf *body)
{
	char to[NUMBER_MAX];
	struct str cell = str_trim(csv_cell(c, cols->phone));
	unsigned n = 0;
	int err;

	if (number_parse(to, cell))
		return add_bad(l, c->at_line,
		               "phone_number must be one number of 7 to 15 "
		               "digits with its country code");
	buf_reset(number);
	buf_reset(body);
	err = js_quote(number, cell.v, cell.len);
	for (unsigned i = 0; i < cols->n && !err; i++) {
		if (i == cols->phone)
			continue;
		cell = csv_cell(c, i);
		err = buf_addf(body, "%s%s", n++ ? "," : "{", cols->names[i]);
		if (!err)
			err = js_quote(body, cell.v, cell.len);
	}
	if (!err && n)
		err = buf_adds(body, "}");
	if (err == ERR_LIMIT)
		return add_bad(l, c->at_line, "the row is too long");
	if (err)
		return err;
	return add_good(l, c->at_line, to, str_n(number->v, number->len),
	                str_n(buf_str(body), body->len));
}

static int read_records(struct campaign_list *l, const struct columns *cols,
                        struct csv *c)
{
	struct buf number, body;
	const char *why;
	int err;

	buf_init(&number, NUMBER_TEXT_MAX);
	buf_init(&body, REQUEST_BODY_MAX);
	for (;;) {
		err = csv_next(c, &why);
		if (!err || (err < 0 && err != ERR_PROTO))
			break;
		if (err == ERR_PROTO)
			err = add_bad(l, c->at_line, why);
		else if (c->n != cols->n)
			err = add_bad(l, c->at_line,
			              "it has not as many cells as there are "
			              "columns");
		else
			err = read_cells(l, cols, c, &number, &body);
		if (!err && l->n > STORE_CAMPAIGN_ROWS)
			err = ERR_LIMIT;
		if (err)
			break;
	}
	buf_fini(&number);
	buf_fini(&body);
	return err;
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

int campaign_list_read(struct campaign_list *l, struct str text, bool ndjson,
                       char why[CAMPAIGN_LIST_WHY_MAX])
{
	struct columns cols = {.n = 0};
	int err = 0, status = 0;
	struct csv c;

	memset(l, 0, sizeof(*l));
	csv_init(&c, text);
	if (ndjson)
		err = read_ndjson(l, text);
	else
		status = read_columns(&cols, &c, why);
	if (!ndjson && !status)
		err = read_records(l, &cols, &c);
	columns_fini(&cols);
	csv_fini(&c);
	if (!err && !status)
		err = find_repeated(l);
	if (err == ERR_LIMIT) {
		snprintf(why, CAMPAIGN_LIST_WHY_MAX,
		         "A campaign has at most %d rows.",
		         STORE_CAMPAIGN_ROWS);
		return 413;
	}
	if (err || status == 503) {
		snprintf(why, CAMPAIGN_LIST_WHY_MAX, "%s", err_str(-ENOMEM));
		return 503;
	}
	return status;
}
