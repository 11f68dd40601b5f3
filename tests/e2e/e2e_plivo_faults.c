/* plivo-sim when things go wrong: refusals, faults on order, bad answers. */
#include <stdio.h>

#include "tests/e2e/plivo_rig.h"
#include "tests/harness/test.h"

static const char patient[] = "answer after 60\nwait-hangup";

static void make_call_is_refused_with_plivos_texts(void)
{
	static const struct {
		const char *body;
		long status;
		const char *text;
	} cases[] = {
		{"{\"to\":\"1555\",\"answer_url\":\"http://a/\"}", 400,
	         "from parameter not present"},
		{"{\"from\":\"15550001111\",\"to\":\"15550002222\"}", 400,
	         "answer_url parameter not present"},
		{"{\"from\":\"15550001111\",\"to\":15550002222,"
	         "\"answer_url\":\"http://a/\"}",
	         400, "to parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"+1 555\","
	         "\"answer_url\":\"http://a/\"}",
	         400, "to parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"15550002222\","
	         "\"answer_url\":\"wss://a/\"}",
	         400, "answer_url parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"15550002222\","
	         "\"answer_url\":\"http://a/#rc=9\"}",
	         400, "answer_url parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"15550002222\","
	         "\"answer_url\":\"http://a/\",\"answer_method\":\"PUT\"}",
	         400, "answer_method parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"15550002222\","
	         "\"answer_url\":\"http://a/\",\"time_limit\":\"900\"}",
	         400, "time_limit parameter is invalid"},
		{"{\"from\":\"15550001111\",\"to\":\"15550001111\","
	         "\"answer_url\":\"http://a/\"}",
	         400, "to parameter contains the from number"},
		{"{\"from\":\"15550009999\",\"to\":\"15550002222\","
	         "\"answer_url\":\"http://a/\"}",
	         400,
	         "from parameter is invalid. 15550009999 is not associated "
	         "with your account. Use a phone number rented on your "
	         "account."},
		{"{\"from\":\"15550001111\",\"to\":\"882355550000\","
	         "\"answer_url\":\"http://a/\"}",
	         403, "Calls to this destination region are barred"},
		{"[]", 400, "invalid JSON"},
		{"{", 400, "invalid JSON"},
	};
	const char *args[] = {"--number", "+15550001111", "--barred", "882",
	                      NULL};
	struct rig r;
	struct http_answer a;

	rig_open(&r, patient, args);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		rig_rest(&r, &a, "POST", "Call/", cases[i].body);
		CHECK_INT(cases[i].status, a.status);
		CHECK_STR(cases[i].text, rig_str(a.json, "error"));
		http_done(&a);
	}
	rig_journal(&r);
	CHECK_INT(0, rig_entries(&r, "queued"));
	CHECK_INT(ARRAY_LEN(cases), rig_entries(&r, "rest"));
	rig_close(&r);
}

static void credentials_paths_and_methods_are_checked(void)
{
	static const char *const wrong[] = {
		"Content-Type: application/json",
		"Authorization: Basic TUFURVNUMDAwMDAwMDAwMDAwMDA6eA==", NULL};
	struct rig r;
	struct http_answer a;
	char url[256];

	rig_open(&r, patient, NULL);
	(void)snprintf(url, sizeof(url),
	               "%s/v1/Account/MATEST00000000000000/Call/", r.sim.url);
	http_send(&a, "POST", url, wrong, "{}");
	CHECK_INT(401, a.status);
	CHECK(!a.json); /* plain text, as from Plivo */
	http_done(&a);
	http_send(&a, "POST", url, NULL, "{}");
	CHECK_INT(401, a.status);
	http_done(&a);
	rig_rest(&r, &a, "GET", "Call/nobody/", NULL);
	CHECK_INT(404, a.status);
	http_done(&a);
	rig_rest(&r, &a, "PUT", "Call/", "{}");
	CHECK_INT(405, a.status);
	http_done(&a);
	rig_rest(&r, &a, "POST", "Call", "{}");
	CHECK_INT(404, a.status);
	http_done(&a);
	rig_rest(&r, &a, "DELETE",
	         "Request/00000000-0000-4000-8000-000000000000/", NULL);
	CHECK_INT(404, a.status);
	http_done(&a);
	rig_close(&r);
}

static void calls_wait_for_their_turn(void)
{
	const char *args[] = {"--cps", "5", NULL};
	struct rig r;
	struct http_answer a;
	char path[128];

	rig_open(&r, "no-answer", args);
	for (int i = 0; i < 4; i++)
		CHECK_INT(201, rig_call(&r, ""));
	rig_rest(&r, &a, "GET", "Call/?status=queued", NULL);
	CHECK(json_array_size(json_object_get(a.json, "calls")) >= 2);
	http_done(&a);
	/* The last one is cancelled while it waits. */
	(void)snprintf(path, sizeof(path), "Request/%s/", r.uuid);
	rig_rest(&r, &a, "DELETE", path, NULL);
	CHECK_INT(204, a.status);
	http_done(&a);
	ppeer_wait_requests(&r.peer, "/hangup", 1, 2000);
	CHECK_STR("1000", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                              "HangupCauseCode"));
	CHECK_STR("cancel", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                                "CallStatus"));
	ppeer_wait_requests(&r.peer, "/ring", 3, 3000);
	rig_journal(&r);
	CHECK_INT(3, rig_entries(&r, "dialing"));
	for (size_t i = 1; i < 3; i++) {
		const int apart =
			rig_int(rig_entry(&r, "dialing", i), "t_ms") -
			rig_int(rig_entry(&r, "dialing", i - 1), "t_ms");

		CHECK(apart >= 198);
	}
	rig_close(&r);
}

static void many_requests_are_refused(void)
{
	const char *args[] = {"--rate", "3", NULL};
	struct rig r;
	struct http_answer a;

	rig_open(&r, patient, args);
	for (int i = 0; i < 3; i++) {
		rig_rest(&r, &a, "GET", "Call/?status=live", NULL);
		CHECK_INT(200, a.status);
		http_done(&a);
	}
	CHECK_INT(429, rig_call(&r, ""));
	rig_close(&r);
}

static void make_call_fails_on_order(void)
{
	const char *args[] = {"--rest-fault", "status=503:2", NULL};
	struct rig r;

	rig_open(&r, patient, args);
	CHECK_INT(503, rig_call(&r, ""));
	CHECK_INT(503, rig_call(&r, ""));
	rig_order(&r, "fault", "reset:1");
	CHECK_INT(0, rig_call(&r, ""));
	rig_journal(&r);
	CHECK_INT(0, rig_entries(&r, "queued"));
	/* Lost: no answer, and yet the phone rings. */
	rig_order(&r, "fault", "lost:1");
	CHECK_INT(0, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/ring", 1, 2000);
	CHECK_INT(201, rig_call(&r, ""));
	rig_close(&r);
}

/* A call whose callee does @script ends like this. */
static void ends(const char *script, const char *more, const char *code,
                 const char *status)
{
	struct rig r;
	const struct ppeer_request *q;

	rig_open(&r, script, NULL);
	CHECK_INT(201, rig_call(&r, more));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 5000);
	q = ppeer_request(&r.peer, "/hangup", 0);
	CHECK_STR(code, ppeer_param(q, "HangupCauseCode"));
	CHECK_STR(status, ppeer_param(q, "CallStatus"));
	rig_check_clean(&r);
	rig_close(&r);
}

static void nobody_answers_in_several_ways(void)
{
	ends("busy", "", "3010", "busy");
	ends("rejected", "", "3020", "failed");
	ends("fail 3050", "", "3050", "failed");
	ends("no-answer", ",\"ring_timeout\":1", "6010", "timeout");
}

static void calls_end_at_their_limits(void)
{
	ends(patient, ",\"time_limit\":1", "6000", "completed");
	ends("machine\nanswer after 20",
	     ",\"machine_detection\":\"hangup\","
	     "\"machine_detection_time\":2000",
	     "9100", "completed");
}

static void bad_answers_are_tried_again_by_the_rule(void)
{
	struct rig r;

	rig_open(&r, patient, NULL);
	r.peer.status = 503;
	r.peer.fail = 2;
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 4000);
	CHECK_INT(3, ppeer_requests(&r.peer, "/answer"));
	rig_close(&r);

	rig_open(&r, patient, NULL);
	r.peer.status = 500;
	r.peer.fail = 9;
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 4000);
	CHECK_INT(3, ppeer_requests(&r.peer, "/answer"));
	CHECK_STR("7011", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                              "HangupCauseCode"));
	rig_close(&r);
}

static void bad_xml_falls_back_or_ends_the_call(void)
{
	struct rig r;
	char more[128];

	rig_open(&r, patient, NULL);
	(void)snprintf(r.peer.answer, sizeof(r.peer.answer),
	               "<Response><Reject/></Response>");
	(void)snprintf(r.peer.next, sizeof(r.peer.next), "<Response/>");
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/hangup", 1, 4000);
	CHECK_STR("8011", ppeer_param(ppeer_request(&r.peer, "/hangup", 0),
	                              "HangupCauseCode"));
	rig_journal(&r);
	CHECK_INT(1, rig_entries(&r, "violation"));

	(void)snprintf(more, sizeof(more),
	               ",\"fallback_url\":\"http://127.0.0.1:%d/next\"",
	               r.peer.port);
	CHECK_INT(201, rig_call(&r, more));
	ppeer_wait_requests(&r.peer, "/hangup", 2, 4000);
	CHECK_INT(1, ppeer_requests(&r.peer, "/next"));
	CHECK_STR("4010", ppeer_param(ppeer_request(&r.peer, "/hangup", 1),
	                              "HangupCauseCode"));
	rig_close(&r);
}

static void without_hangup_url_the_answer_url_is_told(void)
{
	struct rig r;
	struct http_answer a;
	char body[512];

	rig_open(&r, "busy", NULL);
	(void)snprintf(body, sizeof(body),
	               "{\"from\":\"15550001111\",\"to\":\"15550002222\","
	               "\"answer_url\":\"http://127.0.0.1:%d/answer/K\","
	               "\"answer_method\":\"GET\"}",
	               r.peer.port);
	rig_rest(&r, &a, "POST", "Call/", body);
	CHECK_INT(201, a.status);
	http_done(&a);
	ppeer_wait_requests(&r.peer, "/answer", 1, 3000);
	CHECK_STR("GET", ppeer_request(&r.peer, "/answer", 0)->method);
	CHECK(strstr(ppeer_request(&r.peer, "/answer", 0)->target,
	             "&Event=Hangup&"));
	rig_close(&r);
}

static void a_cut_socket_comes_again(void)
{
	const char *args[] = {"--stream-retry", "50", NULL};
	struct rig r;

	rig_open(&r,
	         "answer after 60\ndrop-socket at 300 reconnect\nwait-hangup",
	         args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 2, 5000);
	CHECK_INT(-1, r.peer.close_code);
	ppeer_wait_media(&r.peer, 5, 2000);
	CHECK_STR(r.uuid, r.peer.call_id);
	rig_close(&r);
}

static void callbacks_come_twice(void)
{
	const char *args[] = {"--duplicate", NULL};
	struct rig r;

	rig_open(&r, "answer after 60\nhangup", args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_requests(&r.peer, "/hangup", 2, 4000);
	CHECK_INT(2, ppeer_requests(&r.peer, "/ring"));
	CHECK_INT(1, ppeer_requests(&r.peer, "/answer"));
	rig_close(&r);
}

static void the_server_may_close_with_a_violation_counted(void)
{
	const char *args[] = {"--fail-on-violation",
	                      "--exit-after-calls",
	                      "1",
	                      "--ping",
	                      "100",
	                      NULL};
	struct rig r;

	rig_open(&r, "answer after 60\nsilence 700\nhangup", args);
	CHECK_INT(201, rig_call(&r, ""));
	ppeer_wait_events(&r.peer, "start", 1, 3000);
	ppeer_text(&r.peer, "{\"event\":\"nothing\"}");
	ppeer_wait_requests(&r.peer, "/hangup", 1, 4000);
	ppeer_serve(&r.peer, 100);
	CHECK(r.peer.pings >= 3);
	CHECK_INT(3, proc_wait(&r.sim, 5000));
	ppeer_close(&r.peer);
}

static const struct test tests[] = {
	TEST(make_call_is_refused_with_plivos_texts),
	TEST(credentials_paths_and_methods_are_checked),
	TEST(calls_wait_for_their_turn),
	TEST(many_requests_are_refused),
	TEST(make_call_fails_on_order),
	TEST(nobody_answers_in_several_ways),
	TEST(calls_end_at_their_limits),
	TEST(bad_answers_are_tried_again_by_the_rule),
	TEST(bad_xml_falls_back_or_ends_the_call),
	TEST(without_hangup_url_the_answer_url_is_told),
	TEST(a_cut_socket_comes_again),
	TEST(callbacks_come_twice),
	TEST(the_server_may_close_with_a_violation_counted),
};

TEST_MAIN(tests)
