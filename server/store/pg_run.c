#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "server/store/pg.h"

/* A copy whose every byte that is no UTF-8 is a question mark. */
static char *mend(const char *text, size_t len)
{
	char *copy = mem_strndup(text, len);

	for (size_t at = 0, n; copy && at < len; at += n) {
		n = utf8_len(copy + at, len - at);
		if (n)
			continue;
		copy[at] = '?';
		n = 1;
	}
	return copy;
}

static bool is_utf8(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_len(text + at, len - at);
		if (!n)
			return false;
	}
	return true;
}

void pg_text(struct pg_args *a, const char *text)
{
	int at = a->n++;

	ASSERT(at < PG_ARGS_MAX);
	a->v[at] = text;
	if (!text || is_utf8(text, strlen(text)))
		return;
	a->v[at] = a->mended[at] = mend(text, strlen(text));
	if (!a->v[at])
		a->no_memory = true;
}

void pg_int(struct pg_args *a, int64_t v)
{
	int at = a->n++;

	ASSERT(at < PG_ARGS_MAX);
	snprintf(a->digits[at], sizeof(a->digits[at]), "%" PRId64, v);
	a->v[at] = a->digits[at];
}

void pg_args_fini(struct pg_args *a)
{
	for (int i = 0; i < a->n; i++)
		mem_free(a->mended[i]);
	memset(a, 0, sizeof(*a));
}

/* Our code for PostgreSQL's; what nobody expects is logged. */
static int err_of(struct pg_conn *c, const PGresult *r)
{
	static const struct {
		const char *state;
		int err;
	} codes[] = {
		{"23505", -EEXIST}, /* unique_violation */
		{"23503", -ENOENT}, /* foreign_key_violation */
		{"40001", PG_LOST}, /* serialization_failure */
		{"40P01", PG_LOST}, /* deadlock_detected */
		{"53100", -ENOSPC},
		{"53200", -ENOMEM},
		{"55P03", -EBUSY},  /* lock_not_available */
		{"57014", -EBUSY},  /* query_canceled: by statement_timeout */
		{"53300", PG_LOST}, /* too_many_connections */
		{"25006", PG_LOST}, /* of a standby: the new one is elsewhere */
		{"57P01", PG_LOST},
		{"57P02", PG_LOST},
		{"57P03", PG_LOST},
		{"25P03", PG_LOST}, /* idle in transaction for too long */
	};
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || PQstatus(c->c) == CONNECTION_BAD)
		return PG_LOST;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (!strcmp(codes[i].state, state))
			return codes[i].err;
	log_line(LOG_ERROR, "store", NULL, "event=failed code=%s text=%s",
	         state, LOG_TEXT(text ? text : ""));
	return -EIO;
}

/* The last result of what was sent; the first failure counts. */
static int receive(struct pg_conn *c, PGresult **out)
{
	PGresult *r, *last = NULL;
	int err = 0, flushed;

	while ((flushed = PQflush(c->c)) > 0)
		if (pg_wait(c, true) || !PQconsumeInput(c->c))
			return PG_LOST;
	if (flushed < 0)
		return PG_LOST;
	for (;;) {
		ExecStatusType status;

		while (PQisBusy(c->c)) {
			if (pg_wait(c, false) || !PQconsumeInput(c->c)) {
				PQclear(last);
				return PG_LOST;
			}
		}
		r = PQgetResult(c->c);
		if (!r)
			break;
		status = PQresultStatus(r);
		if (!err && status != PGRES_COMMAND_OK &&
		    status != PGRES_TUPLES_OK)
			err = err_of(c, r);
		PQclear(last);
		last = r;
	}
	if (!err && !last)
		err = PG_LOST;
	if (!err && out)
		*out = last;
	else
		PQclear(last);
	return err;
}

int pg_ask(struct pg_conn *c, const char *text, PGresult **r)
{
	return PQsendQuery(c->c, text) ? receive(c, r) : PG_LOST;
}

int pg_say(struct pg_conn *c, const char *text)
{
	return pg_ask(c, text, NULL);
}

static int prepare(struct pg_conn *c, enum pg_sql sql, char name[16])
{
	int err;

	snprintf(name, 16, "s%d", (int)sql);
	if (c->ready[sql])
		return 0;
	if (!PQsendPrepare(c->c, name, pg_sql_text(sql), 0, NULL))
		return PG_LOST;
	err = receive(c, NULL);
	c->ready[sql] = !err;
	return err;
}

int pg_run(struct pg_conn *c, enum pg_sql sql, struct pg_args *a, PGresult **r)
{
	struct pg_args none = {.n = 0};
	char name[16];
	int err;

	if (!a)
		a = &none;
	err = a->no_memory ? -ENOMEM : prepare(c, sql, name);
	if (!err && !PQsendQueryPrepared(c->c, name, a->n, a->v, NULL, NULL, 0))
		err = PG_LOST;
	if (!err)
		err = receive(c, r);
	pg_args_fini(a);
	return err;
}

int pg_begin(struct pg_conn *c)
{
	return pg_say(c, "BEGIN");
}

int pg_end(struct pg_conn *c, int err)
{
	if (!err)
		return pg_say(c, "COMMIT");
	/* On a connection that is gone, so is the transaction. */
	if (err != PG_LOST && pg_say(c, "ROLLBACK"))
		return PG_LOST;
	return err;
}

const char *pg_col(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

int64_t pg_num(const PGresult *r, int row, int col)
{
	return strtoll(PQgetvalue(r, row, col), NULL, 10);
}

int64_t pg_changed(const PGresult *r)
{
	return strtoll(PQcmdTuples((PGresult *)(uintptr_t)r), NULL, 10);
}
