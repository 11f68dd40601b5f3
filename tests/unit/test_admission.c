#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/budget.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define OTHER  "{\"phone_number\":\"+15551234568\"}"

static struct world w;

static void a_budget_is_read_by_its_spans(void)
{
	struct budget b, more;

	CHECK_INT(0,
	          budget_parse(&b, "10/minute, 100/hour,500/day", BUDGET_DAY));
	CHECK_INT(10, b.per[BUDGET_MINUTE]);
	CHECK_INT(100, b.per[BUDGET_HOUR]);
	CHECK_INT(500, b.per[BUDGET_DAY]);
	CHECK_INT(10, budget_least(&b));
	CHECK_INT(0, budget_parse(&more, "70", BUDGET_HOUR));
	CHECK_INT(0, more.per[BUDGET_DAY]);
	CHECK_INT(70, budget_least(&more));
	budget_join(&b, &more);
	CHECK_INT(70, b.per[BUDGET_HOUR]);
	CHECK_INT(10, b.per[BUDGET_MINUTE]);
	CHECK(budget_parse(&b, "", BUDGET_DAY));
	CHECK(budget_parse(&b, "0/day", BUDGET_DAY));
	CHECK(budget_parse(&b, "-1/day", BUDGET_DAY));
	CHECK(budget_parse(&b, "1/day,2/day", BUDGET_DAY));
	CHECK(budget_parse(&b, "1,2/day", BUDGET_DAY));
	CHECK(budget_parse(&b, "1/week", BUDGET_DAY));
	CHECK(budget_parse(&b, "1/day,", BUDGET_DAY));
	CHECK(budget_parse(&b, "1/day/hour", BUDGET_DAY));
	CHECK(budget_parse(&b, "99999999999/day", BUDGET_DAY));
}

static void denied_prefixes_are_not_dialled_though_they_are_allowed(void)
{
	world_open(&w, "ALLOWED_PREFIXES=1,44\nDENY_PREFIXES=1900,+1876\n");
	world_start(&w, "", "{\"phone_number\":\"+19005551234\"}");
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "DENY_PREFIXES=1900,+1876 forbids +1"));
	CHECK(!strstr(w.a.body, "9005551234"));
	world_start(&w, "", "{\"phone_number\":\"+18765551234\"}");
	CHECK_INT(403, w.a.status);
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
}

static void a_number_is_called_once_at_a_time_where_that_is_asked_for(void)
{
	const struct store_change over = {
		.has_state = true, .state = STORE_ENDED, .ended_ms = 1};
	char id[64];

	world_open(&w, "ONE_CALL_PER_NUMBER=yes\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_start(&w, "", "{\"phone_number\":\"1 555 123 4567\"}");
	CHECK_INT(409, w.a.status);
	CHECK(strstr(w.a.body, "ONE_CALL_PER_NUMBER=yes"));
	CHECK(!strstr(w.a.body, "5551234567"));
	CHECK(*client_header(&w.a, "Retry-After"));
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	world_start(&w, "", OTHER);
	CHECK_INT(200, w.a.status);
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-3\"}");
	CHECK_INT(0,
	          store_call_change(w.app->store, id, &over, NULL, NULL, NULL));
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
}

static void the_budget_says_its_name_and_when_there_is_room(void)
{
	int wait;

	world_open(&w, "BUDGET_CALLS=50/minute,2/hour\n"
	               "BUDGET_SECONDS=5000/day\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(429, w.a.status);
	CHECK(!strncmp(world_member(&w, "detail"),
	               "BUDGET_CALLS: the 2 calls an hour of this server are "
	               "used: try again at 20",
	               74));
	wait = (int)strtol(client_header(&w.a, "Retry-After"), NULL, 10);
	CHECK(wait > 3580 && wait <= 3600);
	/* A restart forgives nothing. */
	world_close(&w);
	world_reopen(&w);
	world_start(&w, "", NUMBER);
	CHECK_INT(429, w.a.status);
	CHECK_INT(2, world_seen("POST", CALL, NULL));
}

static void seconds_are_reserved_before_they_are_talked(void)
{
	world_open(&w, "BUDGET_SECONDS=250/hour\nCALL_TIME_LIMIT=100\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(429, w.a.status);
	CHECK(strstr(w.a.body, "BUDGET_SECONDS: the 250 seconds of calls an "
	                       "hour of this server are used, or calls that "
	                       "are up may"));
}

static void what_was_not_dialled_costs_nothing(void)
{
	world_open(&w, "BUDGET_CALLS=1/day\n");
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-2-6f1d0c9ab2e84573\",\"stream_url\":null,"
	           "\"calls\":1,\"capacity\":9}");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(429, w.a.status);
}

static void *start_one(void *arg)
{
	client_do(w.port, arg, "POST", "/start", "", NUMBER);
	return NULL;
}

static void many_race_for_the_last_units_and_none_is_overdrawn(void)
{
	enum { RACERS = 16 };
	struct http_answer *a = calloc(RACERS, sizeof(*a));
	pthread_t threads[RACERS];
	unsigned placed = 0;

	CHECK(a);
	world_open(&w, "BUDGET_CALLS=5/day\nCALLS_PER_SECOND=100\n");
	for (unsigned i = 0; i < RACERS; i++)
		CHECK_INT(0,
		          pthread_create(&threads[i], NULL, start_one, &a[i]));
	for (unsigned i = 0; i < RACERS; i++) {
		CHECK_INT(0, pthread_join(threads[i], NULL));
		CHECK(a[i].status == 200 || a[i].status == 429);
		placed += a[i].status == 200;
	}
	CHECK_INT(5, placed);
	CHECK_INT(5, world_seen("POST", CALL, NULL));
	free(a);
}

static const struct test tests[] = {
	TEST(a_budget_is_read_by_its_spans),
	TEST(denied_prefixes_are_not_dialled_though_they_are_allowed),
	TEST(a_number_is_called_once_at_a_time_where_that_is_asked_for),
	TEST(the_budget_says_its_name_and_when_there_is_room),
	TEST(seconds_are_reserved_before_they_are_talked),
	TEST(what_was_not_dialled_costs_nothing),
	TEST(many_race_for_the_last_units_and_none_is_overdrawn),
};

TEST_MAIN(tests)
