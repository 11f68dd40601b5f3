/* Calls are asked of the carrier, one POST each. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "common/js.h"
#include "tests/fake/board.h"
#include "tests/harness/test.h"

static void keep_and_place(struct peer_conn *pc, void *arg)
{
	while (peer_read(pc)) {
		memcpy(arg, pc->request, PEER_TEXT_MAX);
		peer_answer(pc, 201, "", BOARD_PLACED);
	}
}

static void a_call_is_asked_for_with_everything_set(void)
{
	static char text[PEER_TEXT_MAX];
	const char *body;
	json_t *json;

	board_open_peer(keep_and_place, text, 10);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_PLACED, board.seen.result[0]);
	CHECK_STR("9834029e-58b6-11e1-b8b7-a5bd0e4e126f", board.seen.uuid);
	CHECK_INT(201, board.seen.status);
	CHECK_INT(1, board.seen.sending);
	board_close();
	CHECK_INT(0, strncmp(text,
	                     "POST /v1/Account/MAXXXXXXXXXXXXXXXXXX/Call/ HTTP",
	                     48));
	CHECK(strstr(text, "Authorization: Basic "
	                   "TUFYWFhYWFhYWFhYWFhYWFhYWFg6c2VjcmV0\r\n"));
	CHECK(strstr(text, "Content-Type: application/json\r\n"));
	body = strstr(text, "\r\n\r\n") + 4;
	json = js_parse(body, strlen(body), NULL, 0);
	CHECK_INT(11, json_object_size(json));
	CHECK_STR("dialoutcall=a%2Db%5F1", js_str(json, "sip_headers", ""));
	CHECK_STR("+15550001111", js_str(json, "from", ""));
	CHECK_STR("+15552223333", js_str(json, "to", ""));
	CHECK_STR("https://x.example/answer/K#ct=2000&rt=5000&rc=3&rp=all",
	          js_str(json, "answer_url", ""));
	CHECK_STR("POST", js_str(json, "answer_method", ""));
	CHECK_STR("https://x.example/events/K#ct=2000&rt=5000&rc=3&rp=all",
	          js_str(json, "ring_url", ""));
	CHECK_STR("https://x.example/events/K#ct=2000&rt=5000&rc=3&rp=all",
	          js_str(json, "hangup_url", ""));
	CHECK_INT(900, js_int(json, "time_limit", 0));
	CHECK_INT(45, js_int(json, "ring_timeout", 0));
	json_decref(json);
}

/* An answer, or what happens in its place. */
struct fault {
	int status; /* of an answer; 0: none, see the text */
	const char *headers, *body;
	enum carrier_result result;
	const char *text; /* part of the outcome's */
};

static void answer_as_told(struct peer_conn *pc, void *arg)
{
	const struct fault *f = arg;

	while (peer_read(pc)) {
		if (f->status)
			peer_answer(pc, f->status, f->headers, f->body);
		else if (strcmp(f->headers, "reset") == 0)
			peer_reset(pc);
		else
			peer_send(pc, f->body);
		if (!f->status)
			return;
	}
}

static void every_outcome_is_told_apart_with_one_post(void)
{
	static struct fault faults[] = {
		{200, "", BOARD_PLACED, CARRIER_PLACED, ""},
		{201, "", "{\"request_uuid\":[\"ab-1\"]}", CARRIER_PLACED, ""},
		{201, "", "{\"request_uuid\":[\"a\",\"b\"]}", CARRIER_UNKNOWN,
	         "no request_uuid"},
		{201, "", "{\"request_uuid\":\"../x\"}", CARRIER_UNKNOWN,
	         "no request_uuid"},
		{201, "", "<html>", CARRIER_UNKNOWN, "no request_uuid"},
		{202, "", "", CARRIER_UNKNOWN, "no request_uuid"},
		{400, "", "{\"error\":\"to is\\ninvalid\"}", CARRIER_REFUSED,
	         "to is invalid"},
		{401, "", "Unauthorized", CARRIER_AUTH, "Unauthorized"},
		{403, "", "{\"error\":\"barred\"}", CARRIER_REFUSED, "barred"},
		{404, "", "not found", CARRIER_REFUSED, "not found"},
		{408, "", "", CARRIER_UNKNOWN, ""},
		{422, "", "{\"message\":\"odd\"}", CARRIER_REFUSED, "odd"},
		{429, "Retry-After: 3\r\n", "", CARRIER_BUSY, ""},
		{500, "", "oops", CARRIER_UNKNOWN, "oops"},
		{503, "Retry-After: 3\r\n", "", CARRIER_UNKNOWN, ""},
		{0, "reset", "", CARRIER_UNKNOWN, "reset"},
		{0, "", "", CARRIER_UNKNOWN, ""},
		{0, "", "HTTP/1.1 201 OK\r\nContent-Length: 99\r\n\r\n{",
	         CARRIER_UNKNOWN, ""},
		{0, "", "HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\n{",
	         CARRIER_REFUSED, ""},
		{0, "", "\x16\x03\x01nothing of ours\r\n\r\n", CARRIER_UNKNOWN,
	         ""},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		board_open_peer(answer_as_told, &faults[i], 100);
		board_dial(NULL);
		board_wait(&board.seen.done, 1);
		if (board.seen.result[0] != faults[i].result ||
		    !strstr(board.seen.text, faults[i].text))
			test_fail(__FILE__, __LINE__, "case %zu: %d \"%s\"", i,
			          (int)board.seen.result[0], board.seen.text);
		if (faults[i].result == CARRIER_BUSY)
			CHECK_INT(3, board.seen.retry_after_sec);
		CHECK_INT(1, peer_requests(board.p));
		board_close();
	}
}

static void answer_then_reset(struct peer_conn *pc, void *arg)
{
	(void)arg;
	while (peer_read(pc)) {
		if (!strstr(pc->request, "DELETE")) {
			peer_reset(pc);
			return;
		}
		peer_answer(pc, 204, "", "");
	}
}

/* The connection of an earlier request is open when the POST goes out. */
static void a_post_never_rides_on_a_used_connection(void)
{
	const struct carrier_end gone = {.uuid = "u", .done = board_ended};

	board_open_peer(answer_then_reset, NULL, 100);
	CHECK_INT(0, carrier_hangup(board.c, &gone));
	board_wait(&board.seen.ended, 1);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_UNKNOWN, board.seen.result[0]);
	CHECK_INT(2, peer_requests(board.p));
	CHECK_INT(2, peer_conns(board.p));
	board_close();
}

static void nobody_there_is_no_call(void)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_dead_port());
	board_open(url, 10, 0);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_UNREACHED, board.seen.result[0]);
	board_close();
	board_open("https://no-such-host.invalid", 10, 0);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_UNREACHED, board.seen.result[0]);
	board_close();
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct times {
	uint64_t at[BOARD_SEEN_MAX];
	unsigned n;
	int first_status;
};

static void note_time(struct peer_conn *pc, void *arg)
{
	struct times *t = arg;
	int status = 201;

	while (peer_read(pc)) {
		pthread_mutex_lock(&board.lock);
		t->at[t->n++] = now_ms();
		if (t->n == 1 && t->first_status)
			status = t->first_status;
		pthread_mutex_unlock(&board.lock);
		peer_answer(pc, status, "", BOARD_PLACED);
	}
}

static void posts_keep_the_pace(void)
{
	static struct times t;
	unsigned i;

	board_open_peer(note_time, &t, 10);
	for (i = 0; i < 8; i++)
		board_dial(NULL);
	board_wait(&board.seen.done, 8);
	/* Lateness of this machine may shorten a gap, never the whole. */
	CHECK(t.at[7] - t.at[0] >= 650);
	CHECK(t.at[7] - t.at[0] < 1500);
	for (i = 2; i < 8; i++)
		CHECK(t.at[i] - t.at[i - 2] >= 120);
	board_close();
}

static void a_refusal_for_speed_holds_the_others(void)
{
	static struct times t = {.first_status = 429};

	board_open_peer(note_time, &t, 100);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	board_dial(NULL);
	board_wait(&board.seen.done, 2);
	CHECK_INT(CARRIER_BUSY, board.seen.result[0]);
	CHECK_INT(CARRIER_PLACED, board.seen.result[1]);
	CHECK(t.at[1] - t.at[0] >= 950);
	board_close();
}

static void the_queue_has_an_order_and_an_end(void)
{
	static char text[PEER_TEXT_MAX];
	uint64_t a;

	board.p = peer_new(keep_and_place, text);
	board_open(peer_url(board.p), 1, 2);
	board_dial(NULL);
	board_wait(&board.seen.done, 1);
	a = board_dial(NULL);
	board_dial(NULL);
	CHECK_INT(ERR_LIMIT, carrier_dial(board.c, &board_call, NULL,
	                                  board_dialed, NULL, NULL));
	CHECK_INT(2, carrier_waiting(board.c));
	CHECK_INT(0, carrier_withdraw(board.c, a));
	board_wait(&board.seen.done, 2);
	CHECK_INT(CARRIER_CANCELLED, board.seen.result[1]);
	CHECK_INT(-ENOENT, carrier_withdraw(board.c, a));
	board_dial(NULL);
	board_wait(&board.seen.done, 4);
	CHECK_INT(CARRIER_PLACED, board.seen.result[2]);
	CHECK_INT(CARRIER_PLACED, board.seen.result[3]);
	CHECK_INT(0, carrier_waiting(board.c));
	CHECK_INT(3, peer_requests(board.p));
	board_close();
}

/* The numbers that were called, as one text. */
static void note_numbers(struct peer_conn *pc, void *arg)
{
	char *numbers = arg;
	size_t n;

	while (peer_read(pc)) {
		const char *body = strstr(pc->request, "\r\n\r\n") + 4;
		json_t *json = js_parse(body, strlen(body), NULL, 0);

		n = strlen(numbers);
		snprintf(numbers + n, PEER_TEXT_MAX - n, "%s ",
		         js_str(json, "to", ""));
		json_decref(json);
		peer_answer(pc, 201, "", BOARD_PLACED);
	}
}

static void dial_as(const char *to, int priority, int64_t as_of)
{
	struct carrier_dial dial = board_call;

	dial.to = to;
	dial.priority = priority;
	dial.as_of = as_of;
	CHECK_INT(0,
	          carrier_dial(board.c, &dial, NULL, board_dialed, NULL, NULL));
}

static void the_urgent_go_first_then_the_earlier_then_who_came_first(void)
{
	static char numbers[PEER_TEXT_MAX];

	board_open_peer(note_numbers, numbers, 5);
	dial_as("+1", 0, 50);
	board_wait(&board.seen.done, 1);
	dial_as("+7", -1, 1);
	dial_as("+5", 0, 60);
	dial_as("+4", 0, 50);
	dial_as("+6", 0, 60);
	dial_as("+2", 3, 90);
	dial_as("+3", 2, 10);
	board_wait(&board.seen.done, 7);
	board_close();
	CHECK_STR("+1 +2 +3 +4 +5 +6 +7 ", numbers);
}

static void a_call_held_back_is_not_posted(void)
{
	bool held = true;
	static char text[PEER_TEXT_MAX];

	board_open_peer(keep_and_place, text, 100);
	board_dial(&held);
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_CANCELLED, board.seen.result[0]);
	CHECK_INT(1, board.seen.sending);
	CHECK_INT(0, peer_conns(board.p));
	board_close();
}

static const struct test tests[] = {
	TEST(a_call_is_asked_for_with_everything_set),
	TEST(every_outcome_is_told_apart_with_one_post),
	TEST(a_post_never_rides_on_a_used_connection),
	TEST(nobody_there_is_no_call),
	TEST(posts_keep_the_pace),
	TEST(a_refusal_for_speed_holds_the_others),
	TEST(the_queue_has_an_order_and_an_end),
	TEST(the_urgent_go_first_then_the_earlier_then_who_came_first),
	TEST(a_call_held_back_is_not_posted),
};

TEST_MAIN(tests)
