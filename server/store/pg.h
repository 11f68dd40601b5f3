/*
 * pg.h - connections to PostgreSQL and what is said on them; for this store
 *
 * A few connections are shared by all threads; each is one thread's while it
 * works. A work that was cut off is done again on a new connection, for
 * seconds at most, and knows that it may have been done already: whether a
 * commit came through that nobody heard of is told by the ids it wrote.
 */
#ifndef SERVER_STORE_PG_H
#define SERVER_STORE_PG_H

#include <postgresql/libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "server/store/ops.h"
#include "server/store/pg_sql.h"

enum {
	PG_CONNS = 6, /* of one server: half of what waits for a disk */
	PG_ARGS_MAX = 48,
	/* Inside this store alone: the connection is gone, do it again. */
	PG_LOST = -20001,
};

struct pg;

struct pg_conn {
	struct pg *pg;
	PGconn *c; /* NULL: not connected */
	bool busy; /* under the store's lock */
	bool ready[PG_STATEMENTS];
	int64_t until_ms; /* the work's end, of a clock that goes forward */
};

struct pg {
	struct store base;
	char *url;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t freed;
	struct pg_conn conns[PG_CONNS];
	int64_t down_ms; /* it has not been reached since; 0: it is up */
};

/* The values of a statement, counted from $1. */
struct pg_args {
	int n;
	const char *v[PG_ARGS_MAX];
	char digits[PG_ARGS_MAX][24];
	char *mended[PG_ARGS_MAX];
	bool no_memory;
};

/* What is done on one connection. @again: an attempt before was cut off, and
 * may have been done all the same. Returns 0, PG_LOST or a code of ours. */
typedef int pg_work_h(struct pg_conn *c, bool again, void *arg);

struct pg *pg_of(struct store *s);

/* Has it been away since the last work? */
bool pg_is_down(struct pg *pg);

/* Milliseconds of a clock that only goes forward. */
int64_t pg_clock_ms(void);

/* Do it, and again where it was cut off, in seconds at most. -EIO: the
 * database cannot be reached. */
int pg_do(struct store *s, pg_work_h *work, void *arg) MUST_CHECK;
/* The same with the patience of a program that starts. */
int pg_do_long(struct store *s, pg_work_h *work, void *arg) MUST_CHECK;

/* pg_connect.c: a new connection. PG_LOST. */
int pg_connect(struct pg_conn *c) MUST_CHECK;
void pg_disconnect(struct pg_conn *c);
/* Wait for the socket. PG_LOST: the time is over. */
int pg_wait(struct pg_conn *c, bool to_write) MUST_CHECK;

/* Texts are borrowed until pg_args_fini(); NULL is NULL. What is no UTF-8
 * could not be stored: such bytes become a mark. */
void pg_text(struct pg_args *a, const char *text);
void pg_int(struct pg_args *a, int64_t v);
void pg_args_fini(struct pg_args *a);

/* Run a statement; @a is over with then, also when it fails; NULL: none. @r,
 * unless NULL, gets its rows, PQclear()'s to release when 0 is returned. */
int pg_run(struct pg_conn *c, enum pg_sql sql, struct pg_args *a,
           PGresult **r) MUST_CHECK;
/* The same with any text of one or more statements. */
int pg_ask(struct pg_conn *c, const char *text, PGresult **r) MUST_CHECK;
int pg_say(struct pg_conn *c, const char *text) MUST_CHECK;

int pg_begin(struct pg_conn *c) MUST_CHECK;
/* Commit when @err is 0, else roll back; returns what came of it. */
int pg_end(struct pg_conn *c, int err) MUST_CHECK;

/* Columns of a row. NULL, or borrowed from @r. */
const char *pg_col(const PGresult *r, int row, int col);
int64_t pg_num(const PGresult *r, int row, int col);

/* The rows that were changed. */
int64_t pg_changed(const PGresult *r);

/* The text of a statement; static storage. */
const char *pg_sql_text(enum pg_sql sql);

/* Bring the schema up to date. -EINVAL: it is newer than this program. */
int pg_migrate(struct store *s, char *why, size_t why_cap) MUST_CHECK;

/* A new row of a call. */
int pg_insert(struct pg_conn *c, const struct store_call *call) MUST_CHECK;
/* Is this very call there? -ENOENT: there is none of its id. -EEXIST: another
 * one. */
int pg_is_added(struct pg_conn *c, const struct store_call *call) MUST_CHECK;

/* Those who dial one after the other, until the transaction's end, if @change
 * has rooms; to be called before a row is locked. */
int pg_rooms_lock(struct pg_conn *c,
                  const struct store_change *change) MUST_CHECK;
/* Has the call @id, which is to be dialled, room in all of them? ERR_LIMIT. */
int pg_rooms_check(struct pg_conn *c, const char *id,
                   const struct store_change *change) MUST_CHECK;

/* This server lives. */
int pg_say_alive(struct pg_conn *c) MUST_CHECK;

/* A letter of the outbox, if the call has an address for it. */
int pg_letter_add(struct pg_conn *c, const char *call_id, const char *event_id,
                  const char *type, const char *data, int64_t at_ms) MUST_CHECK;

/* Likewise: the row of the call waits again, and its campaign with it. */
int pg_row_return(struct pg_conn *c, const char *call_id, int64_t due_ms,
                  const char *why) MUST_CHECK;

#endif
