#define _POSIX_C_SOURCE 200809L
#include "server/store/sqlite.h"
#include "server/store/sqlite_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"

enum {
	BUSY_MS =
		5000, /* [ms] another process, such as "key add", may hold it */
};

struct sqlite *sq_of(struct store *s)
{
	return CONTAINER_OF(s, struct sqlite, base);
}

int sq_err(struct sq_conn *c, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		log_line(LOG_ERROR, "store", NULL, "event=disk_full");
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		log_line(LOG_WARN, "store", NULL, "event=busy");
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		log_line(LOG_ERROR, "store", NULL, "event=refused code=%d", rc);
		return -EACCES;
	default:
		log_line(LOG_ERROR, "store", NULL,
		         "event=failed code=%d text=%s", rc,
		         LOG_TEXT(sqlite3_errmsg(c->db)));
		return -EIO;
	}
}

sqlite3_stmt *sq_use(struct sq_conn *c, enum sq_sql sql, int *err)
{
	if (!c->stmts[sql]) {
		int rc = sqlite3_prepare_v3(c->db, sq_text(sql), -1,
		                            SQLITE_PREPARE_PERSISTENT,
		                            &c->stmts[sql], NULL);

		if (rc != SQLITE_OK) {
			*err = sq_err(c, rc);
			return NULL;
		}
	}
	*err = 0;
	return c->stmts[sql];
}

/* What is bound is borrowed: a statement is stepped, and its values cleared,
 * before the function that was given them returns. An index out of range
 * would be a mistake of ours. */
void sq_text_at(sqlite3_stmt *st, int at, const char *text)
{
	int rc = sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);

	ASSERT(rc == SQLITE_OK);
}

void sq_int_at(sqlite3_stmt *st, int at, int64_t v)
{
	int rc = sqlite3_bind_int64(st, at, v);

	ASSERT(rc == SQLITE_OK);
}

int sq_step(struct sq_conn *c, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : sq_err(c, rc);
}

void sq_done(sqlite3_stmt *st)
{
	if (!st)
		return;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int sq_run(struct sq_conn *c, sqlite3_stmt *st)
{
	int err = sq_step(c, st);

	sq_done(st);
	return err < 0 ? err : 0;
}

const char *sq_col(sqlite3_stmt *st, int at)
{
	return (const char *)sqlite3_column_text(st, at);
}

static int run(struct sq_conn *c, enum sq_sql sql)
{
	int err;
	sqlite3_stmt *st = sq_use(c, sql, &err);

	return st ? sq_run(c, st) : err;
}

int sq_begin(struct sq_conn *c)
{
	return run(c, SQ_BEGIN);
}

int sq_end(struct sq_conn *c, int err)
{
	if (!err)
		err = run(c, SQ_COMMIT);
	/* SQLite has rolled back by itself after some failures, not all. */
	if (err && !sqlite3_get_autocommit(c->db) && run(c, SQ_ROLLBACK))
		log_line(LOG_ERROR, "store", NULL, "event=rollback_failed");
	return err;
}

static void close_conn(struct sq_conn *c)
{
	size_t i;

	for (i = 0; i < SQ_STATEMENTS; i++)
		sqlite3_finalize(c->stmts[i]);
	sqlite3_close(c->db);
	pthread_mutex_destroy(&c->lock);
}

static int open_conn(struct sq_conn *c, const char *path)
{
	int rc = sqlite3_open_v2(path, &c->db,
	                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	                         NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(c->db, BUSY_MS);
		/* FULL: what we have answered survives a loss of power. */
		rc = sqlite3_exec(c->db,
		                  "PRAGMA journal_mode = WAL;"
		                  "PRAGMA synchronous = FULL;"
		                  "PRAGMA foreign_keys = ON;"
		                  "PRAGMA trusted_schema = OFF;",
		                  NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? 0 : sq_err(c, rc);
}

/* SQLite would make the file readable for all; its other files take the
 * rights of the first. */
static int make_file(const char *path, char *why, size_t why_cap)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : 0;

	if (err)
		snprintf(why, why_cap, "%s: %s", path, err_str(err));
	else
		close(fd);
	return err;
}

static void close_store(struct store *s)
{
	struct sqlite *sq = sq_of(s);

	close_conn(&sq->reader);
	close_conn(&sq->writer);
	mem_free(sq);
}

static int open_store(struct store **sp, const char *path, char *why,
                      size_t why_cap)
{
	struct sqlite *sq;
	int err;

	snprintf(why, why_cap,
	         "it cannot be opened: look at the file of DATABASE_URL, its "
	         "rights and its disk");
	if (!path[0]) {
		snprintf(why, why_cap,
		         "there is no path: write "
		         "DATABASE_URL=sqlite:dialout.db");
		return -EINVAL;
	}
	err = make_file(path, why, why_cap);
	if (err)
		return err;
	sq = mem_zalloc(sizeof(*sq));
	if (!sq)
		return -ENOMEM;
	sq->base.ops = &store_sqlite_ops;
	crypto_id(sq->base.self);
	pthread_mutex_init(&sq->writer.lock, NULL);
	pthread_mutex_init(&sq->reader.lock, NULL);
	err = open_conn(&sq->writer, path);
	if (!err)
		err = sq_migrate(&sq->writer, why, why_cap);
	if (!err)
		err = open_conn(&sq->reader, path);
	if (err)
		close_store(&sq->base);
	else
		*sp = &sq->base;
	return err;
}

const struct store_ops store_sqlite_ops = {
	.open = open_store,
	.close = close_store,
	.call_add = sq_call_add,
	.call_admit = sq_call_admit,
	.room_used = sq_room_used,
	.quality = sq_quality,
	.claim = sq_claim,
	.call_get = sq_call_get,
	.call_idem = sq_call_idem,
	.call_change = sq_call_change,
	.calls = sq_calls,
	.count = sq_count,
	.before = sq_before,
	.due = sq_due,
	.due_put = sq_due_put,
	.events = sq_events,
	.turns = sq_turns,
	.key_add = sq_key_add,
	.key_find = sq_key_find,
	.keys = sq_keys,
	.key_revoke = sq_key_revoke,
	.dnc_add = sq_dnc_add,
	.dnc_add_all = sq_dnc_add_all,
	.dnc_list = sq_dnc_list,
	.dnc_find = sq_dnc_find,
	.dnc_remove = sq_dnc_remove,
	.retry_add = sq_retry_add,
	.retry_get = sq_retry_get,
	.retry_due = sq_retry_due,
	.retry_put_off = sq_retry_put_off,
	.campaign_add = sq_campaign_add,
	.campaign_get = sq_campaign_get,
	.campaign_set = sq_campaign_set,
	.campaign_count = sq_campaign_count,
	.campaign_rows = sq_campaign_rows,
	.campaign_claim = sq_campaign_claim,
	.campaign_put_off = sq_campaign_put_off,
	.campaign_expire = sq_campaign_expire,
	.campaigns = sq_campaigns,
	.setting_put = sq_setting_put,
	.setting_get = sq_setting_get,
	.outbox_claim = sq_outbox_claim,
	.outbox_settle = sq_outbox_settle,
	.outbox_wake = sq_outbox_wake,
	.outbox_trim = sq_outbox_trim,
	.outbox_list = sq_outbox_list,
	.outbox_count = sq_outbox_count,
};
