/*
 * sqlite.h - connections and prepared statements; for the SQLite store alone
 *
 * Two connections: one writes, one reads, so that nobody who only looks waits
 * for a commit to reach the disk. Each is used by one thread at a time.
 */
#ifndef SERVER_STORE_SQLITE_H
#define SERVER_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "common/attr.h"
#include "server/store/ops.h"

enum sq_sql {
	SQ_BEGIN,
	SQ_COMMIT,
	SQ_ROLLBACK,
	SQ_CALL_ADD,
	SQ_CALL_UNHELD,
	SQ_CALL_CLAIM,
	SQ_LIVE_TO,
	SQ_ROOM_USED,
	SQ_QUALITY,
	SQ_USED,
	SQ_USED_LIST,
	SQ_CALL_BY_ID, /* and so on, in the order of enum store_by */
	SQ_CALL_BY_KEY,
	SQ_CALL_BY_UUID,
	SQ_CALL_BY_RESERVATION,
	SQ_CALL_BY_IDEM,
	SQ_CALL_LIST,
	SQ_CALL_SEQ,
	SQ_CALL_RANK,
	SQ_CALL_CHANGE,
	SQ_COUNT_LIVE,
	SQ_COUNT_SCHEDULED,
	SQ_CALL_RELEASE,
	SQ_BEFORE,
	SQ_DUE,
	SQ_DUE_PUT,
	SQ_EVENT_ADD,
	SQ_EVENT_LIST,
	SQ_TURN_PUT,
	SQ_TURN_LIST,
	SQ_KEY_ADD,
	SQ_KEY_FIND,
	SQ_KEY_LIST,
	SQ_KEY_REVOKE,
	SQ_DNC_ADD,
	SQ_DNC_LIST,
	SQ_DNC_FIND,
	SQ_DNC_REMOVE,
	SQ_RETRY_ADD,
	SQ_RETRY_BY_CALL,
	SQ_RETRY_BY_NEXT,
	SQ_RETRY_DUE,
	SQ_RETRY_PUT_OFF,
	SQ_RETRY_TAKE,
	SQ_CAMPAIGN_ADD,
	SQ_CAMPAIGN_ROW_ADD,
	SQ_CAMPAIGN_GET,
	SQ_CAMPAIGN_OF,
	SQ_CAMPAIGN_SET,
	SQ_CAMPAIGN_COUNT,
	SQ_CAMPAIGN_ROWS,
	SQ_CAMPAIGN_CLAIM,
	SQ_CAMPAIGN_PUT_OFF,
	SQ_CAMPAIGN_RETURN,
	SQ_CAMPAIGN_HOLD_OF,
	SQ_CAMPAIGN_EXPIRE,
	SQ_CAMPAIGN_LIST,
	SQ_CAMPAIGN_TAKE,
	SQ_CAMPAIGN_NEXT,
	SQ_CAMPAIGN_FOLLOW,
	SQ_SETTING_PUT,
	SQ_SETTING_REMOVE,
	SQ_SETTING_GET,
	SQ_LETTER_ADD,
	SQ_LETTER_DUE,
	SQ_LETTER_LEASE,
	SQ_LETTER_NEXT,
	SQ_LETTER_REMOVE,
	SQ_LETTER_SETTLE,
	SQ_LETTER_REVIVE,
	SQ_LETTER_WAKE,
	SQ_LETTER_TRIM,
	SQ_LETTER_LIST,
	SQ_LETTER_COUNT,
	SQ_STATEMENTS
};

struct sq_conn {
	sqlite3 *db;
	pthread_mutex_t lock;
	sqlite3_stmt *stmts[SQ_STATEMENTS]; /* made when first used */
};

struct sqlite {
	struct store base;
	struct sq_conn writer, reader;
};

/* Our code for SQLite's; what nobody expects is logged. */
int sq_err(struct sq_conn *c, int rc);

/* Bring the schema up to date. -EINVAL: it is newer than this program. */
int sq_migrate(struct sq_conn *c, char *why, size_t why_cap) MUST_CHECK;

/* The text of a statement; static storage. */
const char *sq_text(enum sq_sql sql);

/* A statement ready for its values. NULL with *@err set. */
sqlite3_stmt *sq_use(struct sq_conn *c, enum sq_sql sql, int *err);

/* Values, counted from 1. NULL texts are NULL. */
void sq_text_at(sqlite3_stmt *st, int at, const char *text);
void sq_int_at(sqlite3_stmt *st, int at, int64_t v);

/* 1: a row, 0: done, or an error. */
int sq_step(struct sq_conn *c, sqlite3_stmt *st) MUST_CHECK;

/* Step a statement that gives no rows, and put it back. */
int sq_run(struct sq_conn *c, sqlite3_stmt *st) MUST_CHECK;

/* Put a statement back; its values were borrowed. */
void sq_done(sqlite3_stmt *st);

/* Texts of a row: NULL, or borrowed until the next step. */
const char *sq_col(sqlite3_stmt *st, int at);

int sq_begin(struct sq_conn *c) MUST_CHECK;
/* Commit when @err is 0, else roll back; returns what came of it. */
int sq_end(struct sq_conn *c, int err) MUST_CHECK;

/* A new row, within a transaction or as one. */
int sq_insert(struct sq_conn *w, const struct store_call *c) MUST_CHECK;

/* In the transaction under way: the row of the call waits again, and its
 * campaign with it. */
int sq_row_return(struct sq_conn *w, const char *call_id, int64_t due_ms,
                  const char *why) MUST_CHECK;

/* The store behind its base. */
struct sqlite *sq_of(struct store *s);

#endif
