/* A call that waits keeps its place on a bot, or gets another. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>

#include "common/curl/fetchd.h"
#include "server/app.h"
#include "server/dial.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL  "/v1/Account/MATEST/Call/"
#define PLACE "/reserve/place-%u-6f1d0c9ab2e84573"

static struct world w;
static char first[64], waits[64];
static int64_t ahead_ms;

/* Reservations give this place from now on. */
static void give_place(unsigned n)
{
	char body[256];

	snprintf(body, sizeof(body),
	         "{\"id\":\"place-%u-6f1d0c9ab2e84573\",\"stream_url\":"
	         "\"wss://bot.example.com/ws/x\",\"calls\":1,\"capacity\":9}",
	         n);
	world_rule("POST", "/reserve", 200, body);
}

static void start(const char *number, unsigned place, int status)
{
	char body[64], placed[64];

	give_place(place);
	snprintf(placed, sizeof(placed), "{\"request_uuid\":\"uuid-%u\"}",
	         place);
	world_rule("POST", CALL, 201, placed);
	snprintf(body, sizeof(body), "{\"phone_number\":\"%s\"}", number);
	world_start(&w, "", body);
	CHECK_INT(status, w.a.status);
}

/* One call is up, and the other waits for its end. */
static void open_with_one_waiting(void)
{
	world_open(&w, "TTS_LIMIT=1\nSTART_WAIT=1\n");
	start("+15551230001", 1, 200);
	snprintf(first, sizeof(first), "%s", world_member(&w, "call_id"));
	start("+15551230002", 2, 202);
	snprintf(waits, sizeof(waits), "%s", world_member(&w, "call_id"));
}

static void make_room(void)
{
	const struct store_change over = {
		.has_state = true, .state = STORE_ENDED, .ended_ms = 1};

	CHECK_INT(0, store_call_change(w.app->store, first, &over, NULL, NULL,
	                               NULL));
}

static void keep(void *arg)
{
	(void)arg;
	dials_keep_places(w.app->dials, app_steady_ms() + ahead_ms);
}

/* As it would be so much later. */
static void keep_places(int64_t ms)
{
	ahead_ms = ms;
	fetchd_call(w.app->rest, keep, NULL);
}

static unsigned looks_at(unsigned place)
{
	char path[64];

	snprintf(path, sizeof(path), PLACE, place);
	return world_seen("GET", path, NULL);
}

static void await_reserves(unsigned n)
{
	/* All that begins so; looks at places are GETs. */
	world_await("POST", "/reserve", n, NULL);
}

static void a_place_is_asked_for_before_its_time_is_over(void)
{
	open_with_one_waiting();
	keep_places(20000);
	CHECK_INT(0, looks_at(2));
	keep_places(40000);
	world_await("GET", "/reserve/place-2", 1, NULL);
	/* That of the call that is up is not. */
	CHECK_INT(0, looks_at(1));
	world_await_state(&w, waits, "queued");
	make_room();
	world_await_state(&w, waits, "initiated");
	world_await("POST", "/reserve/place-2", 1, NULL);
}

static void one_that_is_gone_is_replaced(void)
{
	open_with_one_waiting();
	give_place(3);
	world_rule("GET", "/reserve/", 410, "{}");
	keep_places(40000);
	/* What is at the old place, if anything, ends. */
	world_await("DELETE", "/reserve/place-2", 1, NULL);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	make_room();
	world_await_state(&w, waits, "initiated");
	world_await("POST", "/reserve/place-3", 1, NULL);
	CHECK_INT(0, world_seen("POST", "/reserve/place-2", NULL));
}

static void without_a_place_nobody_is_dialled(void)
{
	open_with_one_waiting();
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	world_rule("GET", "/reserve/", 404, "{}");
	await_reserves(3); /* two calls, and the first one's prepare */
	keep_places(40000);
	await_reserves(4);
	make_room();
	/* It would have been dialled by now. */
	test_pause(1200);
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	world_await_state(&w, waits, "queued");
	give_place(4);
	keep_places(10000);
	world_await_state(&w, waits, "initiated");
	world_await("POST", "/reserve/place-4", 1, NULL);
}

static void one_that_looks_for_a_place_is_in_nobodys_way(void)
{
	char third[64];

	open_with_one_waiting();
	start("+15551230003", 3, 202);
	snprintf(third, sizeof(third), "%s", world_member(&w, "call_id"));
	world_rule("POST", "/reserve", 503, "{\"detail\":\"full\"}");
	world_rule("GET", "/reserve/place-2", 404, "{}");
	await_reserves(4); /* three calls, and the first one's prepare */
	keep_places(40000);
	await_reserves(5);
	make_room();
	world_await_state(&w, third, "initiated");
	world_await_state(&w, waits, "queued");
}

static void that_nobody_came_for_a_place_does_not_end_what_waits(void)
{
	char events[512];

	open_with_one_waiting();
	snprintf(events, sizeof(events),
	         "[{\"event_id\":\"e1\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"at_ms\":1,\"type\":\"ended\",\"by\":\"bot\","
	         "\"cause\":\"no_stream\"}]",
	         waits);
	world_do(&w, "POST", "/bot-events",
	         "Content-Type: application/json\r\n", events);
	CHECK_INT(200, w.a.status);
	make_room();
	world_await_state(&w, waits, "initiated");
	/* Of one that is dialled, it is the end. */
	events[strlen("[{\"event_id\":\"e")] = '2';
	world_do(&w, "POST", "/bot-events",
	         "Content-Type: application/json\r\n", events);
	CHECK_INT(200, w.a.status);
	snprintf(events, sizeof(events), "/calls/%s", waits);
	world_do(&w, "GET", events, "", NULL);
	CHECK_STR("bot", world_member(&w, "end.by"));
}

static const struct test tests[] = {
	TEST(a_place_is_asked_for_before_its_time_is_over),
	TEST(one_that_is_gone_is_replaced),
	TEST(without_a_place_nobody_is_dialled),
	TEST(one_that_looks_for_a_place_is_in_nobodys_way),
	TEST(that_nobody_came_for_a_place_does_not_end_what_waits),
};

TEST_MAIN(tests)
