/*
 * A call that is handed over: what bots may ask for, what Plivo is told, and
 * what follows.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/fake/world.h"
#include "tests/harness/test.h"

#define CALL "/v1/Account/MATEST/Call/"
#define XML  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static const char secret[] = "BOT_SECRET=0123456789abcdef0123456789abcdef\n";
static const char bearer[] =
	"Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n";

static struct world w;
static struct world_seen seen;
static char id[64], key[64];

/* A call in which somebody talks with a bot. */
static void talk(const char *dotenv)
{
	char lines[512], target[128];

	snprintf(lines, sizeof(lines), "%s%s", secret, dotenv);
	world_open(&w, lines);
	world_rule("POST", CALL "uuid-1/", 202,
	           "{\"message\":\"call transfered\"}");
	world_start(&w, "", "{\"phone_number\":\"+15551234567\"}");
	CHECK_INT(200, w.a.status);
	snprintf(id, sizeof(id), "%s", world_member(&w, "call_id"));
	world_key(key);
	snprintf(target, sizeof(target), "/answer/%s", key);
	world_do(&w, "POST", target, "",
	         "Event=StartApp&CallStatus=in-progress&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
}

static void ask(const char *to)
{
	char json[512];

	snprintf(json, sizeof(json),
	         "{\"call_id\":\"%s\",\"to\":\"%s\",\"label\":\"sales\","
	         "\"timeout_sec\":20}",
	         id, to);
	world_do(&w, "POST", "/transfer", bearer, json);
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

static void plivo_is_told_where_the_document_is(void)
{
	char want[512];

	talk("");
	ask("+15557654321");
	CHECK_INT(200, w.a.status);
	CHECK_INT(1, world_seen("POST", CALL "uuid-1/", &seen));
	snprintf(want, sizeof(want),
	         "{\"legs\":\"aleg\",\"aleg_url\":\"http://localhost/"
	         "transfer/%s#ct=2000&rt=5000&rc=3&rp=all\","
	         "\"aleg_method\":\"POST\"}",
	         key);
	CHECK_STR(want, seen.body);
}

static void the_document_dials_the_destination(void)
{
	char want[512];

	talk("");
	ask("+1 (555) 765-4321");
	hook("transfer", "Event=Redirect&CallUUID=uuid-1");
	CHECK_INT(200, w.a.status);
	CHECK_STR("application/xml", client_header(&w.a, "Content-Type"));
	snprintf(want, sizeof(want),
	         XML "<Response><Dial callerId=\"%s\" timeout=\"20\" "
	             "action=\"http://localhost/transfer-end/%s\" "
	             "method=\"POST\"><Number>+15557654321</Number></Dial>"
	             "<Hangup/></Response>",
	         w.cfg.from, key);
	CHECK_STR(want, w.a.body);
}

static void a_sip_address_is_a_user(void)
{
	talk("");
	ask("sip:desk.1@phone.plivo.com");
	CHECK_INT(200, w.a.status);
	hook("transfer", "Event=Redirect&CallUUID=uuid-1");
	CHECK(strstr(w.a.body, "<User>sip:desk.1@phone.plivo.com</User>"));
}

static void a_call_that_was_not_handed_over_dials_nobody(void)
{
	talk("");
	hook("transfer", "Event=Redirect&CallUUID=uuid-1");
	CHECK_STR(XML "<Response><Hangup/></Response>", w.a.body);
}

static void what_follows_a_dial_depends_on_whether_they_talked(void)
{
	talk("");
	ask("+15557654321");
	hook("transfer-end", "DialStatus=completed&CallUUID=uuid-1");
	CHECK_STR(XML "<Response><Hangup/></Response>", w.a.body);
	hook("transfer-end", "DialStatus=no-answer&CallUUID=uuid-1");
	CHECK(strstr(w.a.body, "<Speak>We are sorry, nobody is available"));
	CHECK(strstr(w.a.body, "</Speak><Hangup/>"));
	(void)look("state");
	CHECK(strstr(w.a.body, "\"transfer_over\""));
	CHECK(strstr(w.a.body, "\"transfer_missed\",\"data\":"
	                       "{\"status\":\"no-answer\"}"));
}

static void the_bot_s_end_is_not_the_call_s(void)
{
	const struct timespec pause = {.tv_sec = 3};
	char json[512];

	talk("");
	ask("+15557654321");
	snprintf(json, sizeof(json),
	         "[{\"event_id\":\"e1\",\"call_id\":\"%s\",\"seq\":1,"
	         "\"at_ms\":1,\"type\":\"ended\",\"by\":\"transfer\","
	         "\"cause\":\"sales\"}]",
	         id);
	world_do(&w, "POST", "/bot-events", bearer, json);
	CHECK_INT(200, w.a.status);
	/* Longer than the server gives Plivo's own callback. */
	nanosleep(&pause, NULL);
	CHECK_INT(0, world_seen("DELETE", CALL "uuid-1/", NULL));
	CHECK_STR("answered", look("state"));
	CHECK_STR("(none)", world_member(&w, "end.by"));
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "HangupCauseCode=4000&HangupSource=Callee");
	CHECK_STR("ended", look("state"));
	CHECK_STR("callee", world_member(&w, "end.by"));
}

static void only_what_may_be_dialled_is(void)
{
	static const struct {
		const char *to;
		int status;
	} bad[] = {
		{"+4915112345678", 403},
		{"", 422},
		{"+15557654321,+15557654322", 422},
		{"sip:a@b@c", 422},
		{"sip:@b", 422},
		{"sip:a@b</User>", 422},
		{"12", 422},
	};

	talk("ALLOWED_PREFIXES=1\n");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ask(bad[i].to);
		CHECK_INT(bad[i].status, w.a.status);
	}
	CHECK_INT(0, world_seen("POST", CALL "uuid-1/", NULL));
}

static void only_a_bot_may_ask_and_once_for_a_call_that_is_up(void)
{
	char was[64];

	talk("");
	world_do(&w, "POST", "/transfer", "", "{}");
	CHECK_INT(401, w.a.status);
	world_do(&w, "POST", "/transfer", bearer, "[]");
	CHECK_INT(400, w.a.status);
	snprintf(was, sizeof(was), "%s", id);
	snprintf(id, sizeof(id), "nobody");
	ask("+15557654321");
	CHECK_INT(404, w.a.status);
	snprintf(id, sizeof(id), "%s", was);
	ask("+15557654321");
	CHECK_INT(200, w.a.status);
	ask("+15557654321");
	CHECK_INT(409, w.a.status);
	hook("events", "Event=Hangup&CallStatus=completed&CallUUID=uuid-1&"
	               "HangupCauseCode=4000&HangupSource=Callee");
	ask("+15557654321");
	CHECK_INT(409, w.a.status);
}

static void what_plivo_refuses_may_be_asked_for_again(void)
{
	talk("");
	world_rule("POST", CALL "uuid-1/", 400, "{\"error\":\"no\"}");
	ask("+15557654321");
	CHECK_INT(502, w.a.status);
	hook("transfer", "Event=Redirect&CallUUID=uuid-1");
	CHECK_STR(XML "<Response><Hangup/></Response>", w.a.body);
	world_rule("POST", CALL "uuid-1/", 202, "{}");
	ask("+15557654321");
	CHECK_INT(200, w.a.status);
	(void)look("state");
	CHECK(strstr(w.a.body, "\"transfer_failed\""));
}

static void without_a_key_the_ledger_masks_the_number(void)
{
	talk("");
	ask("+15557654321");
	(void)look("state");
	CHECK(strstr(w.a.body, "\"label\":\"sales\""));
	CHECK(!strstr(w.a.body, "15557654321"));
}

static const struct test tests[] = {
	TEST(plivo_is_told_where_the_document_is),
	TEST(the_document_dials_the_destination),
	TEST(a_sip_address_is_a_user),
	TEST(a_call_that_was_not_handed_over_dials_nobody),
	TEST(what_follows_a_dial_depends_on_whether_they_talked),
	TEST(the_bot_s_end_is_not_the_call_s),
	TEST(only_what_may_be_dialled_is),
	TEST(only_a_bot_may_ask_and_once_for_a_call_that_is_up),
	TEST(what_plivo_refuses_may_be_asked_for_again),
	TEST(without_a_key_the_ledger_masks_the_number),
};

TEST_MAIN(tests)
