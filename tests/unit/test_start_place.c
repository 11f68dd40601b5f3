#include "server/start.h"

#include <stdio.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;
static struct world_seen seen;

/* ---- the address --------------------------------------------------------- */

static void localhost_is_no_address_for_plivo(void)
{
	world_open(&w, "PLIVO_API_URL=https://api.plivo.com\n");
	world_start(&w, "Host: localhost:7860\r\n", NUMBER);
	CHECK_INT(400, w.a.status);
	CHECK_STR("Plivo cannot fetch http://localhost:7860: call through your "
	          "tunnel or set PUBLIC_URL.",
	          world_member(&w, "detail"));
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
}

static void the_host_of_the_request_is_where_plivo_answers(void)
{
	world_open(&w, "");
	world_start(&w, "Host: abc.ngrok.app\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_seen("POST", CALL, &seen);
	CHECK(strstr(seen.body, "\"https://abc.ngrok.app/answer/"));
}

static void a_public_url_is_used_whatever_the_host_says(void)
{
	world_open(&w, "PUBLIC_URL=https://voice.example.com\n");
	world_start(&w, "Host: evil.example.com\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_seen("POST", CALL, &seen);
	CHECK(strstr(seen.body, "\"https://voice.example.com/answer/"));
	CHECK(!strstr(seen.body, "evil"));
}

/* ---- the other two places ------------------------------------------------ */

static void a_fixed_stream_needs_no_bot(void)
{
	world_open(&w, "BOT_WS_URL=wss://pipecat.example.com/ws\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
}

static void inline_data_too_long_for_a_url_are_413(void)
{
	char json[4096];

	world_open(&w, "BOT_WS_URL=wss://pipecat.example.com/ws\n");
	snprintf(json, sizeof(json),
	         "{\"phone_number\":15551234567,\"body\":\"%01600d\"}", 0);
	world_start(&w, "", json);
	CHECK_INT(413, w.a.status);
	CHECK(strstr(w.a.body, "2048"));
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

/* ---- limits and keys ----------------------------------------------------- */

static void max_calls_is_a_limit(void)
{
	world_open(&w, "MAX_CALLS=2\n");
	for (int i = 0; i < 2; i++) {
		world_start(&w, "", NUMBER);
		CHECK_INT(200, w.a.status);
		world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	}
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "MAX_CALLS=2"));
	CHECK(*client_header(&w.a, "Retry-After"));
	CHECK_INT(2, world_seen("POST", CALL, NULL));
}

static void prefixes_that_are_not_allowed_are_403(void)
{
	world_open(&w, "ALLOWED_PREFIXES=1,44\n");
	world_start(&w, "", "{\"phone_number\":\"+4915112345678\"}");
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "ALLOWED_PREFIXES"));
	CHECK(!strstr(w.a.body, "15112345678"));
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
}

static void relayed_streams_are_limited(void)
{
	world_open(&w, "RELAY_MAX=1\n");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-2-6f1d0c9ab2e84573\",\"stream_url\":null,"
	           "\"calls\":1,"
	           "\"capacity\":9}");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	CHECK(strstr(w.a.body, "RELAY_MAX=1"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	world_await("DELETE", "/reserve/place-2-6f1d0c9ab2e84573", 1, NULL);
}

static void a_key_is_asked_for_where_one_is_set(void)
{
	world_open(&w, "API_KEY=0123456789abcdef\n");
	world_start(&w, "", NUMBER);
	CHECK_INT(401, w.a.status);
	CHECK_STR("Bearer", client_header(&w.a, "WWW-Authenticate"));
	world_start(&w, "Authorization: Bearer 0123456789abcdee\r\n", NUMBER);
	CHECK_INT(401, w.a.status);
	CHECK_INT(0, world_seen("POST", "/reserve", NULL));
	world_start(&w, "Authorization: Bearer 0123456789abcdef\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
}

static const struct test tests[] = {
	TEST(localhost_is_no_address_for_plivo),
	TEST(the_host_of_the_request_is_where_plivo_answers),
	TEST(a_public_url_is_used_whatever_the_host_says),
	TEST(a_fixed_stream_needs_no_bot),
	TEST(inline_data_too_long_for_a_url_are_413),
	TEST(max_calls_is_a_limit),
	TEST(prefixes_that_are_not_allowed_are_403),
	TEST(relayed_streams_are_limited),
	TEST(a_key_is_asked_for_where_one_is_set),
};

TEST_MAIN(tests)
