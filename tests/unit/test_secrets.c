#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "server/sweep.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

/*
 * Calls of every kind with the log at its most talkative: no credential, no
 * key of a webhook's path and no whole telephone number is in it.
 */

#define CALL   "/v1/Account/MATEST/Call/"
#define TOKEN  "plivo-token-9f3c51"
#define KEY    "api-key-77aa0b2c4d"
#define SECRET "bot-secret-0123456789abcdef012345"
#define AUTH   "Authorization: Bearer " KEY "\r\n"
#define NUMBER "{\"phone_number\":\"+1 555 123-4567\"}"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[256 * 1024];
static size_t used;
static struct world w;
static char id[64], key[64];

static void collect(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	pthread_mutex_lock(&lock);
	used += (size_t)snprintf(lines + used, sizeof(lines) - used, "%s\n",
	                         line);
	CHECK(used < sizeof(lines));
	pthread_mutex_unlock(&lock);
}

static void open_loudly(void)
{
	log_set_sink(collect, NULL);
	world_open(&w, "PLIVO_AUTH_TOKEN=" TOKEN "\nAPI_KEY=" KEY
	               "\nPLIVO_VERIFY=log\nLOG_LEVEL=debug\nBOT_SECRET=" SECRET
	               "\n");
	log_set_level(LOG_DEBUG);
}

static void never(const char *what)
{
	const char *at;

	pthread_mutex_lock(&lock);
	at = strstr(lines, what);
	if (at)
		test_fail(__FILE__, __LINE__, "\"%s\" is in the log: %.200s",
		          what, at > lines + 80 ? at - 80 : lines);
	pthread_mutex_unlock(&lock);
}

/* Once everything that logs has ended. */
static void search(void)
{
	world_close(&w);
	CHECK(used > 200);
	never("5551234567");
	never("555 123-4567");
	never("5550001111");
	never("5557654321");
	never(TOKEN);
	never(KEY);
	never(SECRET);
	if (key[0])
		never(key);
}

static void start(const char *status)
{
	world_start(&w, AUTH, NUMBER);
	if (status)
		CHECK_STR(status, world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
}

static void hook(const char *what, const char *form)
{
	char target[128];

	snprintf(target, sizeof(target), "/%s/%s", what, key);
	world_do(&w, "POST", target, "", form);
	CHECK_INT(200, w.a.status);
}

static void a_whole_call_tells_no_secret(void)
{
	open_loudly();
	start("call_initiated");
	world_key(key);
	hook("events", "Event=Ring&CallUUID=uuid-1&To=15551234567&"
	               "From=15550001111");
	hook("answer", "Event=StartApp&CallUUID=uuid-1&To=15551234567&"
	               "From=15550001111");
	hook("events", "Event=StartStream&CallUUID=uuid-1&StreamID=s");
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "To=15551234567&HangupSource=Callee");
	world_do(&w, "GET", "/calls", AUTH, NULL);
	CHECK_INT(200, w.a.status);
	search();
}

static void refusals_tell_none_either(void)
{
	static const char *const texts[] = {
		"{\"error\":\"+15551234567 is barred for 15550001111\"}",
		"{\"error\":\"number 1-555-123-4567 from 15550001111\"}",
		"15551234567",
	};

	open_loudly();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		world_rule("POST", CALL, 400, texts[i]);
		start(NULL);
		CHECK_INT(502, w.a.status);
		world_rule("POST", CALL, 500, texts[i]);
		start("unknown");
	}
	never("555-123-4567");
	world_start(&w, "Authorization: Bearer wrong-" KEY "\r\n", NUMBER);
	CHECK_INT(401, w.a.status);
	world_start(&w, AUTH, "{\"phone_number\":\"+1555123456755512345\"}");
	CHECK_INT(422, w.a.status);
	search();
}

static void bots_that_fail_are_told_of_without_the_number(void)
{
	open_loudly();
	world_rule("POST", "/reserve", 404,
	           "{\"detail\":\"no agent for +15551234567\"}");
	start(NULL);
	CHECK_INT(422, w.a.status);
	world_rule("POST", "/reserve", 500, "15551234567");
	start(NULL);
	CHECK_INT(503, w.a.status);
	search();
}

static void calls_from_outside_are_told_of_without_the_number(void)
{
	open_loudly();
	world_do(&w, "POST", "/answer", "",
	         "CallUUID=in-2&From=15557654321&To=15550001111&"
	         "Direction=inbound&Event=StartApp");
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET",
	         "/answer?CallUUID=in-3&From=15557654321&To=15550001111", "",
	         NULL);
	CHECK_INT(200, w.a.status);
	world_do(&w, "POST", "/events/aaaaaaaaaaaaaaaaaaaaaa", "",
	         "Event=Ring&From=15557654321");
	CHECK_INT(404, w.a.status);
	search();
}

static void looking_for_calls_tells_none(void)
{
	open_loudly();
	world_rule("POST", CALL, 500, "{}");
	start("unknown");
	world_rule("GET", CALL "?status=live", 200, "{\"calls\":[\"lost\"]}");
	world_rule("GET", CALL "?status=queued", 200, "{\"calls\":[]}");
	world_rule("GET", CALL "?limit=", 200, "{\"objects\":[]}");
	world_rule("GET", CALL "lost/", 200,
	           "{\"call_uuid\":\"lost\",\"to\":\"15551234567\"}");
	sweep_run(w.app, app_now_ms());
	for (int i = 0; atomic_load(&w.app->reconciling); i++) {
		CHECK(i < 1000);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	search();
	CHECK(strstr(lines, "event=found"));
}

static void what_is_logged_at_all_can_be_found_by_the_call(void)
{
	char tag[128];

	open_loudly();
	start("call_initiated");
	snprintf(tag, sizeof(tag), "call=%s event=placed", id);
	world_close(&w);
	CHECK(strstr(lines, tag));
	CHECK(strstr(lines, "********67"));
}

static const struct test tests[] = {
	TEST(a_whole_call_tells_no_secret),
	TEST(refusals_tell_none_either),
	TEST(bots_that_fail_are_told_of_without_the_number),
	TEST(calls_from_outside_are_told_of_without_the_number),
	TEST(looking_for_calls_tells_none),
	TEST(what_is_logged_at_all_can_be_found_by_the_call),
};

TEST_MAIN(tests)
