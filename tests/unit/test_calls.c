#define _POSIX_C_SOURCE 200809L
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/plivo_sign.h"
#include "server/app.h"
#include "server/sweep.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"
#define XML    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static struct world w;
static struct world_seen seen;
static char id[64], key[64];

/* A call that Plivo has taken. */
static void place(const char *dotenv, const char *json)
{
	world_open(&w, dotenv);
	world_start(&w, "", json);
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_key(key);
}

static void hook(const char *what, const char *form)
{
	char target[256];

	snprintf(target, sizeof(target), "/%s/%s", what, key);
	world_do(&w, "POST", target,
	         "Content-Type: application/x-www-form-urlencoded\r\n", form);
}

static const char *look(const char *member)
{
	char target[128];

	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(200, w.a.status);
	return world_member(&w, member);
}

static void a_call_moves_by_its_callbacks_and_never_back(void)
{
	place("", NUMBER);
	CHECK_STR("initiated", look("state"));
	hook("events", "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("ringing", look("state"));
	hook("answer", "Event=StartApp&CallStatus=in-progress&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("answered", look("state"));
	hook("events", "Event=StartStream&CallUUID=uuid-1&StreamID=s1");
	CHECK_STR("streaming", look("state"));
	hook("events", "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_STR("streaming", look("state"));
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "HangupCauseCode=4000&HangupCauseName=Normal+Hangup&"
	               "HangupSource=Callee");
	CHECK_INT(200, w.a.status);
	CHECK_STR("ended", look("state"));
	CHECK_STR("callee", world_member(&w, "end.by"));
	CHECK_STR("4000", world_member(&w, "end.cause_code"));
	CHECK_STR("Normal Hangup", world_member(&w, "end.cause"));
	CHECK(strcmp(world_member(&w, "answered_at"), "null") != 0);
	CHECK(strcmp(world_member(&w, "ended_at"), "null") != 0);
	hook("events", "Event=StartStream&CallUUID=uuid-1&StreamID=s2");
	CHECK_STR("ended", look("state"));
}

static void ringing_prepares_the_bot_again(void)
{
	place("", NUMBER);
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 1,
	            NULL);
	hook("events", "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 2,
	            &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"uuid-1\""));
}

static void a_call_nobody_answers_gives_its_place_back(void)
{
	place("", NUMBER);
	hook("events", "Event=Hangup&CallStatus=no-answer&CallUUID=uuid-1&"
	               "HangupCauseCode=3000&HangupSource=Carrier");
	CHECK_STR("no_answer", look("state"));
	CHECK_STR("carrier", world_member(&w, "end.by"));
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
}

static void the_answer_is_a_stream_to_the_reserved_place(void)
{
	char want[1024];

	place("", NUMBER);
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("application/xml", client_header(&w.a, "Content-Type"));
	snprintf(want, sizeof(want),
	         XML "<Response><Stream bidirectional=\"true\" "
	             "keepCallAlive=\"true\" "
	             "contentType=\"audio/x-mulaw;rate=8000\" "
	             "statusCallbackUrl=\"http://localhost/events/%s\">"
	             "wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573</"
	             "Stream><Hangup/>"
	             "</Response>",
	         key);
	CHECK_STR(want, w.a.body);
	/* Plivo may ask twice. */
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
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
	world_key(key);
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK(strstr(
		w.a.body,
		">wss://abc.ngrok.app/ws/place-9-6f1d0c9ab2e84573</Stream>"));
}

static void a_hangup_on_the_answer_url_gets_an_empty_response(void)
{
	place("", NUMBER);
	hook("answer", "Event=Hangup&CallStatus=busy&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR(XML "<Response/>", w.a.body);
	CHECK_STR("no_answer", look("state"));
	/* An answer that comes after the end is no call any more. */
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_STR(XML "<Response><Hangup/></Response>", w.a.body);
}

static void a_lost_place_is_reserved_anew(void)
{
	place("", NUMBER);
	world_rule("GET", "/reserve/", 404, "{}");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-2-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://bot.example.com/ws/"
	           "place-2-6f1d0c9ab2e84573\",\"calls\":1,"
	           "\"capacity\":9}");
	world_rule("POST", "/reserve/", 202, "");
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(
		w.a.body,
		">wss://bot.example.com/ws/place-2-6f1d0c9ab2e84573</Stream>"));
	world_await("POST", "/reserve/place-2-6f1d0c9ab2e84573/prepare", 1,
	            NULL);
}

static void without_any_bot_somebody_is_told_so_and_hung_up_on(void)
{
	place("", NUMBER);
	world_rule("GET", "/reserve/", 404, "{}");
	world_rule("POST", "/reserve", 503, "{}");
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "<Response><Speak>We are sorry"));
	CHECK(strstr(w.a.body, "</Speak><Hangup/></Response>"));
	CHECK_STR("abandoned", look("state"));
	CHECK_STR("server", world_member(&w, "end.by"));
}

static void inline_streams_have_the_examples_document(void)
{
	place("BOT_WS_URL=wss://p.example.com/ws\n",
	      "{\"phone_number\":15551234567,\"body\":{\"a\":1}}");
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_STR(XML "<Response>\n    <Stream bidirectional=\"true\" "
	              "keepCallAlive=\"true\" "
	              "contentType=\"audio/x-mulaw;rate=8000\">\n"
	              "        wss://p.example.com/ws?body=eyJhIjoxfQ%3D%3D\n"
	              "    </Stream>\n</Response>",
	          w.a.body);
}

static void pipecat_cloud_has_the_examples_document(void)
{
	place("ENV=production\nAPI_KEY=0123456789abcdef\nSTART_AUTH=none\n"
	      "PUBLIC_URL=http://localhost\nAGENT_NAME=bot\n"
	      "ORGANIZATION_NAME=acme\n",
	      "{\"phone_number\":15551234567,\"body\":{\"a\":1}}");
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
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

static void strangers_are_not_found(void)
{
	place("", NUMBER);
	snprintf(key, sizeof(key), "aaaaaaaaaaaaaaaaaaaaaa");
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(404, w.a.status);
	hook("events", "Event=Hangup&CallUUID=uuid-1");
	CHECK_INT(404, w.a.status);
	CHECK_STR("initiated", look("state"));
}

static void another_calls_uuid_is_refused(void)
{
	place("", NUMBER);
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-7");
	CHECK_INT(403, w.a.status);
	CHECK_STR("initiated", look("state"));
}

static void sign(char *header, size_t cap, const char *url, const char *form)
{
	struct plivo_sign s = {
		.url = url, .form = str_of(form), .nonce = "12345"};
	char signature[PLIVO_SIGN_LEN + 1];

	CHECK_INT(0, plivo_sign_make(signature, &s, "token"));
	snprintf(header, cap,
	         "X-Plivo-Signature-V3: %s\r\n"
	         "X-Plivo-Signature-V3-Nonce: 12345\r\n",
	         signature);
}

static void unsigned_webhooks_are_refused_when_enforced(void)
{
	const char *form = "Event=Ring&CallUUID=uuid-1";
	char target[128], url[256], header[256];

	place("PLIVO_VERIFY=enforce\n", NUMBER);
	snprintf(target, sizeof(target), "/events/%s", key);
	world_do(&w, "POST", target, "", form);
	CHECK_INT(403, w.a.status);
	CHECK_STR("initiated", look("state"));
	snprintf(url, sizeof(url), "http://localhost%s", target);
	sign(header, sizeof(header), url, form);
	world_do(&w, "POST", target, header, "Event=Ring&CallUUID=uuid-2");
	CHECK_INT(403, w.a.status);
	world_do(&w, "POST", target, header, form);
	CHECK_INT(200, w.a.status);
	CHECK_STR("ringing", look("state"));
	snprintf(target, sizeof(target), "/answer/%s?CallUUID=uuid-1", key);
	snprintf(url, sizeof(url), "http://localhost%s", target);
	sign(header, sizeof(header), url, "");
	world_do(&w, "GET", target, header, NULL);
	CHECK_INT(200, w.a.status);
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(403, w.a.status);
	world_do(&w, "GET", "/answer?CallUUID=x", "", NULL);
	CHECK_INT(403, w.a.status);
}

static void numbers_are_masked_without_a_key(void)
{
	place("", NUMBER);
	CHECK(!strstr(look("phone_number"), "5551234567"));
	CHECK(!strstr(w.a.body, "5551234567"));
}

static void a_key_shows_numbers_and_is_needed_where_set(void)
{
	char target[128];

	world_open(&w, "API_KEY=0123456789abcdef\n");
	world_start(&w, "Authorization: Bearer 0123456789abcdef\r\n", NUMBER);
	snprintf(target, sizeof(target), "/calls/%s",
	         world_member(&w, "call_id"));
	world_do(&w, "GET", target, "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(401, w.a.status);
	world_do(&w, "GET", target,
	         "Authorization: Bearer 0123456789abcdef\r\n", NULL);
	CHECK_STR("+15551234567", world_member(&w, "phone_number"));
}

static void calls_are_listed_newest_first(void)
{
	place("", NUMBER);
	world_rule("POST", CALL, 201, "{\"request_uuid\":\"uuid-2\"}");
	world_start(&w, "", "{\"phone_number\":15557654321,\"body\":[1, 2]}");
	world_do(&w, "GET", "/calls", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("uuid-2", world_member(&w, "calls.0.call_uuid"));
	CHECK_STR("[1, 2]", world_member(&w, "calls.0.body"));
	CHECK_STR("uuid-1", world_member(&w, "calls.1.call_uuid"));
	CHECK_STR("(none)", world_member(&w, "calls.0.turns"));
	world_do(&w, "GET", "/calls?limit=1", "", NULL);
	CHECK_STR("(none)", world_member(&w, "calls.1"));
	world_do(&w, "GET", "/calls?state=ended", "", NULL);
	CHECK_STR("{\"calls\":[]}", w.a.body);
	world_do(&w, "GET", "/calls?state=nonsense", "", NULL);
	CHECK_INT(400, w.a.status);
	world_do(&w, "GET", "/calls?since=2099-01-01T00:00:00Z", "", NULL);
	CHECK_STR("{\"calls\":[]}", w.a.body);
	world_do(&w, "GET", "/calls?since=yesterday", "", NULL);
	CHECK_INT(400, w.a.status);
	world_do(&w, "GET", "/calls/nobody", "", NULL);
	CHECK_INT(404, w.a.status);
}

static void deleting_hangs_up(void)
{
	char target[128];

	place("", NUMBER);
	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
	world_await_state(&w, id, "cancelled");
	CHECK_STR("api", look("end.by"));
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_do(&w, "DELETE", "/calls/nobody", "", NULL);
	CHECK_INT(404, w.a.status);
}

static void deleting_before_plivo_answers_hangs_up_then(void)
{
	char target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", CALL);
	world_start(&w, "", NUMBER);
	CHECK_STR("dialing", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
	world_let_go();
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, id, "cancelled");
}

static void deleting_a_waiting_call_dials_nobody(void)
{
	char target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_STR("queued", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	snprintf(target, sizeof(target), "/calls/%s", id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_let_go();
	world_await_state(&w, id, "cancelled");
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
}

static void bot_event(const char *event_id, const char *type,
                      const char *members)
{
	char json[2048];

	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"%s\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"at_ms\":1700000000000,\"type\":\"%s\"%s%s}]",
	         event_id, id, type, *members ? "," : "", members);
	world_do(&w, "POST", "/bot-events", "", json);
}

static void what_bots_tell_is_in_the_call(void)
{
	place("", NUMBER);
	bot_event("e1", "started", "");
	CHECK_INT(200, w.a.status);
	CHECK_STR("streaming", look("state"));
	bot_event("e2", "turn",
	          "\"n\":1,\"role\":\"callee\",\"text\":\"Hello?\","
	          "\"heard_ms\":400,\"interrupted\":false");
	bot_event("e3", "turn",
	          "\"n\":2,\"role\":\"bot\",\"text\":\"Hi \\\"Ann\\\"\","
	          "\"interrupted\":true,\"latency\":{\"speech_end\":10,"
	          "\"final\":120,\"first_token\":300,\"first_audio\":410,"
	          "\"heard\":450}");
	bot_event("e3", "turn", "\"n\":2,\"role\":\"bot\",\"text\":\"twice\"");
	CHECK_INT(200, w.a.status);
	CHECK_STR("Hello?", look("turns.0.text"));
	CHECK_STR("callee", world_member(&w, "turns.0.role"));
	CHECK_STR("400", world_member(&w, "turns.0.heard_ms"));
	CHECK_STR("null", world_member(&w, "turns.0.latency.heard"));
	CHECK_STR("Hi \"Ann\"", world_member(&w, "turns.1.text"));
	CHECK_STR("true", world_member(&w, "turns.1.interrupted"));
	CHECK_STR("10", world_member(&w, "turns.1.latency.speech_end"));
	CHECK_STR("450", world_member(&w, "turns.1.latency.heard"));
	bot_event("e4", "error", "\"detail\":\"the model is silent\"");
	CHECK_STR("the model is silent", look("error"));
}

static void a_call_that_its_bot_ended_is_hung_up(void)
{
	place("", NUMBER);
	bot_event("e1", "started", "");
	bot_event("e2", "ended", "\"by\":\"bot\",\"cause\":\"goodbye\"");
	CHECK_INT(200, w.a.status);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, id, "ended");
	CHECK_STR("bot", look("end.by"));
	CHECK_STR("goodbye", world_member(&w, "end.cause"));
}

static void a_call_that_plivo_ended_in_time_is_not_hung_up(void)
{
	const struct timespec pause = {.tv_sec = 3};

	place("", NUMBER);
	bot_event("e1", "started", "");
	bot_event("e2", "ended", "\"by\":\"bot\",\"cause\":\"goodbye\"");
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1");
	/* The two seconds must pass to show that nothing happens. */
	nanosleep(&pause, NULL);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
}

/* The bot sees a stream that ends, and Plivo why it did; whoever tells first.
 */
static void plivo_knows_how_a_call_ended(void)
{
	place("", NUMBER);
	bot_event("e1", "started", "");
	bot_event("e2", "ended",
	          "\"by\":\"callee\",\"cause\":\"the line is gone\"");
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "HangupCauseCode=6000&HangupCauseName=Scheduled+Hangup&"
	               "HangupSource=Plivo");
	CHECK_STR("ended", look("state"));
	CHECK_STR("plivo", world_member(&w, "end.by"));
	CHECK_STR("Scheduled Hangup", world_member(&w, "end.cause"));
	CHECK_STR("6000", world_member(&w, "end.cause_code"));
}

static void what_the_bot_decided_stays_with_plivos_code(void)
{
	place("", NUMBER);
	bot_event("e1", "started", "");
	bot_event("e2", "ended", "\"by\":\"bot\",\"cause\":\"goodbye\"");
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "HangupCauseCode=4000&HangupCauseName=Normal+Hangup&"
	               "HangupSource=API+Request");
	CHECK_STR("bot", look("end.by"));
	CHECK_STR("goodbye", world_member(&w, "end.cause"));
	CHECK_STR("4000", world_member(&w, "end.cause_code"));
}

static void a_rejected_call_was_not_taken(void)
{
	place("", NUMBER);
	hook("events", "Event=Hangup&CallStatus=failed&CallUUID=uuid-1&"
	               "HangupCauseCode=3020&HangupCauseName=Rejected&"
	               "HangupSource=Carrier");
	CHECK_STR("no_answer", look("state"));
}

static void a_call_the_network_lost_has_failed(void)
{
	place("", NUMBER);
	hook("events", "Event=Hangup&CallStatus=failed&CallUUID=uuid-1&"
	               "HangupCauseCode=5000&HangupCauseName=Network+Error&"
	               "HangupSource=Plivo");
	CHECK_STR("failed", look("state"));
}

static void bots_must_know_the_secret(void)
{
#define SECRET "0123456789abcdef0123456789abcdef"
	place("BOT_SECRET=" SECRET "\n"
	      "BOT_WS_URL=wss://p.example.com/ws\n",
	      NUMBER);
	bot_event("e1", "started", "");
	CHECK_INT(401, w.a.status);
	CHECK_STR("initiated", look("state"));
	world_do(&w, "POST", "/bot-events",
	         "Authorization: Bearer " SECRET "\r\n", "[]");
	CHECK_INT(200, w.a.status);
	world_do(&w, "POST", "/bot-events",
	         "Authorization: Bearer " SECRET "\r\n", "{}");
	CHECK_INT(400, w.a.status);
}

static void who_wants_no_more_calls_is_not_called_again(void)
{
	place("", NUMBER);
	bot_event("e1", "tool", "\"name\":\"end_call\"");
	bot_event("e2", "tool", "\"name\":\"do_not_call\",\"result\":\"{}\"");
	CHECK_INT(200, w.a.status);
	bot_event("e2", "tool", "\"name\":\"do_not_call\"");
	CHECK_INT(200, w.a.status);
	world_start(&w, "", NUMBER);
	CHECK_INT(403, w.a.status);
	CHECK(strstr(w.a.body, "asked not to be called again"));
	CHECK(!strstr(w.a.body, "15551234567"));
	world_start(&w, "", "{\"phone_number\":\"+15551234568\"}");
	CHECK_INT(200, w.a.status);
}

static void events_of_calls_unknown_here_hold_nobody_up(void)
{
	place("", NUMBER);
	world_do(&w, "POST", "/bot-events", "",
	         "[{\"event_id\":\"x\",\"call_id\":\"nobody\","
	         "\"type\":\"ended\"},{\"type\":\"turn\"},7]");
	CHECK_INT(200, w.a.status);
}

static void calls_survive_a_restart(void)
{
	place("", NUMBER);
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("initiated", look("state"));
	hook("answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK(strstr(
		w.a.body,
		">wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573</Stream>"));
}

static void a_post_that_was_out_is_unknown_after_a_restart(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", CALL);
	world_start(&w, "", NUMBER);
	CHECK_STR("dialing", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	world_reopen(&w);
	CHECK_STR("unknown", look("state"));
	CHECK_INT(1, world_seen("POST", CALL, NULL));
	/* Any callback tells that it was placed after all. */
	world_key(key);
	hook("events", "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_STR("ringing", look("state"));
	CHECK_STR("uuid-1", world_member(&w, "call_uuid"));
}

static void what_was_promised_is_dialled_after_a_restart(void)
{
	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_STR("queued", world_member(&w, "status"));
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_let_go();
	world_reopen(&w);
	world_await_state(&w, id, "initiated");
	CHECK_INT(1, world_seen("POST", CALL, NULL));
}

/* As if the server had ended before it could answer /start. */
static void forget_promise(void)
{
	sqlite3 *db;

	CHECK_INT(SQLITE_OK, sqlite3_open(w.ledger, &db));
	CHECK_INT(SQLITE_OK,
	          sqlite3_exec(db, "UPDATE call SET answer_status = 0", NULL,
	                       NULL, NULL));
	sqlite3_close(db);
}

/* Nobody was promised this call, so it is given up; the bot may have a place
 * for it all the same. */
static void a_place_that_was_asked_for_is_given_up_after_a_restart(void)
{
	char target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_close(&w);
	forget_promise();
	world_let_go();
	world_reopen(&w);
	world_await_state(&w, id, "failed");
	snprintf(target, sizeof(target), "/reserve/%s", id);
	world_await("DELETE", target, 1, NULL);
	CHECK_INT(0, world_seen("POST", CALL, NULL));
}

static void a_bot_that_was_too_late_is_let_off(void)
{
	char target[128];

	world_open(&w, "START_WAIT=10\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_INT(503, w.a.status);
	world_do(&w, "GET", "/calls?limit=1", "", NULL);
	snprintf(id, sizeof(id), "%s", world_member(&w, "calls.0.call_id"));
	CHECK_STR("failed", world_member(&w, "calls.0.state"));
	snprintf(target, sizeof(target), "/reserve/%s", id);
	world_await("DELETE", target, 1, NULL);
	world_let_go();
}

static void a_call_whose_end_nobody_told_is_closed(void)
{
	const long long minute = 60000;

	place("", NUMBER);
	sweep_run(w.app, app_now_ms() + 19 * minute);
	CHECK_STR("initiated", look("state"));
	/* 45 s of ringing, 15 minutes of call, five more. */
	sweep_run(w.app, app_now_ms() + 21 * minute);
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, id, "cancelled");
}

/* Calls are judged by their age, and a clock may be put forward by an hour
 * while they are up. */
static void a_clock_that_jumps_makes_no_call_old(void)
{
	const int64_t hour = 3600000, longest = 1245000, minute = 60000;
	const int64_t wall = 1700000000000;
	struct sweep_clock c = {.set = false};

	CHECK_INT(wall, sweep_clock_now(&c, wall, 5, longest));
	/* Corrections by milliseconds are no jump. */
	CHECK_INT(wall + minute + 300, sweep_clock_now(&c, wall + minute + 300,
	                                               5 + minute, longest));
	/* Put forward: as if it had not been. */
	CHECK_INT(wall + 2 * minute + 300,
	          sweep_clock_now(&c, wall + hour + 2 * minute + 300,
	                          5 + 2 * minute, longest));
	/* Put back, too: the clock itself is the earlier one. */
	CHECK_INT(wall - hour,
	          sweep_clock_now(&c, wall - hour, 5 + 3 * minute, longest));
	/* Whoever was up when it began is gone. */
	CHECK_INT(wall + 2 * hour,
	          sweep_clock_now(&c, wall + 2 * hour, 5 + 3 * minute + longest,
	                          longest));
	CHECK_INT(wall + 2 * hour + minute,
	          sweep_clock_now(&c, wall + 2 * hour + minute,
	                          5 + 4 * minute + longest, longest));
}

static void await_ready(int status)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	for (int i = 0; i < 200; i++) {
		world_do(&w, "GET", "/readyz", "", NULL);
		if (w.a.status == status)
			return;
		nanosleep(&pause, NULL);
	}
	test_fail(__FILE__, __LINE__, "/readyz is %d", w.a.status);
}

static void readiness_needs_a_bot(void)
{
	world_open(&w, "BOT_URL=http://127.0.0.1:1\n");
	await_ready(503);
	CHECK_STR("{\"status\":\"no_bot\"}", w.a.body);
	world_do(&w, "GET", "/healthz", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK_STR("{\"status\":\"ok\"}", w.a.body);
}

static void a_server_with_a_bot_is_ready(void)
{
	world_open(&w, "");
	await_ready(200);
}

static void metrics_count(void)
{
	place("", NUMBER);
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "\ndialout_starts_total 1\n"));
	CHECK(strstr(w.a.body, "\ndialout_placed_total 1\n"));
	CHECK(strstr(w.a.body, "\ndialout_calls_live 1\n"));
}

static const struct test tests[] = {
	TEST(a_call_moves_by_its_callbacks_and_never_back),
	TEST(ringing_prepares_the_bot_again),
	TEST(a_call_nobody_answers_gives_its_place_back),
	TEST(the_answer_is_a_stream_to_the_reserved_place),
	TEST(a_bot_without_an_address_is_reached_through_us),
	TEST(a_hangup_on_the_answer_url_gets_an_empty_response),
	TEST(a_lost_place_is_reserved_anew),
	TEST(without_any_bot_somebody_is_told_so_and_hung_up_on),
	TEST(inline_streams_have_the_examples_document),
	TEST(pipecat_cloud_has_the_examples_document),
	TEST(the_examples_answer_serves_calls_of_others),
	TEST(an_inbound_call_is_reserved_when_it_comes),
	TEST(strangers_are_not_found),
	TEST(another_calls_uuid_is_refused),
	TEST(unsigned_webhooks_are_refused_when_enforced),
	TEST(numbers_are_masked_without_a_key),
	TEST(a_key_shows_numbers_and_is_needed_where_set),
	TEST(calls_are_listed_newest_first),
	TEST(deleting_hangs_up),
	TEST(deleting_before_plivo_answers_hangs_up_then),
	TEST(deleting_a_waiting_call_dials_nobody),
	TEST(what_bots_tell_is_in_the_call),
	TEST(a_call_that_its_bot_ended_is_hung_up),
	TEST(a_call_that_plivo_ended_in_time_is_not_hung_up),
	TEST(plivo_knows_how_a_call_ended),
	TEST(what_the_bot_decided_stays_with_plivos_code),
	TEST(a_rejected_call_was_not_taken),
	TEST(a_call_the_network_lost_has_failed),
	TEST(bots_must_know_the_secret),
	TEST(who_wants_no_more_calls_is_not_called_again),
	TEST(events_of_calls_unknown_here_hold_nobody_up),
	TEST_SLOW(calls_survive_a_restart, 40),
	TEST_SLOW(a_post_that_was_out_is_unknown_after_a_restart, 40),
	TEST_SLOW(what_was_promised_is_dialled_after_a_restart, 40),
	TEST_SLOW(a_place_that_was_asked_for_is_given_up_after_a_restart, 40),
	TEST(a_bot_that_was_too_late_is_let_off),
	TEST(a_clock_that_jumps_makes_no_call_old),
	TEST(a_call_whose_end_nobody_told_is_closed),
	TEST(readiness_needs_a_bot),
	TEST(a_server_with_a_bot_is_ready),
	TEST(metrics_count),
};

TEST_MAIN(tests)
