#include "server/store/pg.h"

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
#define SECONDS                                                             \
	"CASE WHEN rank < 9 THEN reserved_sec WHEN answered_ms = 0 THEN 0 " \
	"WHEN ended_ms = 0 THEN reserved_sec ELSE least(reserved_sec, "     \
	"(greatest(ended_ms - answered_ms, 0) + 999) / 1000) END"
#define COUNTED                                                      \
	" FROM call WHERE (created_ms > $1 OR released_ms > $1)"     \
	" AND reserved_sec > 0 AND ($2::text IS NULL OR owner = $2)" \
	" AND rank > 0 AND NOT (rank = 9 AND dialed_ms = 0)"
#define BEGAN "coalesce(released_ms, created_ms)"
#define LETTER_COLUMNS                                     \
	"seq, event_id, call_id, url, type, data, at_ms, " \
	"created_ms, next_ms, tries, dead, error"
#define NOW_MS      "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#define NOW_US      "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
#define NEVER       "9223372036854775807"
#define CALL_SELECT "SELECT " CALL_COLUMNS ", detect_machine FROM call WHERE "

#define CAMPAIGN_COLUMNS                                                \
	"id, owner, agent, base_url, hash, state, created_ms, gap_ms, " \
	"next_ms, at_once, retries, hours, events_url"
/* The row of a call, which was the first try of it. */
#define FIRST_TRY                                                   \
	" WHERE call_id = $1 AND NOT EXISTS (SELECT 1 FROM retry p" \
	" WHERE p.next_id = $1)"
/* What may be called next of a campaign. */
#define CAMPAIGN_FIRST                                  \
	" (SELECT w.priority FROM campaign_row w WHERE" \
	" w.campaign_id = c.id AND w.state = 'waiting'" \
	" AND w.due_ms <= $1 ORDER BY w.priority DESC LIMIT 1)"
#define CAMPAIGN_ROOM(now)                                                     \
	"c.state = 'running' AND c.next_ms <= " now " AND (SELECT count(*)"    \
	" FROM call k JOIN campaign_row l ON l.call_id = k.id WHERE k.rank < " \
	"9"                                                                    \
	" AND l.campaign_id = c.id) < c.at_once"
/* Another try of a row's call, unless its campaign stands still. */
#define CAMPAIGN_LETS                                                   \
	" AND NOT EXISTS (SELECT 1 FROM campaign_row r JOIN campaign c" \
	" ON c.id = r.campaign_id WHERE r.call_id = retry.call_id"      \
	" AND c.state <> 'running')"
#define RETRY_SELECT \
	"SELECT call_id, attempt, cause, due_ms, next_id FROM retry WHERE "

static const char *const texts[PG_STATEMENTS] = {
	[PG_CALL_ADD] =
		"INSERT INTO call (" CALL_COLUMNS ", rank, holder, due_ms)"
		" VALUES ("
		"$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,"
		"$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,"
		"$29,$30,$31,$32,$33,$34,$35)",
	[PG_ADMIT_LOCK] = "SELECT pg_advisory_xact_lock(3684582)",
	[PG_LIVE_TO] = "SELECT 1 FROM call WHERE to_number = $1 AND " LIVE
		       " AND reserved_sec > 0 LIMIT 1",
	[PG_ROOM_LOCK] = "SELECT pg_advisory_xact_lock(3684583)",
	[PG_ROOM_USED] =
		"SELECT count(*) FROM call WHERE rank >= 3 AND rank < 9"
		" AND (uses IS NULL OR strpos(uses, $2) > 0)"
		" AND ($1::text IS NULL OR EXISTS (SELECT 1 FROM call c"
		" WHERE c.id = $1 AND c.rank < 3"
		" AND (c.uses IS NULL OR strpos(c.uses, $2) > 0)))",
	[PG_QUALITY] =
		"SELECT count(*), coalesce(sum(brief), 0),"
		" coalesce(sum(unanswered), 0) FROM (SELECT"
		" CASE WHEN answered_ms > 0 AND ended_ms - answered_ms < $3"
		" THEN 1 ELSE 0 END AS brief,"
		" CASE WHEN answered_ms = 0 THEN 1 ELSE 0 END AS unanswered"
		" FROM call WHERE dialed_ms > 0 AND dialed_ms > $1"
		" AND rank = 9 AND call_uuid IS NOT NULL"
		" AND to_number NOT LIKE '+91%'"
		" ORDER BY dialed_ms DESC LIMIT $2) AS of_late",
	[PG_USED] = "SELECT count(*), coalesce(sum(" SECONDS "), 0)" COUNTED,
	[PG_USED_LIST] = "SELECT " BEGAN ", " SECONDS COUNTED " ORDER BY 1",
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
	" AND (rank > 0 OR $2::int > 9)"
	" AND ($3::text IS NULL OR owner = $3) AND created_ms >= $4"
	" AND seq < $5 ORDER BY seq DESC LIMIT $6",
	[PG_CALL_SEQ] = "SELECT seq FROM call WHERE id = $1",
	[PG_CALL_LOCK] = "SELECT rank, coalesce(holder = $2, false) AND"
			 " (NOT $3::bool OR EXISTS (SELECT 1 FROM server"
			 " WHERE id = $2 AND until > clock_timestamp())),"
			 " end_by IS NOT NULL, answer_status = 202"
			 " FROM call WHERE id = $1 FOR UPDATE",
	[PG_CALL_CHANGE] =
		"UPDATE call SET"
		" state = CASE WHEN $2::int > rank THEN $3 ELSE state END,"
		" rank = greatest(rank, $2::int),"
		" call_uuid = coalesce(call_uuid, $4),"
		" reservation = coalesce($5, reservation),"
		" bot = coalesce($6, bot),"
		" stream_url = coalesce($7, stream_url),"
		" uses = coalesce($17, uses),"
		" end_by = coalesce(end_by, $8),"
		" due_ms = CASE WHEN $8::text IS NULL THEN due_ms ELSE 0 END,"
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
		" ELSE ended_ms END,"
		" detect_machine = greatest(detect_machine, $18::bigint)"
		" WHERE id = $1",
	[PG_COUNT_LIVE] = "SELECT count(*) FROM call WHERE " LIVE,
	[PG_COUNT_SCHEDULED] = "SELECT count(*) FROM call WHERE rank = 0",
	[PG_CALL_RELEASE] =
		"UPDATE call SET state = $2, rank = $3, holder = $4,"
		" released_ms = $5, reserved_sec = $6"
		" WHERE id = $1 AND rank = 0 AND end_by IS NULL",
	[PG_BEFORE] =
		"SELECT count(*) FROM call WHERE rank < 9 AND rank <= 2 AND"
		" (greatest(not_before_ms, created_ms, $1), -priority,"
		" greatest(not_before_ms, created_ms), seq) <"
		" (greatest($2::bigint, $1::bigint), -$3::int, $2::bigint,"
		" coalesce((SELECT seq FROM call WHERE id = $4), " NEVER "))",
	[PG_DUE] = "WITH due AS (SELECT seq FROM call WHERE rank = 0"
		   " AND due_ms <= $1 ORDER BY end_by IS NULL"
		   " AND (expires_ms = 0 OR expires_ms > $1), priority DESC,"
		   " greatest(not_before_ms, created_ms), seq LIMIT 1"
		   " FOR UPDATE SKIP LOCKED) UPDATE call SET due_ms = $2"
		   " FROM due WHERE call.seq = due.seq RETURNING call.id",
	[PG_DUE_PUT] = "UPDATE call SET due_ms = $2 WHERE id = $1"
		       " AND rank = 0 AND end_by IS NULL",
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
		       " created_ms, revoked_ms, rates, budgets)"
		       " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
	[PG_KEY_FIND] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms, rates, budgets FROM api_key"
			" WHERE hash = $1 AND revoked_ms = 0",
	[PG_KEY_LIST] = "SELECT name, hash, scopes, rate, budget, created_ms,"
			" revoked_ms, rates, budgets FROM api_key ORDER BY seq",
	[PG_KEY_REVOKE] = "UPDATE api_key SET revoked_ms = $2"
			  " WHERE name = $1 AND revoked_ms = 0",
	[PG_DNC_ADD] = "INSERT INTO do_not_call (number, call_id, at_ms)"
		       " VALUES ($1,$2,$3) ON CONFLICT DO NOTHING",
	[PG_DNC_LIST] = "SELECT number, call_id, at_ms FROM do_not_call"
			" WHERE number > $1 ORDER BY number LIMIT $2",
	[PG_DNC_FIND] = "SELECT 1 FROM do_not_call WHERE number = $1",
	[PG_DNC_REMOVE] = "DELETE FROM do_not_call WHERE number = $1",
	[PG_RETRY_ADD] = "INSERT INTO retry"
			 " (call_id, attempt, cause, due_ms)"
			 " VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
	[PG_RETRY_BY_CALL] = RETRY_SELECT "call_id = $1",
	[PG_RETRY_BY_NEXT] = RETRY_SELECT "next_id = $1",
	[PG_RETRY_DUE] =
		RETRY_SELECT "due_ms <= $1 AND next_id IS NULL" CAMPAIGN_LETS
			     " ORDER BY due_ms LIMIT $2",
	[PG_RETRY_PUT_OFF] = "UPDATE retry SET due_ms = $2"
			     " WHERE call_id = $1 AND next_id IS NULL",
	[PG_RETRY_TAKE] = "UPDATE retry SET next_id = $2"
			  " WHERE call_id = $1 AND next_id IS NULL",
	[PG_CAMPAIGN_ADD] =
		"INSERT INTO campaign (" CAMPAIGN_COLUMNS
		") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)",
	[PG_CAMPAIGN_ROW_ADD] =
		"INSERT INTO campaign_row (campaign_id, line, to_number,"
		" phone_number, body, state, why, due_ms, events_url,"
		" expires_ms, priority) VALUES "
		"($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
	[PG_CAMPAIGN_GET] =
		"SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id = $1",
	[PG_CAMPAIGN_OF] =
		"SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id ="
		" (SELECT campaign_id FROM campaign_row WHERE call_id = $1)",
	[PG_CAMPAIGN_SET] = "UPDATE campaign SET state = $2 WHERE id = $1"
			    " AND (state <> 'cancelled' OR $2 = 'cancelled')",
	[PG_CAMPAIGN_COUNT] =
		"SELECT r.state, CASE WHEN p.call_id IS NOT NULL"
		" THEN 'retry_planned' ELSE k.state END, count(*)"
		" FROM campaign_row r LEFT JOIN call k ON k.id = r.call_id"
		" LEFT JOIN retry p ON p.call_id = r.call_id AND p.next_id IS "
		"NULL"
		" AND p.due_ms < " NEVER
		" WHERE r.campaign_id = $1 GROUP BY 1, 2 ORDER BY 1, 2",
	[PG_CAMPAIGN_ROWS] =
		"SELECT r.line, r.to_number, r.state, r.why, r.call_id,"
		" k.state, k.end_by, k.end_cause, k.error, "
		"coalesce(k.answered_ms, 0),"
		" coalesce(k.ended_ms, 0) FROM campaign_row r"
		" LEFT JOIN call k ON k.id = r.call_id"
		" WHERE r.campaign_id = $1 ORDER BY r.line",
	[PG_CAMPAIGN_CLAIM] =
		"WITH due AS (SELECT r.campaign_id, r.line FROM campaign_row r"
		" WHERE r.state = 'waiting' AND r.due_ms <= $1 AND "
		"r.campaign_id ="
		" (SELECT c.id FROM campaign c WHERE " CAMPAIGN_ROOM(
			"$1") " AND EXISTS (SELECT 1 FROM campaign_row w WHERE "
			      "w.campaign_id = c.id"
			      " AND w.state = 'waiting' AND w.due_ms <= $1)"
			      " ORDER BY" CAMPAIGN_FIRST " DESC, c.next_ms, "
			      "c.id LIMIT 1) ORDER BY r.priority DESC, "
			      "r.due_ms, r.line LIMIT 1 FOR UPDATE SKIP LOCKED)"
			      " UPDATE campaign_row t SET due_ms = $2 FROM due"
			      " WHERE t.campaign_id = due.campaign_id AND "
			      "t.line = due.line"
			      " RETURNING t.campaign_id, t.line, t.to_number, "
			      "t.phone_number, t.body, t.events_url, "
			      "t.expires_ms, t.priority",
	[PG_CAMPAIGN_PUT_OFF] =
		"UPDATE campaign_row SET due_ms = $3, why = $4,"
		" state = CASE WHEN $3::bigint = " NEVER
		" THEN 'refused' ELSE state END"
		" WHERE campaign_id = $1 AND line = $2 AND state = 'waiting'",
	[PG_CAMPAIGN_RETURN] =
		"UPDATE campaign_row SET state = 'waiting', call_id = NULL,"
		" due_ms = $2, why = $3" FIRST_TRY,
	[PG_CAMPAIGN_HOLD_OF] =
		"UPDATE campaign SET next_ms = $2::bigint + gap_ms WHERE id ="
		" (SELECT campaign_id FROM campaign_row" FIRST_TRY ")",
	[PG_CAMPAIGN_EXPIRE] =
		"UPDATE campaign_row SET state = 'expired',"
		" why = 'expires_at passed before it was called'"
		" WHERE state = 'waiting' AND expires_ms > 0"
		" AND expires_ms <= $1 AND campaign_id NOT IN"
		" (SELECT id FROM campaign WHERE state = 'cancelled')",
	[PG_CAMPAIGN_LIST] =
		"SELECT " CAMPAIGN_COLUMNS " FROM campaign"
		" WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL"
		" OR (created_ms, id) < (SELECT a.created_ms, a.id"
		" FROM campaign a WHERE a.id = $2))"
		" ORDER BY created_ms DESC, id DESC LIMIT $3",
	[PG_CAMPAIGN_TAKE] =
		"UPDATE campaign_row SET state = 'called', call_id = $3,"
		" why = NULL WHERE campaign_id = $1 AND line = $2"
		" AND state = 'waiting' AND EXISTS (SELECT 1 FROM campaign c"
		" WHERE c.id = campaign_row.campaign_id AND " CAMPAIGN_ROOM(
			"$4") ")",
	[PG_CAMPAIGN_NEXT] = "UPDATE campaign SET next_ms = $2::bigint + "
			     "gap_ms WHERE id = $1",
	[PG_CAMPAIGN_FOLLOW] =
		"UPDATE campaign_row SET call_id = $2 WHERE call_id = $1",
	[PG_SETTING_PUT] = "INSERT INTO setting (name, value, at_ms)"
			   " VALUES ($1,$2,$3) ON CONFLICT (name) DO UPDATE"
			   " SET value = excluded.value,"
			   " at_ms = excluded.at_ms",
	[PG_SETTING_REMOVE] = "DELETE FROM setting WHERE name = $1",
	[PG_SETTING_GET] = "SELECT value, at_ms FROM setting WHERE name = $1",
	[PG_LETTER_ADD] =
		"INSERT INTO outbox (event_id, call_id, url, type, data, at_ms,"
		" created_ms, next_ms, tries, dead)"
		" SELECT $2::text, id, events_url, $3::text, $4::text,"
		" CASE WHEN $5::bigint = 0 THEN " NOW_MS " ELSE $5 END, " NOW_MS
		", CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE call_id = $1"
		" AND dead = 0) THEN " NEVER " ELSE 0 END, 0, 0"
		" FROM call WHERE id = $1 AND events_url IS NOT NULL",
	[PG_LETTER_CLAIM] =
		"WITH due AS (SELECT " LETTER_COLUMNS " FROM outbox"
		" WHERE dead = 0 AND next_ms <= $1 ORDER BY next_ms, seq"
		" LIMIT $3 FOR UPDATE SKIP LOCKED),"
		" lease AS (UPDATE outbox SET next_ms = $2 FROM due"
		" WHERE outbox.seq = due.seq)"
		" SELECT * FROM due ORDER BY next_ms, seq",
	[PG_LETTER_LOCK] = "SELECT 1 FROM call WHERE id ="
			   " (SELECT call_id FROM outbox WHERE seq = $1)"
			   " FOR UPDATE",
	[PG_LETTER_NEXT] =
		"UPDATE outbox SET next_ms = 0 WHERE seq ="
		" (SELECT min(n.seq) FROM outbox o, outbox n WHERE o.seq = $1"
		" AND n.call_id = o.call_id AND n.seq > o.seq AND n.dead = 0)"
		" AND next_ms = " NEVER,
	[PG_LETTER_REMOVE] = "DELETE FROM outbox WHERE seq = $1",
	[PG_LETTER_SETTLE] = "UPDATE outbox SET next_ms = $2, tries = $3,"
			     " dead = $4, error = $5 WHERE seq = $1",
	[PG_LETTER_REVIVE] =
		"UPDATE outbox SET dead = 0, tries = 0, next_ms = 0,"
		" created_ms = " NOW_MS " WHERE dead = 1",
	[PG_LETTER_WAKE] =
		"UPDATE outbox SET next_ms = 0 WHERE dead = 0 AND seq IN"
		" (SELECT min(seq) FROM outbox WHERE dead = 0"
		" GROUP BY call_id)",
	[PG_LETTER_TRIM] =
		"DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox"
		" ORDER BY dead, seq DESC OFFSET $1)",
	[PG_LETTER_LIST] = "SELECT " LETTER_COLUMNS " FROM outbox"
			   " WHERE dead = $1 ORDER BY seq",
	[PG_LETTER_COUNT] = "SELECT count(*) FILTER (WHERE dead = 0),"
			    " count(*) FILTER (WHERE dead = 1) FROM outbox",
	[PG_CALL_CLAIM] =
		"WITH lost AS (SELECT seq, id, coalesce(holder = $1, false)"
		" AS ours FROM call WHERE rank > 0 AND rank <= 3 AND"
		" CASE WHEN holder = $1 THEN created_ms < $2 AND dialed_ms < $2"
		" ELSE holder IS NULL OR NOT EXISTS (SELECT 1 FROM server"
		" WHERE server.id = holder AND until > clock_timestamp()) END"
		" ORDER BY seq FOR UPDATE SKIP LOCKED),"
		" taken AS (UPDATE call SET holder = $1 FROM lost"
		" WHERE call.seq = lost.seq AND NOT lost.ours)"
		" SELECT id, ours FROM lost ORDER BY seq",
	[PG_SERVER_BEAT] =
		"INSERT INTO server (id, until) VALUES ($1, clock_timestamp()"
		" + $2::int * interval '1 ms') ON CONFLICT (id) DO UPDATE SET"
		" until = clock_timestamp() + $2::int * interval '1 ms'",
	[PG_SERVER_LEAVE] = "DELETE FROM server WHERE id = $1"
			    " OR until < clock_timestamp() - interval '1 day'",
	[PG_TURN_TAKE] =
		"INSERT INTO pace (scope, next) SELECT 'dial',"
		" clock_timestamp() + $1::bigint * interval '1 us'"
		" WHERE NOT EXISTS (SELECT 1 FROM call k"
		" JOIN server s ON s.id = k.holder WHERE k.rank = 2"
		" AND k.rank < 9 AND k.priority > $2::int AND k.holder <> $3"
		" AND k.end_by IS NULL AND s.until > clock_timestamp())"
		" ON CONFLICT (scope) DO UPDATE SET"
		" next = greatest(pace.next, clock_timestamp())"
		" + $1::bigint * interval '1 us'"
		" RETURNING (extract(epoch FROM next) * 1000000)::bigint"
		" - $1::bigint, " NOW_US,
	[PG_CLOCK] = "SELECT " NOW_US,
	[PG_TURN_HOLD] =
		"INSERT INTO pace (scope, next) VALUES ('dial',"
		" clock_timestamp() + $1::int * interval '1 ms')"
		" ON CONFLICT (scope) DO UPDATE SET next = greatest(pace.next,"
		" clock_timestamp() + $1::int * interval '1 ms')",
};

const char *pg_sql_text(enum pg_sql sql)
{
	return texts[sql];
}
