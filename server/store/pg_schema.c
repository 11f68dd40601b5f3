#include <errno.h>
#include <stdio.h>

#include "server/store/pg.h"

/* One script a version; a script that was released never changes. Servers of
 * two versions may share a database while one follows the other, so a script
 * adds what is new and takes nothing away. */
static const char *const versions[] = {
	"CREATE TABLE call ("
	" seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	" id TEXT NOT NULL UNIQUE,"
	" key TEXT NOT NULL UNIQUE,"
	" to_number TEXT NOT NULL, from_number TEXT, phone_number TEXT,"
	" agent TEXT, body TEXT, base_url TEXT,"
	" owner TEXT, idem_key TEXT, idem_hash TEXT,"
	" answer TEXT, answer_status INTEGER NOT NULL,"
	" state TEXT NOT NULL, rank INTEGER NOT NULL,"
	" call_uuid TEXT, reservation TEXT, bot TEXT, stream_url TEXT,"
	" end_by TEXT, end_cause TEXT, end_code INTEGER NOT NULL, error TEXT,"
	" created_ms BIGINT NOT NULL, dialed_ms BIGINT NOT NULL,"
	" answered_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL);"
	"CREATE UNIQUE INDEX call_idem ON call (coalesce(owner, ''), idem_key)"
	" WHERE idem_key IS NOT NULL;"
	"CREATE INDEX call_uuid ON call (call_uuid)"
	" WHERE call_uuid IS NOT NULL;"
	"CREATE INDEX call_reservation ON call (reservation)"
	" WHERE reservation IS NOT NULL;"
	"CREATE INDEX call_live ON call (rank) WHERE rank < 9;"
	"CREATE TABLE event ("
	" seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	" call_id TEXT NOT NULL REFERENCES call (id),"
	" dedupe TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL,"
	" data TEXT, at_ms BIGINT NOT NULL,"
	" UNIQUE (call_id, dedupe));"
	"CREATE TABLE turn ("
	" call_id TEXT NOT NULL REFERENCES call (id),"
	" n BIGINT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,"
	" heard_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
	" interrupted INTEGER NOT NULL, speech_end INTEGER NOT NULL,"
	" final INTEGER NOT NULL, first_token INTEGER NOT NULL,"
	" first_audio INTEGER NOT NULL, heard INTEGER NOT NULL,"
	" PRIMARY KEY (call_id, n, role));"
	"CREATE TABLE api_key ("
	" seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE,"
	" scopes TEXT NOT NULL, rate BIGINT NOT NULL,"
	" budget BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
	" revoked_ms BIGINT NOT NULL);"
	"CREATE TABLE do_not_call ("
	" number TEXT PRIMARY KEY, call_id TEXT, at_ms BIGINT NOT NULL);"
	"CREATE TABLE setting ("
	" name TEXT PRIMARY KEY, value TEXT NOT NULL, at_ms BIGINT NOT NULL);",
};

#define CALL_COLUMNS                                                   \
	"id, key, to_number, from_number, phone_number, agent, body, " \
	"base_url, owner, idem_key, idem_hash, answer, call_uuid, "    \
	"reservation, bot, stream_url, end_by, end_cause, error, "     \
	"state, answer_status, end_code, created_ms, dialed_ms, "      \
	"answered_ms, ended_ms"
#define CALL_SELECT "SELECT " CALL_COLUMNS " FROM call WHERE "

static const char *const texts[PG_STATEMENTS] = {
	[PG_CALL_ADD] = "INSERT INTO call (" CALL_COLUMNS ", rank) VALUES ("
			"$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,"
			"$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27)",
	[PG_CALL_BY_ID] = CALL_SELECT "id = $1",
	[PG_CALL_BY_KEY] = CALL_SELECT "key = $1",
	[PG_CALL_BY_UUID] =
		CALL_SELECT "call_uuid = $1 ORDER BY seq DESC LIMIT 1",
	[PG_CALL_BY_RESERVATION] =
		CALL_SELECT "reservation = $1 ORDER BY seq DESC LIMIT 1",
	[PG_CALL_BY_IDEM] = CALL_SELECT
	"coalesce(owner, '') = coalesce($1, '') AND idem_key = $2",
	[PG_CALL_LIST] = CALL_SELECT
	"($1::text IS NULL OR state = $1) AND rank < $2::int"
	" AND ($3::text IS NULL OR owner = $3) AND created_ms >= $4"
	" AND seq < $5 ORDER BY seq DESC LIMIT $6",
	[PG_CALL_SEQ] = "SELECT seq FROM call WHERE id = $1",
	[PG_CALL_LOCK] = "SELECT rank FROM call WHERE id = $1 FOR UPDATE",
	[PG_CALL_CHANGE] =
		"UPDATE call SET"
		" state = CASE WHEN $2::int > rank THEN $3 ELSE state END,"
		" rank = greatest(rank, $2::int),"
		" call_uuid = coalesce(call_uuid, $4),"
		" reservation = coalesce($5, reservation),"
		" bot = coalesce($6, bot),"
		" stream_url = coalesce($7, stream_url),"
		" end_by = coalesce(end_by, $8),"
		" end_cause = coalesce(end_cause, $9),"
		" end_code = CASE WHEN end_code = 0 THEN $10::int"
		" ELSE end_code END,"
		" error = coalesce(error, $11),"
		" answer = coalesce(answer, $12),"
		" answer_status = CASE WHEN answer_status = 0 THEN $13::int"
		" ELSE answer_status END,"
		" dialed_ms = CASE WHEN dialed_ms = 0 THEN $14::bigint"
		" ELSE dialed_ms END,"
		" answered_ms = CASE WHEN answered_ms = 0 THEN $15::bigint"
		" ELSE answered_ms END,"
		" ended_ms = CASE WHEN ended_ms = 0 THEN $16::bigint"
		" ELSE ended_ms END"
		" WHERE id = $1",
	[PG_COUNT_LIVE] = "SELECT count(*) FROM call WHERE rank < 9",
	[PG_EVENT_ADD] = "INSERT INTO event"
			 " (call_id, dedupe, source, type, data, at_ms)"
			 " VALUES ($1,$2,$3,$4,$5,$6)",
	[PG_EVENT_LIST] = "SELECT dedupe, source, type, data, at_ms FROM event"
			  " WHERE call_id = $1 ORDER BY seq",
	[PG_TURN_PUT] =
		"INSERT INTO turn (call_id, n, role, text, heard_ms, at_ms,"
		" interrupted, speech_end, final, first_token, first_audio,"
		" heard) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
		" ON CONFLICT (call_id, n, role) DO UPDATE SET"
		" text = excluded.text, heard_ms = excluded.heard_ms,"
		" at_ms = excluded.at_ms, interrupted = excluded.interrupted,"
		" speech_end = excluded.speech_end, final = excluded.final,"
		" first_token = excluded.first_token,"
		" first_audio = excluded.first_audio, heard = excluded.heard",
	[PG_TURN_LIST] = "SELECT n, role, text, heard_ms, at_ms, interrupted,"
			 " speech_end, final, first_token, first_audio, heard"
			 " FROM turn WHERE call_id = $1"
			 " ORDER BY n, at_ms, role DESC",
	[PG_KEY_ADD] = "INSERT INTO api_key (name, hash, scopes, rate, budget,"
		       " created_ms, revoked_ms)"
		       " VALUES ($1,$2,$3,$4,$5,$6,$7)",
	[PG_KEY_FIND] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms FROM api_key"
			" WHERE hash = $1 AND revoked_ms = 0",
	[PG_KEY_LIST] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms FROM api_key ORDER BY seq",
	[PG_KEY_REVOKE] = "UPDATE api_key SET revoked_ms = $2"
			  " WHERE name = $1 AND revoked_ms = 0",
	[PG_DNC_ADD] = "INSERT INTO do_not_call (number, call_id, at_ms)"
		       " VALUES ($1,$2,$3) ON CONFLICT DO NOTHING",
	[PG_DNC_FIND] = "SELECT 1 FROM do_not_call WHERE number = $1",
	[PG_DNC_REMOVE] = "DELETE FROM do_not_call WHERE number = $1",
	[PG_SETTING_PUT] = "INSERT INTO setting (name, value, at_ms)"
			   " VALUES ($1,$2,$3) ON CONFLICT (name) DO UPDATE"
			   " SET value = excluded.value,"
			   " at_ms = excluded.at_ms",
	[PG_SETTING_REMOVE] = "DELETE FROM setting WHERE name = $1",
	[PG_SETTING_GET] = "SELECT value, at_ms FROM setting WHERE name = $1",
};

const char *pg_sql_text(enum pg_sql sql)
{
	return texts[sql];
}

/* Two programs that start at once do not both run a script: the second waits
 * for the first, whose number is as good as any. */
static const char take_turns[] =
	"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 9000;"
	"SELECT pg_advisory_xact_lock(3684581);"
	"CREATE TABLE IF NOT EXISTS dialout_version (version BIGINT NOT NULL)";

struct migration {
	char *why;
	size_t why_cap;
};

static int run_scripts(struct pg_conn *c, struct migration *m)
{
	size_t version = 0;
	PGresult *r = NULL;
	char text[96];
	int err = pg_ask(c,
	                 "SELECT coalesce(max(version), 0)"
	                 " FROM dialout_version",
	                 &r);

	if (err)
		return err;
	version = (size_t)pg_num(r, 0, 0);
	PQclear(r);
	if (version > ARRAY_LEN(versions)) {
		snprintf(m->why, m->why_cap,
		         "the database was made by a newer version of this "
		         "program");
		return -EINVAL;
	}
	for (; !err && version < ARRAY_LEN(versions); version++) {
		snprintf(text, sizeof(text),
		         "INSERT INTO dialout_version VALUES (%zu)",
		         version + 1);
		err = pg_say(c, versions[version]);
		if (!err)
			err = pg_say(c, text);
	}
	return err;
}

static int migrate(struct pg_conn *c, bool again, void *arg)
{
	int err = pg_begin(c);

	(void)again;
	if (!err)
		err = pg_say(c, take_turns);
	if (!err)
		err = run_scripts(c, arg);
	return pg_end(c, err);
}

int pg_migrate(struct store *s, char *why, size_t why_cap)
{
	struct migration m = {why, why_cap};

	snprintf(why, why_cap,
	         "the database's tables cannot be made or brought up to date: "
	         "may this user create tables in it?");
	return pg_do_long(s, migrate, &m);
}
