/*
 * The same request again, after the server died before it could answer.
 */
#include "server/idem.h"

#include <sqlite3.h>
#include <stdio.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define KEY    "Idempotency-Key: k\r\n"

static struct world w;

static void sql(const char *text)
{
	sqlite3 *db;

	CHECK_INT(SQLITE_OK, sqlite3_open(w.ledger, &db));
	CHECK_INT(SQLITE_OK, sqlite3_exec(db, text, NULL, NULL, NULL));
	sqlite3_close(db);
}

/* A call that was placed, its answer lost, a while ago. */
static void place_and_die(const char *also)
{
	world_open(&w, "START_WAIT=1\n");
	world_start(&w, KEY, NUMBER);
	CHECK_INT(200, w.a.status);
	world_close(&w);
	sql("UPDATE call SET answer_status = 0, answer = NULL,"
	    " created_ms = created_ms - 10000");
	sql(also);
	world_reopen(&w);
	world_start(&w, KEY, NUMBER);
}

static void a_call_that_was_placed_is_told_of(void)
{
	place_and_die("");
	CHECK_INT(200, w.a.status);
	CHECK_STR("call_initiated", world_member(&w, "status"));
	CHECK_STR("uuid-1", world_member(&w, "call_uuid"));
	CHECK_STR("+15551234567", world_member(&w, "phone_number"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void a_call_of_which_nobody_knows_is_told_of(void)
{
	place_and_die("UPDATE call SET call_uuid = NULL, state = 'dialing',"
	              " rank = 3");
	CHECK_INT(202, w.a.status);
	CHECK_STR("unknown", world_member(&w, "status"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void a_refusal_stays_one(void)
{
	place_and_die("UPDATE call SET call_uuid = NULL, state = 'failed',"
	              " rank = 9, error = 'barred'");
	CHECK_INT(502, w.a.status);
	CHECK(strstr(w.a.body, "barred"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void what_was_never_dialled_may_be_tried_again(void)
{
	place_and_die("UPDATE call SET call_uuid = NULL, state = 'queued',"
	              " rank = 2, dialed_ms = 0");
	CHECK_INT(200, w.a.status);
	CHECK_INT(2, world_seen("POST", CALL, NULL));
}

static const struct test tests[] = {
	TEST(a_call_that_was_placed_is_told_of),
	TEST(a_call_of_which_nobody_knows_is_told_of),
	TEST(a_refusal_stays_one),
	TEST(what_was_never_dialled_may_be_tried_again),
};

TEST_MAIN(tests)
