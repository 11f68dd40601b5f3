/* STT_LIMIT and TTS_LIMIT: what the plans at the providers allow at once. */
#define _POSIX_C_SOURCE 200809L
#include "server/rooms.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "common/err.h"
#include "server/store/store.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"

static struct world w;

static void limits_are_read_by_their_names(void)
{
	struct rooms r = {.n = 0};

	CHECK_INT(0, rooms_add(&r, "stt", "deepgram=100, flux = 50"));
	CHECK_INT(0, rooms_add(&r, "tts", "15"));
	CHECK_INT(3, r.n);
	CHECK_STR(",stt:deepgram,", r.v[0].what);
	CHECK_INT(100, r.v[0].max);
	CHECK_STR(",stt:flux,", r.v[1].what);
	CHECK_INT(50, r.v[1].max);
	CHECK_STR(",tts:", r.v[2].what);
	CHECK_INT(15, r.v[2].max);
}

static void what_is_no_limit_is_refused(void)
{
	static const char *const bad[] = {
		"",      "0",       "deepgram",  "deepgram=0", "a=1,a=2",
		"1,a=2", "a=1,2",   "1,2",       "=1",         "a=1=2",
		"a=-1",  "a=1,",    "A=1",       "a b=1",      "a=1000001",
		"a:b=1", "a=1;b=2", "a=1 second"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rooms r = {.n = 0};

		if (rooms_add(&r, "stt", bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\"", bad[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		struct rooms r = {.n = 0};

		CHECK_INT(0, rooms_add(&r, "stt", "a=1,b=1,c=1,d=1"));
		CHECK_INT(i ? ERR_LIMIT : 0, rooms_add(&r, "tts",
		                                       i ? "a=1,b=1,c=1,d=1,e=1"
		                                         : "a=1,b=1,c=1,d=1"));
	}
}

/* A place on a bot whose calls use that. */
static void use(const char *providers)
{
	char body[512];
	static unsigned n;

	snprintf(body, sizeof(body),
	         "{\"id\":\"place-0123456789abcdef%04u\",\"stream_url\":"
	         "\"wss://bot.example/ws\",\"calls\":1,\"capacity\":10,"
	         "\"uses\":%s}",
	         n++, providers);
	world_rule("POST", "/reserve", 200, body);
}

static void start(unsigned n, int status)
{
	char body[64], placed[64];

	snprintf(placed, sizeof(placed), "{\"request_uuid\":\"uuid-%u\"}", n);
	world_rule("POST", CALL, 201, placed);
	snprintf(body, sizeof(body), "{\"phone_number\":\"+1555123%04u\"}", n);
	world_start(&w, "", body);
	CHECK_INT(status, w.a.status);
}

static void over(const char *id)
{
	const struct store_change ch = {
		.has_state = true, .state = STORE_ENDED, .ended_ms = 1};

	CHECK_INT(0,
	          store_call_change(w.app->store, id, &ch, NULL, NULL, NULL));
}

static void a_call_without_room_waits_and_others_overtake_it(void)
{
	char first[64], waits[64];

	world_open(&w, "STT_LIMIT=deepgram=1\nSTART_WAIT=1\n"
	               "CALLS_PER_SECOND=50\n");
	use("{\"stt\":\"deepgram\",\"tts\":\"cartesia\"}");
	start(1, 200);
	snprintf(first, sizeof(first), "%s", world_member(&w, "call_id"));
	start(2, 202);
	CHECK_STR("queued", world_member(&w, "status"));
	CHECK_STR("1", world_member(&w, "position"));
	snprintf(waits, sizeof(waits), "%s", world_member(&w, "call_id"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	/* Another provider has room. */
	use("{\"stt\":\"flux\",\"tts\":\"cartesia\"}");
	start(3, 200);
	CHECK_INT(2, world_seen("POST", CALL, NULL));
	world_await_state(&w, waits, "queued");
	over(first);
	world_await_state(&w, waits, "initiated");
	CHECK_INT(3, world_seen("POST", CALL, NULL));
}

static void one_that_waits_can_be_taken_back(void)
{
	char id[64], path[96];

	world_open(&w, "TTS_LIMIT=1\nSTART_WAIT=1\nCALLS_PER_SECOND=50\n");
	use("{\"tts\":\"cartesia\"}");
	start(1, 200);
	start(2, 202);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	snprintf(path, sizeof(path), "/calls/%s", id);
	world_do(&w, "DELETE", path, "", "");
	world_await_state(&w, id, "cancelled");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

static void what_a_restart_finds_waiting_waits_for_room_still(void)
{
	char first[64], waits[64];

	world_open(&w, "STT_LIMIT=1\nSTART_WAIT=1\nCALLS_PER_SECOND=50\n");
	use("{\"stt\":\"deepgram\"}");
	start(1, 200);
	snprintf(first, sizeof(first), "%s", world_member(&w, "call_id"));
	start(2, 202);
	snprintf(waits, sizeof(waits), "%s", world_member(&w, "call_id"));
	world_close(&w);
	world_reopen(&w);
	world_do(&w, "GET", "/metrics", "", "");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "dialout_provider_calls{stage=\"stt\","
	                       "provider=\"all\"} 1\n"));
	CHECK(strstr(w.a.body, "dialout_provider_limit{stage=\"stt\","
	                       "provider=\"all\"} 1\n"));
	world_await_state(&w, waits, "queued");
	over(first);
	world_await_state(&w, waits, "initiated");
}

struct starter {
	pthread_t thread;
	unsigned n;
	struct http_answer a;
};

static void *start_one(void *arg)
{
	struct starter *s = arg;
	char body[64];

	snprintf(body, sizeof(body), "{\"phone_number\":\"+1555124%04u\"}",
	         s->n);
	client_do(w.port, &s->a, "POST", "/start", "", body);
	return NULL;
}

static void many_race_and_no_more_are_dialled_than_there_is_room_for(void)
{
	enum { STARTS = 12 };
	static struct starter s[STARTS];

	world_open(&w, "STT_LIMIT=deepgram=5\nTTS_LIMIT=cartesia=3\n"
	               "START_WAIT=1\nCALLS_PER_SECOND=200\n");
	use("{\"stt\":\"deepgram\",\"tts\":\"cartesia\"}");
	for (unsigned i = 0; i < STARTS; i++) {
		s[i].n = i;
		CHECK_INT(0,
		          pthread_create(&s[i].thread, NULL, start_one, &s[i]));
	}
	for (unsigned i = 0; i < STARTS; i++)
		pthread_join(s[i].thread, NULL);
	CHECK_INT(3, world_seen("POST", CALL, NULL));
}

static const struct test tests[] = {
	TEST(limits_are_read_by_their_names),
	TEST(what_is_no_limit_is_refused),
	TEST(a_call_without_room_waits_and_others_overtake_it),
	TEST(one_that_waits_can_be_taken_back),
	TEST(what_a_restart_finds_waiting_waits_for_room_still),
	TEST(many_race_and_no_more_are_dialled_than_there_is_room_for),
};

TEST_MAIN(tests)
