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
	"ALTER TABLE call ADD COLUMN events_url TEXT;"
	"CREATE TABLE outbox ("
	" seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
	" event_id TEXT NOT NULL, call_id TEXT NOT NULL,"
	" url TEXT NOT NULL, type TEXT NOT NULL, data TEXT,"
	" at_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
	" next_ms BIGINT NOT NULL, tries INTEGER NOT NULL,"
	" dead INTEGER NOT NULL, error TEXT);"
	"CREATE INDEX outbox_due ON outbox (next_ms) WHERE dead = 0;"
	"CREATE INDEX outbox_call ON outbox (call_id, seq) WHERE dead = 0;"
	"CREATE INDEX outbox_dead ON outbox (seq) WHERE dead = 1;",
	"ALTER TABLE call ADD COLUMN reserved_sec BIGINT NOT NULL DEFAULT 0;"
	"UPDATE call SET reserved_sec = 900 WHERE owner IS NOT NULL;"
	"CREATE INDEX call_created ON call (created_ms);"
	"CREATE INDEX call_live_to ON call (to_number) WHERE rank < 9;"
	"ALTER TABLE api_key ADD COLUMN rates TEXT;"
	"ALTER TABLE api_key ADD COLUMN budgets TEXT;",
	"ALTER TABLE call ADD COLUMN holder TEXT;"
	"CREATE TABLE server ("
	" id TEXT PRIMARY KEY, until TIMESTAMPTZ NOT NULL);"
	"CREATE TABLE pace ("
	" scope TEXT PRIMARY KEY, next TIMESTAMPTZ NOT NULL);",
	"CREATE TABLE retry ("
	" call_id TEXT PRIMARY KEY, attempt BIGINT NOT NULL,"
	" cause TEXT NOT NULL, due_ms BIGINT NOT NULL, next_id TEXT);"
	"CREATE INDEX retry_due ON retry (due_ms) WHERE next_id IS NULL;"
	"CREATE UNIQUE INDEX retry_next ON retry (next_id)"
	" WHERE next_id IS NOT NULL;",
	"CREATE TABLE campaign ("
	" id TEXT PRIMARY KEY, owner TEXT NOT NULL, agent TEXT NOT NULL,"
	" base_url TEXT NOT NULL, hash TEXT NOT NULL, state TEXT NOT NULL,"
	" created_ms BIGINT NOT NULL, gap_ms BIGINT NOT NULL,"
	" next_ms BIGINT NOT NULL, at_once BIGINT NOT NULL"
	");"
	"CREATE TABLE campaign_row ("
	" campaign_id TEXT NOT NULL REFERENCES campaign (id),"
	" line BIGINT NOT NULL, to_number TEXT, phone_number TEXT, body TEXT,"
	" state TEXT NOT NULL, why TEXT, due_ms BIGINT NOT NULL,"
	" call_id TEXT, PRIMARY KEY (campaign_id, line)"
	");"
	"CREATE INDEX campaign_waiting ON campaign_row"
	" (campaign_id, due_ms, line)"
	" WHERE state = 'waiting';"
	"CREATE UNIQUE INDEX campaign_call ON campaign_row (call_id)"
	" WHERE call_id IS NOT NULL;",
	"ALTER TABLE campaign ADD COLUMN retries TEXT NOT NULL DEFAULT '';",
	/* See the other store's. */
	"ALTER TABLE call ADD COLUMN hours TEXT;"
	"ALTER TABLE call ADD COLUMN not_before_ms BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN due_ms BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN released_ms BIGINT;"
	"CREATE INDEX call_due ON call (due_ms) WHERE rank = 0;"
	"CREATE INDEX call_released ON call (released_ms)"
	" WHERE released_ms IS NOT NULL;"
	"ALTER TABLE campaign ADD COLUMN hours TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE campaign ADD COLUMN events_url TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE campaign_row ADD COLUMN events_url TEXT;"
	"ALTER TABLE campaign_row ADD COLUMN expires_ms BIGINT"
	" NOT NULL DEFAULT 0;"
	"ALTER TABLE campaign_row ADD COLUMN priority INTEGER"
	" NOT NULL DEFAULT 0;"
	"CREATE INDEX campaign_first ON campaign_row"
	" (campaign_id, priority DESC, due_ms, line) WHERE state = 'waiting';"
	"CREATE INDEX campaign_expires ON campaign_row (expires_ms)"
	" WHERE state = 'waiting' AND expires_ms > 0;"
	"CREATE INDEX campaign_created ON campaign (created_ms);",
	("ALTER TABLE call ADD COLUMN uses TEXT;"
         "CREATE INDEX call_dialed ON call (dialed_ms) WHERE dialed_ms > 0;"),
	"ALTER TABLE call ADD COLUMN detect_machine BIGINT NOT NULL DEFAULT 0;",
};

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
	         "give its user the right to create tables");
	return pg_do_long(s, migrate, &m);
}
