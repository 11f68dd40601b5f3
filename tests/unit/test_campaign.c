#define _POSIX_C_SOURCE 200809L
#include "server/campaign.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "server/store/dnc.h"
#include "server/store/store.h"
#include "tests/fake/campaigns.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"
#define CSV  "Content-Type: text/csv\r\n"
#define FAST "CALLS_PER_SECOND=1000\n"

static struct world w;
static char id[CAMPAIGN_ID_LEN];

static void rows_become_calls_and_the_others_are_told_of(void)
{
	struct world_seen seen;

	world_open(&w, FAST);
	CHECK_INT(0, store_dnc_add(w.app->store, "+15551230003", NULL, 1));
	campaign_add(&w, id, "?agent=clinic",
	             "phone_number,name\n+15551230001,Ada\nx,y\n"
	             "+15551230003,Bob\n+15551230001,Eve\n");
	CHECK_STR("4", world_member(&w, "rows"));
	CHECK_STR("3", world_member(&w, "not_called.0.line"));
	CHECK_STR("5", world_member(&w, "not_called.1.line"));
	CHECK_STR("repeated", world_member(&w, "not_called.1.status"));
	world_await("POST", CALL, 1, &seen);
	CHECK(strstr(seen.body, "15551230001"));
}

static void a_call_has_the_rows_data_and_the_campaigns_agent(void)
{
	char call[64];
	const char *at;

	world_open(&w, FAST);
	CHECK_INT(0, store_dnc_add(w.app->store, "+15551230003", NULL, 1));
	campaign_add(&w, id, "?agent=clinic",
	             "phone_number,name\n+15551230001,Ada\n+15551230003,Bob\n");
	campaign_await(&w, id, "refused", "1");
	campaign_await(&w, id, "calls.initiated", "1");
	CHECK_STR("running", campaign_look(&w, id, "state"));
	campaign_results_say(
		&w, id, "3,+1********03,refused,,,,,on the do-not-call list,,");
	at = strstr(w.a.body, ",called,");
	CHECK(at != NULL);
	snprintf(call, sizeof(call), "/calls/%.*s", (int)strcspn(at + 8, ","),
	         at + 8);
	world_do(&w, "GET", call, "", NULL);
	CHECK_STR("clinic", world_member(&w, "agent"));
	CHECK_STR("Ada", world_member(&w, "body.name"));
}

static void a_pause_holds_and_a_cancel_ends_it(void)
{
	world_open(&w, FAST);
	campaign_add(&w, id, "?at_once=1",
	             "phone_number\n15551230001\n15551230002\n"
	             "15551230003\n");
	campaign_await(&w, id, "calls.initiated", "1");
	CHECK_STR("2", campaign_look(&w, id, "waiting"));
	campaign_ask(&w, id, "POST", "/pause");
	CHECK_INT(200, w.a.status);
	CHECK_STR("paused", world_member(&w, "state"));
	campaign_ask(&w, id, "POST", "/resume");
	CHECK_STR("running", world_member(&w, "state"));
	campaign_ask(&w, id, "POST", "/cancel");
	CHECK_STR("cancelled", world_member(&w, "state"));
	CHECK_STR("2", world_member(&w, "cancelled"));
	campaign_ask(&w, id, "POST", "/resume");
	CHECK_INT(409, w.a.status);
	campaign_results_say(&w, id, "3,+1********02,cancelled,");
	campaign_ask(&w, id, "POST", "/other");
	CHECK_INT(404, w.a.status);
	campaign_ask(&w, id, "GET", "/pause");
	CHECK_INT(404, w.a.status);
	snprintf(id, sizeof(id), "unknown");
	campaign_ask(&w, id, "GET", "");
	CHECK_INT(404, w.a.status);
	campaign_ask(&w, id, "POST", "/pause");
	CHECK_INT(404, w.a.status);
}

static void the_kill_switch_stops_campaigns_too_and_so_does_a_restart(void)
{
	world_open(&w, FAST);
	world_do(&w, "POST", "/pause", "", "");
	CHECK_INT(200, w.a.status);
	campaign_add(&w, id, "", "phone_number\n15551230001\n");
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("1", campaign_look(&w, id, "waiting"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_do(&w, "POST", "/resume", "", "");
	world_await("POST", CALL, 1, NULL);
	campaign_await(&w, id, "called", "1");
}

static void what_may_not_be_called_now_waits(void)
{
	world_open(&w, FAST "BUDGET_CALLS=1/hour\n");
	campaign_add(&w, id, "", "phone_number\n15551230001\n15551230002\n");
	campaign_await(&w, id, "called", "1");
	campaign_await_results(&w, id, "waiting,,,,,a budget is used up,");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void without_a_bot_a_row_waits(void)
{
	world_open(&w, FAST);
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	campaign_add(&w, id, "", "phone_number\n15551230001\n15551230002\n");
	campaign_await_results(&w, id, ",waiting,,,,,\"The bots at");
	CHECK_STR("running", campaign_look(&w, id, "state"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void the_same_list_under_the_same_key_is_one_campaign(void)
{
	static const char key[] = CSV "Idempotency-Key: monday\r\n";
	char first[64];

	world_open(&w, FAST);
	world_do(&w, "POST", "/campaigns", key, "phone_number\n15551230001\n");
	CHECK_INT(202, w.a.status);
	snprintf(first, sizeof(first), "%s", world_member(&w, "campaign_id"));
	world_do(&w, "POST", "/campaigns", key, "phone_number\n15551230001\n");
	CHECK_INT(202, w.a.status);
	CHECK_STR(first, world_member(&w, "campaign_id"));
	world_do(&w, "POST", "/campaigns", key, "phone_number\n15551230002\n");
	world_refused(&w, 409);
}

static void what_is_no_list_is_refused(void)
{
	static const struct {
		const char *query, *list;
		int status;
	} bad[] = {
		{"", "name\nx\n", 422},
		{"", "phone_number\n", 422},
		{"", "phone_number\nx\n", 422},
		{"?at_once=0", "phone_number\n15551230001\n", 422},
		{"?per_minute=x", "phone_number\n15551230001\n", 422},
		{"?agent=a%20b", "phone_number\n15551230001\n", 422},
	};
	char target[64];

	world_open(&w, "");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(target, sizeof(target), "/campaigns%s", bad[i].query);
		world_do(&w, "POST", target, CSV, bad[i].list);
		world_refused(&w, bad[i].status);
	}
}

static void a_key_needs_its_scope(void)
{
	world_open(&w, "API_KEY=a-key-of-this-test-0123456789\n");
	world_do(&w, "POST", "/campaigns", CSV, "phone_number\n15551230001\n");
	world_refused(&w, 401);
	snprintf(id, sizeof(id), "x");
	campaign_ask(&w, id, "GET", "");
	world_refused(&w, 401);
	campaign_ask(&w, id, "POST", "/cancel");
	world_refused(&w, 401);
}

static void a_thousand_rows_are_there_in_about_a_second(void)
{
	struct timespec from, to;
	struct buf b;

	world_open(&w, "");
	world_do(&w, "POST", "/pause", "", "");
	buf_init(&b, 1024 * 1024);
	CHECK_INT(0, buf_adds(&b, "phone_number,name\n"));
	for (unsigned i = 0; i < 1000; i++)
		CHECK_INT(0, buf_addf(&b, "1555%07u,somebody %u\n", i, i));
	clock_gettime(CLOCK_MONOTONIC, &from);
	campaign_add(&w, id, "", buf_str(&b));
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK_STR("1000", world_member(&w, "waiting"));
	/* Three, since others use this machine. */
	CHECK(to.tv_sec - from.tv_sec < 3);
	buf_fini(&b);
}

static const struct test tests[] = {
	TEST(rows_become_calls_and_the_others_are_told_of),
	TEST(a_call_has_the_rows_data_and_the_campaigns_agent),
	TEST(a_pause_holds_and_a_cancel_ends_it),
	TEST(the_kill_switch_stops_campaigns_too_and_so_does_a_restart),
	TEST(what_may_not_be_called_now_waits),
	TEST(without_a_bot_a_row_waits),
	TEST(the_same_list_under_the_same_key_is_one_campaign),
	TEST(what_is_no_list_is_refused),
	TEST(a_key_needs_its_scope),
	TEST(a_thousand_rows_are_there_in_about_a_second),
};

TEST_MAIN(tests)
