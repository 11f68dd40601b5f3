/* What Plivo is told when a call is answered. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define XML    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static struct world w;
static struct world_seen seen;

static void the_answer_is_a_stream_to_the_reserved_place(void)
{
	char want[1024];

	world_place(&w, "", NUMBER);
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("application/xml", client_header(&w.a, "Content-Type"));
	snprintf(want, sizeof(want),
	         XML "<Response><Stream bidirectional=\"true\" "
	             "keepCallAlive=\"true\" "
	             "contentType=\"audio/x-mulaw;rate=8000\" "
	             "statusCallbackUrl=\"http://localhost/events/%s\">"
	             "wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573</"
	             "Stream><Redirect method=\"POST\">http://localhost/again/"
	             "%s</Redirect></Response>",
	         w.key, w.key);
	CHECK_STR(want, w.a.body);
	/* Plivo may ask twice. */
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_STR(want, w.a.body);
}

static void a_bot_without_an_address_is_reached_through_us(void)
{
	world_open(&w, "");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-9-6f1d0c9ab2e84573\",\"stream_url\":null,"
	           "\"calls\":1,"
	           "\"capacity\":9}");
	world_rule("POST", "/reserve/", 202, "");
	world_start(&w, "Host: abc.ngrok.app\r\n", NUMBER);
	CHECK_INT(200, w.a.status);
	world_key(w.key);
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK(strstr(
		w.a.body,
		">wss://abc.ngrok.app/ws/place-9-6f1d0c9ab2e84573</Stream>"));
}

static void a_hangup_on_the_answer_url_gets_an_empty_response(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "answer",
	           "Event=Hangup&CallStatus=busy&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR(XML "<Response/>", w.a.body);
	CHECK_STR("no_answer", world_look(&w, "state"));
	/* An answer that comes after the end is no call any more. */
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_STR(XML "<Response><Hangup/></Response>", w.a.body);
}

static void a_lost_place_is_reserved_anew(void)
{
	world_place(&w, "", NUMBER);
	world_rule("GET", "/reserve/", 404, "{}");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-2-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://bot.example.com/ws/"
	           "place-2-6f1d0c9ab2e84573\",\"calls\":1,"
	           "\"capacity\":9}");
	world_rule("POST", "/reserve/", 202, "");
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(
		w.a.body,
		">wss://bot.example.com/ws/place-2-6f1d0c9ab2e84573</Stream>"));
	world_await("POST", "/reserve/place-2-6f1d0c9ab2e84573/prepare", 1,
	            NULL);
}

static void without_any_bot_somebody_is_told_so_and_hung_up_on(void)
{
	world_place(&w, "", NUMBER);
	world_rule("GET", "/reserve/", 404, "{}");
	world_rule("POST", "/reserve", 503, "{}");
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Response><Speak>We are sorry"));
	CHECK(strstr(w.a.body, "</Speak><Hangup/></Response>"));
	CHECK_STR("abandoned", world_look(&w, "state"));
	CHECK_STR("server", world_member(&w, "end.by"));
}

static void inline_streams_have_the_examples_document(void)
{
	world_place(&w, "BOT_WS_URL=wss://p.example.com/ws\n",
	            "{\"phone_number\":15551234567,\"body\":{\"a\":1}}");
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_STR(XML "<Response>\n    <Stream bidirectional=\"true\" "
	              "keepCallAlive=\"true\" "
	              "contentType=\"audio/x-mulaw;rate=8000\">\n"
	              "        wss://p.example.com/ws?body=eyJhIjoxfQ%3D%3D\n"
	              "    </Stream>\n</Response>",
	          w.a.body);
}

static void pipecat_cloud_has_the_examples_document(void)
{
	world_place(
		&w,
		"ENV=production\nAPI_KEY=0123456789abcdef\nSTART_AUTH=none\n"
		"PUBLIC_URL=http://localhost\nAGENT_NAME=bot\n"
		"ORGANIZATION_NAME=acme\n",
		"{\"phone_number\":15551234567,\"body\":{\"a\":1}}");
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK(strstr(w.a.body,
	             "        wss://api.pipecat.daily.co/ws/plivo?"
	             "serviceHost=bot.acme&amp;body=eyJhIjoxfQ%3D%3D\n"));
}

static void the_examples_answer_serves_calls_of_others(void)
{
	world_open(&w, "BOT_WS_URL=wss://p.example.com/ws\n");
	world_do(&w, "GET",
	         "/answer?CallUUID=in-1&From=15557654321&To=15550001111&"
	         "body_data=%7B%22a%22%3A1%7D",
	         "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "wss://p.example.com/ws?body=eyJhIjoxfQ%3D%3D"));
	world_do(&w, "GET", "/answer?body_data=%7Bbroken", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "        wss://p.example.com/ws\n"));
	world_do(&w, "GET", "/answer?CallUUID=in-1&Event=Hangup", "", NULL);
	CHECK_STR(XML "<Response/>", w.a.body);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_STR("ended", world_member(&w, "calls.0.state"));
	CHECK_STR("in-1", world_member(&w, "calls.0.call_uuid"));
	CHECK_STR("(none)", world_member(&w, "calls.1"));
}

static void an_inbound_call_is_reserved_when_it_comes(void)
{
	world_open(&w, "");
	world_do(&w, "POST", "/answer", "",
	         "CallUUID=in-2&From=15557654321&To=15550001111&"
	         "Direction=inbound&Event=StartApp&CallStatus=ringing");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(
		w.a.body,
		">wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573</Stream>"));
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 1,
	            &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"in-2\""));
}

static const struct test tests[] = {
	TEST(the_answer_is_a_stream_to_the_reserved_place),
	TEST(a_bot_without_an_address_is_reached_through_us),
	TEST(a_hangup_on_the_answer_url_gets_an_empty_response),
	TEST(a_lost_place_is_reserved_anew),
	TEST(without_any_bot_somebody_is_told_so_and_hung_up_on),
	TEST(inline_streams_have_the_examples_document),
	TEST(pipecat_cloud_has_the_examples_document),
	TEST(the_examples_answer_serves_calls_of_others),
	TEST(an_inbound_call_is_reserved_when_it_comes),
};

TEST_MAIN(tests)
