/* Calls over HTTP: callbacks, who sees them, how they are hung up. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/plivo_sign.h"
#include "server/app.h"
#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL   "/v1/Account/MATEST/Call/"
#define NUMBER "{\"phone_number\":\"+15551234567\"}"

static struct world w;
static struct world_seen seen;

static void a_call_moves_by_its_callbacks_and_never_back(void)
{
	world_place(&w, "", NUMBER);
	CHECK_STR("initiated", world_look(&w, "state"));
	world_hook(&w, "events",
	           "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("ringing", world_look(&w, "state"));
	world_hook(&w, "answer",
	           "Event=StartApp&CallStatus=in-progress&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("answered", world_look(&w, "state"));
	world_hook(&w, "events",
	           "Event=StartStream&CallUUID=uuid-1&StreamID=s1");
	CHECK_STR("streaming", world_look(&w, "state"));
	world_hook(&w, "events",
	           "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	CHECK_STR("streaming", world_look(&w, "state"));
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	           "HangupCauseCode=4000&HangupCauseName=Normal+Hangup&"
	           "HangupSource=Callee");
	CHECK_INT(200, w.a.status);
	CHECK_STR("ended", world_look(&w, "state"));
	CHECK_STR("callee", world_member(&w, "end.by"));
	CHECK_STR("4000", world_member(&w, "end.cause_code"));
	CHECK_STR("Normal Hangup", world_member(&w, "end.cause"));
	CHECK(strcmp(world_member(&w, "answered_at"), "null") != 0);
	CHECK(strcmp(world_member(&w, "ended_at"), "null") != 0);
	world_hook(&w, "events",
	           "Event=StartStream&CallUUID=uuid-1&StreamID=s2");
	CHECK_STR("ended", world_look(&w, "state"));
}

static void ringing_prepares_the_bot_again(void)
{
	world_place(&w, "", NUMBER);
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 1,
	            NULL);
	world_await("POST", CALL, 1, &seen);
	CHECK(!strstr(seen.body, "machine_detection"));
	world_hook(&w, "events",
	           "Event=Ring&CallStatus=ringing&CallUUID=uuid-1");
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/prepare", 2,
	            &seen);
	CHECK(strstr(seen.body, "\"call_uuid\":\"uuid-1\""));
}

/* Plivo listens for machines where the bot's agent wants it, and the bot that
 * has the call is told. */
static void a_machine_that_plivo_hears_is_told_to_the_bot(void)
{
	world_open(&w, "");
	world_rule("POST", "/reserve", 200,
	           "{\"id\":\"place-1-6f1d0c9ab2e84573\",\"stream_url\":"
	           "\"wss://bot.example.com/ws/place-1-6f1d0c9ab2e84573\","
	           "\"machine_detection\":true,\"calls\":1,"
	           "\"capacity\":10}");
	world_start(&w, "", NUMBER);
	CHECK_INT(200, w.a.status);
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	world_key(w.key);
	world_await("POST", CALL, 1, &seen);
	CHECK(strstr(seen.body, "\"machine_detection\":\"true\""));
	CHECK(strstr(seen.body, "\"machine_detection_url\":\"http://"
	                        "localhost/events/"));
	CHECK(strstr(seen.body, "\"machine_detection_method\":\"POST\""));
	world_hook(&w, "events",
	           "Event=MachineDetection&Machine=true&CallUUID=uuid-1&"
	           "CallStatus=in-progress");
	CHECK_INT(200, w.a.status);
	world_await("POST", "/reserve/place-1-6f1d0c9ab2e84573/machine", 1,
	            NULL);
	world_look(&w, "state");
	CHECK(strstr(w.a.body, "\"type\":\"machine\""));
}

static void a_call_nobody_answers_gives_its_place_back(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=no-answer&CallUUID=uuid-1&"
	           "HangupCauseCode=3000&HangupSource=Carrier");
	CHECK_STR("no_answer", world_look(&w, "state"));
	CHECK_STR("carrier", world_member(&w, "end.by"));
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
}

static void strangers_are_not_found(void)
{
	world_place(&w, "", NUMBER);
	snprintf(w.key, sizeof(w.key), "aaaaaaaaaaaaaaaaaaaaaa");
	world_hook(&w, "answer", "Event=StartApp&CallUUID=uuid-1");
	CHECK_INT(404, w.a.status);
	world_hook(&w, "events", "Event=Hangup&CallUUID=uuid-1");
	CHECK_INT(404, w.a.status);
	CHECK_STR("initiated", world_look(&w, "state"));
}

static void another_calls_uuid_is_refused(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=completed&CallUUID=uuid-7");
	CHECK_INT(403, w.a.status);
	CHECK_STR("initiated", world_look(&w, "state"));
}

static void our_own_id_comes_back_and_must_fit(void)
{
	char form[256], id[64] = "";

	world_place(&w, "", NUMBER);
	for (const char *v = w.id; *v; v++)
		snprintf(id + strlen(id), sizeof(id) - strlen(id),
		         *v == '-' || *v == '_' ? "%%25%02X" : "%c", *v);
	world_hook(&w, "events", "Event=Ring&X-PH-dialoutcall=another");
	CHECK_INT(403, w.a.status);
	CHECK_STR("initiated", world_look(&w, "state"));
	snprintf(form, sizeof(form), "Event=Ring&X-PH-dialoutcall=%s", id);
	world_hook(&w, "events", form);
	CHECK_INT(200, w.a.status);
	CHECK_STR("ringing", world_look(&w, "state"));
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

	world_place(&w, "PLIVO_VERIFY=enforce\n", NUMBER);
	snprintf(target, sizeof(target), "/events/%s", w.key);
	world_do(&w, "POST", target, "", form);
	CHECK_INT(403, w.a.status);
	CHECK_STR("initiated", world_look(&w, "state"));
	snprintf(url, sizeof(url), "http://localhost%s", target);
	sign(header, sizeof(header), url, form);
	world_do(&w, "POST", target, header, "Event=Ring&CallUUID=uuid-2");
	CHECK_INT(403, w.a.status);
	world_do(&w, "POST", target, header, form);
	CHECK_INT(200, w.a.status);
	CHECK_STR("ringing", world_look(&w, "state"));
	snprintf(target, sizeof(target), "/answer/%s?CallUUID=uuid-1", w.key);
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
	world_place(&w, "", NUMBER);
	CHECK(!strstr(world_look(&w, "phone_number"), "5551234567"));
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
	world_place(&w, "", NUMBER);
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

	world_place(&w, "", NUMBER);
	snprintf(target, sizeof(target), "/calls/%s", w.id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
	world_await_state(&w, w.id, "cancelled");
	CHECK_STR("api", world_look(&w, "end.by"));
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
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	snprintf(target, sizeof(target), "/calls/%s", w.id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	CHECK_INT(0, world_seen("DELETE", CALL, NULL));
	world_let_go();
	world_await("DELETE", CALL "uuid-1/", 1, NULL);
	world_await_state(&w, w.id, "cancelled");
}

static void deleting_a_waiting_call_dials_nobody(void)
{
	char target[128];

	world_open(&w, "START_WAIT=1\n");
	world_hold("POST", "/reserve");
	world_start(&w, "", NUMBER);
	CHECK_STR("queued", world_member(&w, "status"));
	snprintf(w.id, sizeof(w.id), "%s", world_member(&w, "call_id"));
	snprintf(target, sizeof(target), "/calls/%s", w.id);
	world_do(&w, "DELETE", target, "", NULL);
	CHECK_INT(204, w.a.status);
	world_let_go();
	world_await_state(&w, w.id, "cancelled");
	CHECK_INT(0, world_seen("POST", CALL, NULL));
	world_await("DELETE", "/reserve/place-1-6f1d0c9ab2e84573", 1, NULL);
}

static void a_rejected_call_was_not_taken(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=failed&CallUUID=uuid-1&"
	           "HangupCauseCode=3020&HangupCauseName=Rejected&"
	           "HangupSource=Carrier");
	CHECK_STR("no_answer", world_look(&w, "state"));
}

static void a_call_the_network_lost_has_failed(void)
{
	world_place(&w, "", NUMBER);
	world_hook(&w, "events",
	           "Event=Hangup&CallStatus=failed&CallUUID=uuid-1&"
	           "HangupCauseCode=5000&HangupCauseName=Network+Error&"
	           "HangupSource=Plivo");
	CHECK_STR("failed", world_look(&w, "state"));
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
	world_place(&w, "", NUMBER);
	world_do(&w, "GET", "/metrics", "", NULL);
	CHECK_INT(200, w.a.status);
	CHECK(strstr(w.a.body, "\ndialout_starts_total 1\n"));
	CHECK(strstr(w.a.body, "\ndialout_placed_total 1\n"));
	CHECK(strstr(w.a.body, "\ndialout_calls_live 1\n"));
}

static const struct test tests[] = {
	TEST(a_call_moves_by_its_callbacks_and_never_back),
	TEST(ringing_prepares_the_bot_again),
	TEST(a_machine_that_plivo_hears_is_told_to_the_bot),
	TEST(a_call_nobody_answers_gives_its_place_back),
	TEST(strangers_are_not_found),
	TEST(another_calls_uuid_is_refused),
	TEST(our_own_id_comes_back_and_must_fit),
	TEST(unsigned_webhooks_are_refused_when_enforced),
	TEST(numbers_are_masked_without_a_key),
	TEST(a_key_shows_numbers_and_is_needed_where_set),
	TEST(calls_are_listed_newest_first),
	TEST(deleting_hangs_up),
	TEST(deleting_before_plivo_answers_hangs_up_then),
	TEST(deleting_a_waiting_call_dials_nobody),
	TEST(a_rejected_call_was_not_taken),
	TEST(a_call_the_network_lost_has_failed),
	TEST(readiness_needs_a_bot),
	TEST(a_server_with_a_bot_is_ready),
	TEST(metrics_count),
};

TEST_MAIN(tests)
