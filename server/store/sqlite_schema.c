#include <errno.h>
#include <stdio.h>

#include "common/str.h"
#include "server/store/sqlite.h"

/* One script a version; a script that was released never changes. */
static const char *const versions[] = {
	"CREATE TABLE call ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE,"
	" key TEXT NOT NULL UNIQUE,"
	" to_number TEXT NOT NULL, from_number TEXT, phone_number TEXT,"
	" agent TEXT, body TEXT, base_url TEXT,"
	" owner TEXT, idem_key TEXT, idem_hash TEXT,"
	" answer TEXT, answer_status INTEGER NOT NULL,"
	" state TEXT NOT NULL, rank INTEGER NOT NULL,"
	" call_uuid TEXT, reservation TEXT, bot TEXT, stream_url TEXT,"
	" end_by TEXT, end_cause TEXT, end_code INTEGER NOT NULL, error TEXT,"
	" created_ms INTEGER NOT NULL, dialed_ms INTEGER NOT NULL,"
	" answered_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE UNIQUE INDEX call_idem ON call (coalesce(owner, ''), idem_key)"
	" WHERE idem_key IS NOT NULL;"
	"CREATE INDEX call_uuid ON call (call_uuid)"
	" WHERE call_uuid IS NOT NULL;"
	"CREATE INDEX call_reservation ON call (reservation)"
	" WHERE reservation IS NOT NULL;"
	"CREATE INDEX call_live ON call (rank) WHERE rank < 9;"
	"CREATE TABLE event ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" call_id TEXT NOT NULL REFERENCES call (id),"
	" dedupe TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL,"
	" data TEXT, at_ms INTEGER NOT NULL,"
	" UNIQUE (call_id, dedupe)"
	") STRICT;"
	"CREATE TABLE turn ("
	" call_id TEXT NOT NULL REFERENCES call (id),"
	" n INTEGER NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL,"
	" heard_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" interrupted INTEGER NOT NULL, speech_end INTEGER NOT NULL,"
	" final INTEGER NOT NULL, first_token INTEGER NOT NULL,"
	" first_audio INTEGER NOT NULL, heard INTEGER NOT NULL,"
	" PRIMARY KEY (call_id, n, role)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE api_key ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE,"
	" scopes TEXT NOT NULL, rate INTEGER NOT NULL,"
	" budget INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" revoked_ms INTEGER NOT NULL"
	") STRICT;"
	"PRAGMA user_version = 1;",
	"CREATE TABLE do_not_call ("
	" number TEXT PRIMARY KEY,"
	" call_id TEXT, at_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 2;",
	"CREATE TABLE setting ("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL, at_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 3;",
	"ALTER TABLE call ADD COLUMN events_url TEXT;"
	"CREATE TABLE outbox ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" event_id TEXT NOT NULL, call_id TEXT NOT NULL,"
	" url TEXT NOT NULL, type TEXT NOT NULL, data TEXT,"
	" at_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL, tries INTEGER NOT NULL,"
	" dead INTEGER NOT NULL, error TEXT"
	") STRICT;"
	"CREATE INDEX outbox_due ON outbox (next_ms) WHERE dead = 0;"
	"CREATE INDEX outbox_call ON outbox (call_id, seq) WHERE dead = 0;"
	"CREATE INDEX outbox_dead ON outbox (seq) WHERE dead = 1;"
	"PRAGMA user_version = 4;",
	/* Calls of before, of which nothing was reserved, count as long as
	 * they may have lasted. */
	"ALTER TABLE call ADD COLUMN reserved_sec INTEGER NOT NULL DEFAULT 0;"
	"UPDATE call SET reserved_sec = 900 WHERE owner IS NOT NULL;"
	"CREATE INDEX call_created ON call (created_ms);"
	"CREATE INDEX call_live_to ON call (to_number) WHERE rank < 9;"
	"ALTER TABLE api_key ADD COLUMN rates TEXT;"
	"ALTER TABLE api_key ADD COLUMN budgets TEXT;"
	"PRAGMA user_version = 5;",
	("ALTER TABLE call ADD COLUMN holder TEXT;"
         "PRAGMA user_version = 6;"),
	"CREATE TABLE retry ("
	" call_id TEXT PRIMARY KEY, attempt INTEGER NOT NULL,"
	" cause TEXT NOT NULL, due_ms INTEGER NOT NULL, next_id TEXT"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX retry_due ON retry (due_ms) WHERE next_id IS NULL;"
	"CREATE UNIQUE INDEX retry_next ON retry (next_id)"
	" WHERE next_id IS NOT NULL;"
	"PRAGMA user_version = 7;",
	"CREATE TABLE campaign ("
	" id TEXT PRIMARY KEY, owner TEXT NOT NULL, agent TEXT NOT NULL,"
	" base_url TEXT NOT NULL, hash TEXT NOT NULL, state TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, gap_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL, at_once INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE campaign_row ("
	" campaign_id TEXT NOT NULL REFERENCES campaign (id),"
	" line INTEGER NOT NULL, to_number TEXT, phone_number TEXT, body TEXT,"
	" state TEXT NOT NULL, why TEXT, due_ms INTEGER NOT NULL,"
	" call_id TEXT, PRIMARY KEY (campaign_id, line)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX campaign_waiting ON campaign_row"
	" (campaign_id, due_ms, line)"
	" WHERE state = 'waiting';"
	"CREATE UNIQUE INDEX campaign_call ON campaign_row (call_id)"
	" WHERE call_id IS NOT NULL;"
	"PRAGMA user_version = 8;",
	("ALTER TABLE campaign ADD COLUMN retries TEXT NOT NULL DEFAULT '';"
         "PRAGMA user_version = 9;"),
	/* released_ms: when one that was scheduled has begun. due_ms: when it
	 * is looked at next. */
	"ALTER TABLE call ADD COLUMN hours TEXT;"
	"ALTER TABLE call ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN released_ms INTEGER;"
	"CREATE INDEX call_due ON call (due_ms) WHERE rank = 0;"
	"CREATE INDEX call_released ON call (released_ms)"
	" WHERE released_ms IS NOT NULL;"
	"ALTER TABLE campaign ADD COLUMN hours TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE campaign ADD COLUMN events_url TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE campaign_row ADD COLUMN events_url TEXT;"
	"ALTER TABLE campaign_row ADD COLUMN expires_ms INTEGER"
	" NOT NULL DEFAULT 0;"
	"ALTER TABLE campaign_row ADD COLUMN priority INTEGER"
	" NOT NULL DEFAULT 0;"
	"CREATE INDEX campaign_first ON campaign_row"
	" (campaign_id, priority DESC, due_ms, line) WHERE state = 'waiting';"
	"CREATE INDEX campaign_expires ON campaign_row (expires_ms)"
	" WHERE state = 'waiting' AND expires_ms > 0;"
	"CREATE INDEX campaign_created ON campaign (created_ms);"
	"PRAGMA user_version = 10;",
	("ALTER TABLE call ADD COLUMN uses TEXT;"
         "CREATE INDEX call_dialed ON call (dialed_ms) WHERE dialed_ms > 0;"
         "PRAGMA user_version = 11;"),
	("ALTER TABLE call ADD COLUMN detect_machine"
         " INTEGER NOT NULL DEFAULT 0;"
         "PRAGMA user_version = 12;"),
};

#define CALL_COLUMNS                                                   \
	"id, key, to_number, from_number, phone_number, agent, body, " \
	"base_url, owner, idem_key, idem_hash, answer, call_uuid, "    \
	"reservation, bot, stream_url, end_by, end_cause, error, "     \
	"events_url, hours, "                                          \
	"state, answer_status, end_code, created_ms, dialed_ms, "      \
	"answered_ms, ended_ms, reserved_sec, not_before_ms, "         \
	"expires_ms, priority"
/* Calls that have begun and not ended. */
#define LIVE "rank > 0 AND rank < 9"
/* admit.h says what counts. */
#define SECONDS                                                           \
	"CASE WHEN rank < 9 THEN reserved_sec WHEN answered_ms = 0 THEN " \
	"0 WHEN ended_ms = 0 THEN reserved_sec ELSE min(reserved_sec, "   \
	"(max(ended_ms - answered_ms, 0) + 999) / 1000) END"
#define COUNTED                                                  \
	" FROM call WHERE (created_ms > ?1 OR released_ms > ?1)" \
	" AND reserved_sec > 0 AND (?2 IS NULL OR owner = ?2)"   \
	" AND rank > 0 AND NOT (rank = 9 AND dialed_ms = 0)"
#define BEGAN       "coalesce(released_ms, created_ms)"
#define CALL_SELECT "SELECT " CALL_COLUMNS ", detect_machine FROM call WHERE "
#define LETTER_SELECT                                             \
	"SELECT seq, event_id, call_id, url, type, data, at_ms, " \
	"created_ms, next_ms, tries, dead, error FROM outbox WHERE "
#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
#define NEVER  "9223372036854775807"

#define CAMPAIGN_COLUMNS                                                \
	"id, owner, agent, base_url, hash, state, created_ms, gap_ms, " \
	"next_ms, at_once, retries, hours, events_url"
/* The row of a call, which was the first try of it. */
#define FIRST_TRY                                                   \
	" WHERE call_id = ?1 AND NOT EXISTS (SELECT 1 FROM retry p" \
	" WHERE p.next_id = ?1)"
/* What may be called next of a campaign. */
#define CAMPAIGN_FIRST                                  \
	" (SELECT w.priority FROM campaign_row w WHERE" \
	" w.campaign_id = c.id AND w.state = 'waiting'" \
	" AND w.due_ms <= ?1 ORDER BY w.priority DESC LIMIT 1)"
#define CAMPAIGN_ROOM(now)                                                  \
	"c.state = 'running' AND c.next_ms <= " now " AND (SELECT count(*)" \
	" FROM call k CROSS JOIN campaign_row l ON l.call_id = k.id WHERE " \
	"k.rank < 9"                                                        \
	" AND l.campaign_id = c.id) < c.at_once"
/* Another try of a row's call, unless its campaign stands still. */
#define CAMPAIGN_LETS                                                   \
	" AND NOT EXISTS (SELECT 1 FROM campaign_row r JOIN campaign c" \
	" ON c.id = r.campaign_id WHERE r.call_id = retry.call_id"      \
	" AND c.state <> 'running')"
#define RETRY_SELECT \
	"SELECT call_id, attempt, cause, due_ms, next_id FROM retry WHERE "

static const char *const texts[SQ_STATEMENTS] = {
	[SQ_BEGIN] = "BEGIN IMMEDIATE",
	[SQ_COMMIT] = "COMMIT",
	[SQ_ROLLBACK] = "ROLLBACK",
	[SQ_CALL_ADD] =
		"INSERT INTO call (" CALL_COLUMNS ", rank, holder, due_ms)"
		" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
		"?,?,?,?,?,?,?,?,?)",
	[SQ_CALL_UNHELD] = "SELECT id, coalesce(holder = ?1, 0) FROM call"
			   " WHERE rank > 0 AND rank <= 3 AND (holder IS NULL "
			   "OR holder <> ?1 OR (created_ms < ?2"
			   " AND dialed_ms < ?2)) ORDER BY seq",
	[SQ_CALL_CLAIM] = "UPDATE call SET holder = ?1"
			  " WHERE rank > 0 AND rank <= 3 AND (holder IS NULL "
			  "OR holder <> ?1)",
	[SQ_LIVE_TO] = "SELECT 1 FROM call WHERE to_number = ? AND " LIVE
		       " AND reserved_sec > 0 LIMIT 1",
	[SQ_ROOM_USED] =
		"SELECT count(*) FROM call WHERE rank >= 3 AND rank < 9"
		" AND (uses IS NULL OR instr(uses, ?2) > 0)"
		" AND (?1 IS NULL OR EXISTS (SELECT 1 FROM call c"
		" WHERE c.id = ?1 AND c.rank < 3"
		" AND (c.uses IS NULL OR instr(c.uses, ?2) > 0)))",
	[SQ_QUALITY] =
		"SELECT count(*), coalesce(sum(brief), 0),"
		" coalesce(sum(unanswered), 0) FROM (SELECT"
		" CASE WHEN answered_ms > 0 AND ended_ms - answered_ms < ?3"
		" THEN 1 ELSE 0 END AS brief,"
		" CASE WHEN answered_ms = 0 THEN 1 ELSE 0 END AS unanswered"
		" FROM call WHERE dialed_ms > 0 AND dialed_ms > ?1"
		" AND rank = 9 AND call_uuid IS NOT NULL"
		" AND to_number NOT LIKE '+91%'"
		" ORDER BY dialed_ms DESC LIMIT ?2) AS of_late",
	[SQ_USED] = "SELECT count(*), coalesce(sum(" SECONDS "), 0)" COUNTED,
	[SQ_USED_LIST] = "SELECT " BEGAN ", " SECONDS COUNTED " ORDER BY 1",

	[SQ_CALL_BY_ID] = CALL_SELECT "id = ?",
	[SQ_CALL_BY_KEY] = CALL_SELECT "key = ?",
	[SQ_CALL_BY_UUID] =
		CALL_SELECT "call_uuid = ? ORDER BY seq DESC LIMIT 1",
	[SQ_CALL_BY_RESERVATION] =
		CALL_SELECT "reservation = ? ORDER BY seq DESC LIMIT 1",
	[SQ_CALL_BY_IDEM] = CALL_SELECT
	"coalesce(owner, '') = coalesce(?, '') AND idem_key = ?",
	[SQ_CALL_LIST] = CALL_SELECT
	"(?1 IS NULL OR state = ?1) AND rank < ?2 AND (rank > 0 OR ?2 > 9)"
	" AND (?3 IS NULL OR owner = ?3) AND created_ms >= ?4 AND seq < ?5"
	" ORDER BY seq DESC LIMIT ?6",
	[SQ_CALL_SEQ] = "SELECT seq FROM call WHERE id = ?",
	[SQ_CALL_RANK] = "SELECT rank, holder, end_by, answer_status"
			 " FROM call WHERE id = ?",
	[SQ_CALL_CHANGE] =
		"UPDATE call SET"
		" state = CASE WHEN ?2 > rank THEN ?3 ELSE state END,"
		" rank = max(rank, ?2),"
		" call_uuid = coalesce(call_uuid, ?4),"
		" reservation = coalesce(?5, reservation),"
		" bot = coalesce(?6, bot),"
		" stream_url = coalesce(?7, stream_url),"
		" uses = coalesce(?17, uses),"
		" end_by = coalesce(end_by, ?8),"
		/* One that is scheduled is looked at, then. */
		" due_ms = CASE WHEN ?8 IS NULL THEN due_ms ELSE 0 END,"
		" end_code = CASE WHEN end_code = 0 THEN ?10"
		" ELSE end_code END,"
		" end_cause = coalesce(end_cause, ?9),"
		" error = coalesce(error, ?11),"
		" answer = coalesce(answer, ?12),"
		" answer_status = CASE WHEN answer_status = 0 THEN ?13"
		" ELSE answer_status END,"
		" dialed_ms = CASE WHEN dialed_ms = 0 THEN ?14"
		" ELSE dialed_ms END,"
		" answered_ms = CASE WHEN answered_ms = 0 THEN ?15"
		" ELSE answered_ms END,"
		" ended_ms = CASE WHEN ended_ms = 0 THEN ?16"
		" ELSE ended_ms END,"
		" detect_machine = max(detect_machine, ?18)"
		" WHERE id = ?1",
	[SQ_COUNT_LIVE] = "SELECT count(*) FROM call WHERE " LIVE,
	[SQ_COUNT_SCHEDULED] = "SELECT count(*) FROM call WHERE rank = 0",
	[SQ_CALL_RELEASE] =
		"UPDATE call SET state = ?2, rank = ?3, holder = ?4,"
		" released_ms = ?5, reserved_sec = ?6"
		" WHERE id = ?1 AND rank = 0 AND end_by IS NULL",
	[SQ_BEFORE] =
		"SELECT count(*) FROM call WHERE rank < 9 AND rank <= 2 AND"
		" (max(not_before_ms, created_ms, ?1), -priority,"
		" max(not_before_ms, created_ms), seq) < (max(?2, ?1), -?3,"
		" ?2, coalesce((SELECT seq FROM call WHERE id = ?4), " NEVER
		"))",
	[SQ_DUE] = "UPDATE call SET due_ms = ?2 WHERE id = (SELECT id FROM call"
		   " WHERE rank = 0 AND due_ms <= ?1 ORDER BY end_by IS NULL"
		   " AND (expires_ms = 0 OR expires_ms > ?1), priority DESC,"
		   " max(not_before_ms, created_ms), seq LIMIT 1)"
		   " RETURNING id",
	[SQ_DUE_PUT] = "UPDATE call SET due_ms = ?2 WHERE id = ?1"
		       " AND rank = 0 AND end_by IS NULL",
	[SQ_EVENT_ADD] = "INSERT INTO event"
			 " (call_id, dedupe, source, type, data, at_ms)"
			 " VALUES (?,?,?,?,?,?)",
	[SQ_EVENT_LIST] = "SELECT dedupe, source, type, data, at_ms FROM event"
			  " WHERE call_id = ? ORDER BY seq",
	[SQ_TURN_PUT] = "INSERT OR REPLACE INTO turn (call_id, n, role, text,"
			" heard_ms, at_ms, interrupted, speech_end, final,"
			" first_token, first_audio, heard)"
			" VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
	[SQ_TURN_LIST] = "SELECT n, role, text, heard_ms, at_ms, interrupted,"
			 " speech_end, final, first_token, first_audio, heard"
			 " FROM turn WHERE call_id = ?"
			 " ORDER BY n, at_ms, role DESC",
	[SQ_KEY_ADD] = "INSERT INTO api_key (name, hash, scopes, rate, budget,"
		       " created_ms, revoked_ms, rates, budgets)"
		       " VALUES (?,?,?,?,?,?,?,?,?)",
	[SQ_KEY_FIND] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms, rates, budgets FROM api_key"
			" WHERE hash = ? AND revoked_ms = 0",
	[SQ_KEY_LIST] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms, rates, budgets FROM api_key ORDER BY seq",
	[SQ_KEY_REVOKE] = "UPDATE api_key SET revoked_ms = ?2"
			  " WHERE name = ?1 AND revoked_ms = 0",
	[SQ_DNC_ADD] = "INSERT OR IGNORE INTO do_not_call"
		       " (number, call_id, at_ms) VALUES (?,?,?)",
	[SQ_DNC_LIST] = "SELECT number, call_id, at_ms FROM do_not_call"
			" WHERE number > ? ORDER BY number LIMIT ?",
	[SQ_DNC_FIND] = "SELECT 1 FROM do_not_call WHERE number = ?",
	[SQ_DNC_REMOVE] = "DELETE FROM do_not_call WHERE number = ?",
	[SQ_RETRY_ADD] = "INSERT INTO retry"
			 " (call_id, attempt, cause, due_ms)"
			 " VALUES (?1,?2,?3,?4) ON CONFLICT DO NOTHING",
	[SQ_RETRY_BY_CALL] = RETRY_SELECT "call_id = ?1",
	[SQ_RETRY_BY_NEXT] = RETRY_SELECT "next_id = ?1",
	[SQ_RETRY_DUE] =
		RETRY_SELECT "due_ms <= ?1 AND next_id IS NULL" CAMPAIGN_LETS
			     " ORDER BY due_ms LIMIT ?2",
	[SQ_RETRY_PUT_OFF] = "UPDATE retry SET due_ms = ?2"
			     " WHERE call_id = ?1 AND next_id IS NULL",
	[SQ_RETRY_TAKE] = "UPDATE retry SET next_id = ?2"
			  " WHERE call_id = ?1 AND next_id IS NULL",
	[SQ_CAMPAIGN_ADD] =
		"INSERT INTO campaign (" CAMPAIGN_COLUMNS
		") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
	[SQ_CAMPAIGN_ROW_ADD] =
		"INSERT INTO campaign_row (campaign_id, line, to_number,"
		" phone_number, body, state, why, due_ms, events_url,"
		" expires_ms, priority) VALUES "
		"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
	[SQ_CAMPAIGN_GET] =
		"SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id = ?1",
	[SQ_CAMPAIGN_OF] =
		"SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id ="
		" (SELECT campaign_id FROM campaign_row WHERE call_id = ?1)",
	[SQ_CAMPAIGN_SET] = "UPDATE campaign SET state = ?2 WHERE id = ?1"
			    " AND (state <> 'cancelled' OR ?2 = 'cancelled')",
	[SQ_CAMPAIGN_COUNT] =
		"SELECT r.state, CASE WHEN p.call_id IS NOT NULL"
		" THEN 'retry_planned' ELSE k.state END, count(*)"
		" FROM campaign_row r LEFT JOIN call k ON k.id = r.call_id"
		" LEFT JOIN retry p ON p.call_id = r.call_id AND p.next_id IS "
		"NULL"
		" AND p.due_ms < " NEVER
		" WHERE r.campaign_id = ?1 GROUP BY 1, 2 ORDER BY 1, 2",
	[SQ_CAMPAIGN_ROWS] =
		"SELECT r.line, r.to_number, r.state, r.why, r.call_id,"
		" k.state, k.end_by, k.end_cause, k.error, "
		"coalesce(k.answered_ms, 0),"
		" coalesce(k.ended_ms, 0) FROM campaign_row r"
		" LEFT JOIN call k ON k.id = r.call_id"
		" WHERE r.campaign_id = ?1 ORDER BY r.line",
	[SQ_CAMPAIGN_CLAIM] =
		"UPDATE campaign_row SET due_ms = ?2 WHERE (campaign_id, line) "
		"="
		" (SELECT r.campaign_id, r.line FROM campaign_row r"
		" WHERE r.state = 'waiting' AND r.due_ms <= ?1 AND "
		"r.campaign_id ="
		" (SELECT c.id FROM campaign c WHERE " CAMPAIGN_ROOM(
			"?1") " AND EXISTS (SELECT 1 FROM campaign_row w WHERE "
			      "w.campaign_id = c.id"
			      " AND w.state = 'waiting' AND w.due_ms <= ?1)"
			      " ORDER BY" CAMPAIGN_FIRST " DESC, c.next_ms, "
			      "c.id LIMIT 1) ORDER BY r.priority DESC, "
			      "r.due_ms, r.line LIMIT 1)"
			      " RETURNING campaign_id, line, to_number, "
			      "phone_number, body, events_url, "
			      "expires_ms, priority",
	[SQ_CAMPAIGN_PUT_OFF] =
		"UPDATE campaign_row SET due_ms = ?3, why = ?4,"
		" state = CASE WHEN ?3 = " NEVER
		" THEN 'refused' ELSE state END"
		" WHERE campaign_id = ?1 AND line = ?2 AND state = 'waiting'",
	[SQ_CAMPAIGN_RETURN] =
		"UPDATE campaign_row SET state = 'waiting', call_id = NULL,"
		" due_ms = ?2, why = ?3" FIRST_TRY,
	[SQ_CAMPAIGN_HOLD_OF] =
		"UPDATE campaign SET next_ms = ?2 + gap_ms WHERE id ="
		" (SELECT campaign_id FROM campaign_row" FIRST_TRY ")",
	[SQ_CAMPAIGN_EXPIRE] =
		"UPDATE campaign_row SET state = 'expired',"
		" why = 'expires_at passed before it was called'"
		" WHERE state = 'waiting' AND expires_ms > 0"
		" AND expires_ms <= ?1 AND campaign_id NOT IN"
		" (SELECT id FROM campaign WHERE state = 'cancelled')",
	[SQ_CAMPAIGN_LIST] = "SELECT " CAMPAIGN_COLUMNS " FROM campaign"
			     " WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL"
			     " OR (created_ms, id) < (SELECT a.created_ms, a.id"
			     " FROM campaign a WHERE a.id = ?2))"
			     " ORDER BY created_ms DESC, id DESC LIMIT ?3",
	[SQ_CAMPAIGN_TAKE] =
		"UPDATE campaign_row SET state = 'called', call_id = ?3,"
		" why = NULL WHERE campaign_id = ?1 AND line = ?2"
		" AND state = 'waiting' AND EXISTS (SELECT 1 FROM campaign c"
		" WHERE c.id = campaign_row.campaign_id AND " CAMPAIGN_ROOM(
			"?4") ")",
	[SQ_CAMPAIGN_NEXT] =
		"UPDATE campaign SET next_ms = ?2 + gap_ms WHERE id = ?1",
	[SQ_CAMPAIGN_FOLLOW] =
		"UPDATE campaign_row SET call_id = ?2 WHERE call_id = ?1",
	[SQ_SETTING_PUT] = "INSERT OR REPLACE INTO setting"
			   " (name, value, at_ms) VALUES (?,?,?)",
	[SQ_SETTING_REMOVE] = "DELETE FROM setting WHERE name = ?",
	[SQ_SETTING_GET] = "SELECT value, at_ms FROM setting WHERE name = ?",
	[SQ_LETTER_ADD] =
		"INSERT INTO outbox (event_id, call_id, url, type, data, at_ms,"
		" created_ms, next_ms, tries, dead)"
		" SELECT ?2, id, events_url, ?3, ?4,"
		" CASE WHEN ?5 = 0 THEN " NOW_MS " ELSE ?5 END, " NOW_MS ","
		" CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE call_id = ?1"
		" AND dead = 0) THEN " NEVER " ELSE 0 END, 0, 0"
		" FROM call WHERE id = ?1 AND events_url IS NOT NULL",
	[SQ_LETTER_DUE] = LETTER_SELECT "dead = 0 AND next_ms <= ?"
					" ORDER BY next_ms, seq LIMIT ?",
	[SQ_LETTER_LEASE] = "UPDATE outbox SET next_ms = ?2 WHERE seq = ?1",
	[SQ_LETTER_NEXT] =
		"UPDATE outbox SET next_ms = 0 WHERE seq ="
		" (SELECT min(n.seq) FROM outbox o, outbox n WHERE o.seq = ?"
		" AND n.call_id = o.call_id AND n.seq > o.seq AND n.dead = 0)"
		" AND next_ms = " NEVER,
	[SQ_LETTER_REMOVE] = "DELETE FROM outbox WHERE seq = ?",
	[SQ_LETTER_SETTLE] = "UPDATE outbox SET next_ms = ?2, tries = ?3,"
			     " dead = ?4, error = ?5 WHERE seq = ?1",
	[SQ_LETTER_REVIVE] =
		"UPDATE outbox SET dead = 0, tries = 0,"
		" next_ms = 0, created_ms = " NOW_MS " WHERE dead = ?",
	[SQ_LETTER_WAKE] =
		"UPDATE outbox SET next_ms = 0 WHERE dead = ? AND seq IN"
		" (SELECT min(seq) FROM outbox WHERE dead = 0"
		" GROUP BY call_id)",
	[SQ_LETTER_TRIM] =
		"DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox"
		" ORDER BY dead, seq DESC LIMIT -1 OFFSET ?)",
	[SQ_LETTER_LIST] = LETTER_SELECT "dead = ? ORDER BY seq",
	[SQ_LETTER_COUNT] = "SELECT count(*) FILTER (WHERE dead = 0),"
			    " count(*) FILTER (WHERE dead = 1) FROM outbox",
};

const char *sq_text(enum sq_sql sql)
{
	return texts[sql];
}

static int read_version(struct sq_conn *c, size_t *version)
{
	sqlite3_stmt *st = NULL;
	int rc =
		sqlite3_prepare_v2(c->db, "PRAGMA user_version", -1, &st, NULL);
	int err = rc == SQLITE_OK ? sq_step(c, st) : sq_err(c, rc);

	if (err == 1)
		*version = (size_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return err < 0 ? err : 0;
}

int sq_migrate(struct sq_conn *c, char *why, size_t why_cap)
{
	size_t version = 0;
	/* Under the writer's lock, so that two programs that start at once do
	 * not both run a script. */
	int err = sq_begin(c);

	if (err)
		return err;
	err = read_version(c, &version);
	if (!err && version > ARRAY_LEN(versions)) {
		snprintf(why, why_cap,
		         "it was made by a newer version of this program: "
		         "install that, or set another DATABASE_URL");
		err = -EINVAL;
	}
	for (; !err && version < ARRAY_LEN(versions); version++) {
		int rc = sqlite3_exec(c->db, versions[version], NULL, NULL,
		                      NULL);

		err = rc == SQLITE_OK ? 0 : sq_err(c, rc);
	}
	return sq_end(c, err);
}
