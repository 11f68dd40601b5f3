/* Places of a worker, and who may have one. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "bot/fallback.h"
#include "tests/fake/booth.h"
#include "tests/fake/session_here.h"
#include "tests/harness/test.h"

static void probes_say_how_it_is(void)
{
	booth_open();
	booth.bearer = NULL;
	CHECK_INT(200, booth_ask("GET", "/livez", NULL));
	CHECK_STR("{\"status\":\"ok\"}\n", booth.answer);
	CHECK_INT(200, booth_ask("GET", "/healthz", NULL));
	CHECK_INT(200, booth_ask("GET", "/readyz", NULL));
	CHECK_INT(405, booth_ask("DELETE", "/readyz", NULL));
	CHECK_INT(501, booth_ask("POST", "/bot", "{}"));
	CHECK(strstr(booth.answer, "telephony streams come on /ws"));
	CHECK_INT(404, booth_ask("GET", "/livezz", NULL));
	CHECK_INT(404, booth_ask("GET", "/", NULL));
	CHECK_INT(426, booth_ask("GET", "/ws/x", NULL));
	CHECK_INT(200, booth_ask("GET", "/metrics", NULL));
	CHECK(strstr(booth.answer, "\ndialout_bot_capacity 2\n"));
	CHECK(strstr(booth.answer,
	             "dialout_bot_lag_seconds{quantile=\"0.99\"}"));
	booth_close();
}

static void a_reservation_is_made_once_per_call(void)
{
	char first[64];

	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK(strstr(booth.answer,
	             "\"stream_url\":null,\"calls\":1,\"capacity\":2"));
	CHECK_INT(22, strlen(booth.id));
	snprintf(first, sizeof(first), "%s", booth.id);
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK_STR(first, booth.id);
	CHECK_INT(200, booth_reserve("c2", NULL));
	CHECK_INT(503, booth_reserve("c3", NULL));
	CHECK_INT(5, booth.retry_after);
	CHECK_INT(200, booth_reserve("c1", NULL)); /* full or not */
	booth_close();
}

static void a_public_url_is_where_the_stream_shall_go(void)
{
	booth.cfg.public_url = "wss://voice.example.com/b3/";
	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK(strstr(booth.answer,
	             "\"stream_url\":\"wss://voice.example.com/b3/ws/"));
	booth_close();
}

static void broken_wishes_are_refused_with_a_reason(void)
{
	static const struct {
		const char *body;
		int want;
		const char *why;
	} rows[] = {
		{"", 411, NULL},
		{"nonsense", 422, "no JSON"},
		{"[]", 422, "no JSON"},
		{"{}", 422, "call_id"},
		{"{\"call_id\":7,\"ttl\":1}", 422, "call_id"},
		{"{\"call_id\":\"c\"}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":0}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":\"x\"}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":9999}", 422, "ttl"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"to\":1}", 422, "to, from"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"again\":7}", 422, "again"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"again\":{}}", 422, "again"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"events_url\":"
	         "\"http://example.com/\"}",
	         422, "https"},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"nobody\"}", 404,
	         NULL},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"../default\"}", 404,
	         NULL},
		{"{\"call_id\":\"c\",\"ttl\":9,\"agent\":\"broken\"}", 404,
	         "instructions"},
	};

	booth_open();
	for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(rows[i].want,
		          booth_ask("POST", "/reserve", rows[i].body));
		CHECK(!rows[i].why || strstr(booth.answer, rows[i].why));
	}
	CHECK_INT(405, booth_ask("GET", "/reserve", NULL));
	booth_close();
}

static void a_request_too_large_is_413(void)
{
	char *big = malloc(200 * 1024);

	CHECK(big);
	booth_open();
	memset(big, ' ', 200 * 1024 - 1);
	big[200 * 1024 - 1] = '\0';
	CHECK_INT(413, booth_ask("POST", "/reserve", big));
	free(big);
	booth_close();
}

static void only_the_server_may_reserve(void)
{
	booth.cfg.secret = booth_secret;
	booth_open();
	booth.bearer = NULL;
	CHECK_INT(401, booth_reserve("c1", NULL));
	booth.bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdeX";
	CHECK_INT(401, booth_reserve("c1", NULL));
	booth.bearer = "Authorization: Basic 0123456789abcdef0123456789abcdef";
	CHECK_INT(401, booth_reserve("c1", NULL));
	booth.bearer = "Authorization: Bearer 0123456789abcdef0123456789abcdef";
	CHECK_INT(200, booth_reserve("c1", NULL));
	booth_close();
}

static void a_proxy_on_this_machine_is_not_the_server(void)
{
	booth_open();
	booth.bearer = "X-Forwarded-For: 203.0.113.7";
	CHECK_INT(403, booth_reserve("c1", NULL));
	CHECK_INT(401, booth_ask("GET", "/metrics", NULL));
	CHECK_INT(200, booth_ask("GET", "/livez", NULL));
	booth_close();
}

static void a_browsers_page_is_not_the_server(void)
{
	static const char *const foreign[] = {
		"Origin: http://127.0.0.1:3000",
		"Forwarded: for=203.0.113.7",
		"X-Forwarded-Host: voice.example.com",
	};

	booth_open();
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		booth.bearer = foreign[i];
		CHECK_INT(403, booth_reserve("c1", NULL));
		CHECK_INT(401, booth_ask("GET", "/metrics", NULL));
	}
	booth_close();
}

static void without_a_secret_only_a_loopback_listener_serves_places(void)
{
	booth.listen_on = "0.0.0.0:0";
	booth.cfg.accept = ACCEPT_ANY;
	booth_open();
	booth.bearer = NULL;
	CHECK_INT(403, booth_reserve("c1", NULL));
	CHECK(strstr(booth.answer, "BOT_SECRET"));
	booth_dial(&booth.phone, "/ws?body=e30%3D", false);
	CHECK_STR("open ", booth.phone.log);
	booth_close();
}

static void figures_are_for_the_secret_or_this_machine(void)
{
	static const char with_secret[] =
		"X-Forwarded-For: 203.0.113.7\r\nAuthorization: Bearer "
		"0123456789abcdef0123456789abcdef";

	booth.cfg.secret = booth_secret;
	booth_open();
	booth.bearer = NULL;
	CHECK_INT(200, booth_ask("GET", "/metrics", NULL));
	CHECK(!strstr(booth.answer, booth_secret));
	booth.bearer = "X-Forwarded-For: 203.0.113.7";
	CHECK_INT(401, booth_ask("GET", "/metrics", NULL));
	booth.bearer = with_secret;
	CHECK_INT(200, booth_ask("GET", "/metrics", NULL));
	booth_close();
}

/* A request whose custom data are a string of so many bytes. */
static char *wish_of(size_t len)
{
	const char head[] = "{\"call_id\":\"big\",\"ttl\":9,\"body\":\"";
	char *text = malloc(sizeof(head) + len + 2);

	CHECK(text);
	memcpy(text, head, sizeof(head) - 1);
	memset(text + sizeof(head) - 1, 'x', len - 2);
	memcpy(text + sizeof(head) - 1 + len - 2, "\"}", 3);
	return text;
}

static void custom_data_have_a_size_and_a_depth(void)
{
	char deep[128] = "", *text;

	booth.capacity = 3;
	booth_open();
	text = wish_of(64 * 1024);
	CHECK_INT(200, booth_ask("POST", "/reserve", text));
	free(text);
	text = wish_of(64 * 1024 + 1);
	CHECK_INT(422, booth_ask("POST", "/reserve", text));
	free(text);
	memset(deep, '[', 32);
	memset(deep + 32, ']', 32);
	CHECK_INT(200, booth_reserve("deep", deep));
	memset(deep, '[', 33);
	memset(deep + 33, ']', 33);
	CHECK_INT(422, booth_reserve("deeper", deep));
	booth_close();
}

static void a_place_nobody_comes_for_ends_with_an_event(void)
{
	char text[256], path[64];

	booth_open();
	snprintf(text, sizeof(text),
	         "{\"call_id\":\"c9\",\"events_url\":"
	         "\"http://127.0.0.1:%u/e\",\"ttl\":1,"
	         "\"again\":{\"n\":2,\"from\":9,\"turns\":[]}}",
	         ws_server_port(booth.server));
	CHECK_INT(200, booth_ask("POST", "/reserve", text));
	snprintf(path, sizeof(path), "/reserve/%.22s",
	         strstr(booth.answer, "\"id\":\"") + 6);
	CHECK_INT(200, booth_ask("GET", path, NULL));
	while (!strstr(booth.events, "no_stream"))
		booth_pass(20);
	CHECK(strstr(booth.events, "\"call_id\":\"c9\""));
	CHECK(strstr(booth.events, "\"type\":\"ended\",\"again\":2,"));
	CHECK_INT(410, booth_ask("GET", path, NULL));
	/* The call was not there, and may come after all. */
	CHECK_INT(200, booth_ask("POST", "/reserve", text));
	booth_close();
}

static void a_place_can_be_prepared_looked_at_and_released(void)
{
	char path[128], prepare[160];

	booth_open();
	CHECK_INT(200, booth_reserve("c1", "{\"n\": 1e400}"));
	snprintf(path, sizeof(path), "/reserve/%s", booth.id);
	snprintf(prepare, sizeof(prepare), "%s/prepare", path);
	CHECK_INT(200, booth_ask("GET", path, NULL));
	CHECK(strstr(booth.answer, "\"state\":\"waiting\""));
	CHECK_INT(422, booth_ask("POST", prepare, "{}"));
	CHECK_INT(202, booth_ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(202, booth_ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(409, booth_ask("POST", prepare, "{\"call_uuid\":\"u2\"}"));
	CHECK_INT(204, booth_ask("DELETE", path, NULL));
	CHECK_INT(404, booth_ask("DELETE", path, NULL));
	CHECK_INT(410, booth_ask("GET", path, NULL));
	CHECK_INT(404, booth_ask("POST", prepare, "{\"call_uuid\":\"u1\"}"));
	CHECK_INT(409, booth_reserve("c1", NULL)); /* it has ended */
	CHECK_INT(404, booth_ask("GET", "/reserve/x/y", NULL));
	booth_close();
}

/* A server that was cut off while it reserved knows only its own id. */
static void a_place_is_released_by_its_call_too(void)
{
	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK_INT(200, booth_reserve("c2", NULL));
	CHECK_INT(503, booth_reserve("c3", NULL));
	CHECK_INT(204, booth_ask("DELETE", "/reserve/c1", NULL));
	CHECK_INT(404, booth_ask("DELETE", "/reserve/c1", NULL));
	CHECK_INT(200, booth_reserve("c3", NULL));
	booth_close();
}

/* Nobody is dialled who could not be heard, answered or spoken to. */
static void without_a_provider_that_works_no_place_is_given(void)
{
	static struct fallback fb = {.order = {"ears", "head", "mouth"}};
	static const char *const names[] = {"ears", "head", "mouth"};

	for (size_t i = 0; i < FALLBACK_STAGES; i++)
		CHECK_INT(0, fallback_add(&fb, (enum stage)i,
		                          &(struct fallback_entry){
						  .name = names[i]}));
	booth.fallback = &fb;
	booth_open();
	CHECK_INT(200, booth_ask("GET", "/readyz", NULL));
	CHECK_INT(200, booth_reserve("c1", NULL));
	fb.entry[STAGE_LLM][0].left_out_us = UINT64_MAX;
	CHECK_INT(503, booth_ask("GET", "/readyz", NULL));
	CHECK_STR("{\"status\":\"no_provider\"}\n", booth.answer);
	CHECK_INT(503, booth_reserve("c2", NULL));
	CHECK(strstr(booth.answer, "no provider of a stage works"));
	CHECK_INT(200, booth_ask("GET", "/metrics", NULL));
	CHECK(strstr(booth.answer, "\ndialout_bot_no_provider 1\n"));
	fb.entry[STAGE_LLM][0].left_out_us = 1;
	CHECK_INT(200, booth_reserve("c2", NULL));
	booth_close();
}

/* "deepgram", then "embedded" hear; what the agent names counts, and what is
 * configured only where it names nobody. */
static void what_counts_are_the_providers_of_the_agent(void)
{
	static struct fallback fb = {
		.order = {"deepgram", "script", "embedded"}};
	static const struct {
		enum stage stage;
		const char *name;
	} all[] = {{STAGE_STT, "deepgram"},
	           {STAGE_STT, "embedded"},
	           {STAGE_LLM, "script"},
	           {STAGE_TTS, "embedded"}};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		CHECK_INT(0, fallback_add(&fb, all[i].stage,
		                          &(struct fallback_entry){
						  .name = all[i].name}));
	booth.fallback = &fb;
	booth.agent = "{\"stt\":\"embedded\"}";
	booth_open();
	/* All that is configured fails, and the agent does not need it. */
	fb.entry[STAGE_STT][0].left_out_us = UINT64_MAX;
	CHECK_INT(200, booth_reserve("c1", NULL));
	/* The other way round. */
	fb.entry[STAGE_STT][0].left_out_us = 0;
	fb.entry[STAGE_STT][1].left_out_us = UINT64_MAX;
	CHECK_INT(503, booth_reserve("c2", NULL));
	CHECK(strstr(booth.answer, "no provider of a stage works"));
	booth_close();
}

/* The server counts, as plans allow so many calls. */
static void a_place_says_which_providers_its_call_uses(void)
{
	static struct fallback fb = {
		.order = {"deepgram,flux", "openai", "cartesia"}};
	static const struct {
		enum stage stage;
		const char *name;
	} rows[] = {{STAGE_STT, "deepgram"},
	            {STAGE_STT, "flux"},
	            {STAGE_LLM, "openai"},
	            {STAGE_TTS, "cartesia"},
	            {STAGE_TTS, "elevenlabs"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(0, fallback_add(&fb, rows[i].stage,
		                          &(struct fallback_entry){
						  .name = rows[i].name}));
	booth.fallback = &fb;
	booth.agent = "{\"tts\":[\"elevenlabs\",\"cartesia\"]}";
	booth_open();
	for (int i = 0; i < 2; i++) {
		CHECK_INT(200, booth_reserve("c1", NULL));
		CHECK(strstr(booth.answer,
		             ",\"uses\":{\"stt\":\"deepgram\",\"llm\":"
		             "\"openai\",\"tts\":\"elevenlabs\"},"));
	}
	/* One that does not work is not begun with. */
	fb.entry[STAGE_STT][0].left_out_us = UINT64_MAX;
	fb.entry[STAGE_TTS][1].left_out_us = UINT64_MAX;
	CHECK_INT(200, booth_reserve("c2", NULL));
	CHECK(strstr(booth.answer, "\"stt\":\"flux\""));
	CHECK(strstr(booth.answer, "\"tts\":\"cartesia\""));
	/* To have looked was no try. */
	CHECK_INT(UINT64_MAX, fb.entry[STAGE_TTS][1].left_out_us);
	booth_close();
}

static void the_carriers_word_for_a_machine_is_not_wanted(void)
{
	booth_open();
	CHECK_INT(200, booth_reserve("c1", NULL));
	CHECK(!strstr(booth.answer, "machine_detection"));
	booth_close();
}

static void but_an_agent_may_want_it(void)
{
	booth.agent = "{\"machine\":{\"carrier\":true}}";
	booth_open();
	for (int i = 0; i < 2; i++) {
		CHECK_INT(200, booth_reserve("c1", NULL));
		CHECK(strstr(booth.answer, ",\"machine_detection\":true,"));
	}
	booth_close();
}

static void machine_said(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/reserve/%s/machine", booth.id);
	CHECK_INT(202, booth_ask("POST", path, "{}"));
}

static void a_call_is_told_what_the_carrier_has_heard(void)
{
	booth_open();
	CHECK_INT(404, booth_ask("POST", "/reserve/nobody/machine", "{}"));
	booth_call("c1", "u1");
	CHECK(!strstr(fake_session()->log, "machine"));
	machine_said();
	CHECK(strstr(fake_session()->log, "machine"));
	booth_close();
}

static void and_so_is_one_that_has_not_come_yet(void)
{
	booth_open();
	CHECK_INT(200, booth_reserve("c2", NULL));
	machine_said();
	booth_call("c2", "u2");
	while (!strstr(fake_session()->log, "machine"))
		booth_pass(5);
	booth_close();
}

static const struct test tests[] = {
	TEST(probes_say_how_it_is),
	TEST(a_reservation_is_made_once_per_call),
	TEST(a_public_url_is_where_the_stream_shall_go),
	TEST(broken_wishes_are_refused_with_a_reason),
	TEST(a_request_too_large_is_413),
	TEST(only_the_server_may_reserve),
	TEST(a_proxy_on_this_machine_is_not_the_server),
	TEST(a_browsers_page_is_not_the_server),
	TEST(without_a_secret_only_a_loopback_listener_serves_places),
	TEST(figures_are_for_the_secret_or_this_machine),
	TEST(custom_data_have_a_size_and_a_depth),
	TEST(a_place_nobody_comes_for_ends_with_an_event),
	TEST(a_place_can_be_prepared_looked_at_and_released),
	TEST(a_place_is_released_by_its_call_too),
	TEST(without_a_provider_that_works_no_place_is_given),
	TEST(what_counts_are_the_providers_of_the_agent),
	TEST(a_place_says_which_providers_its_call_uses),
	TEST(the_carriers_word_for_a_machine_is_not_wanted),
	TEST(but_an_agent_may_want_it),
	TEST(a_call_is_told_what_the_carrier_has_heard),
	TEST(and_so_is_one_that_has_not_come_yet),
};

TEST_MAIN(tests)
