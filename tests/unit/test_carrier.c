#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/js.h"
#include "common/mem.h"
#include "server/carrier/carrier.h"
#include "tests/fake/peer.h"
#include "tests/harness/test.h"

#define PLACED                                                            \
	"{\"api_id\":\"a\",\"message\":\"call queued\",\"request_uuid\":" \
	"\"9834029e-58b6-11e1-b8b7-a5bd0e4e126f\"}"

enum { WAIT_MS = 10000, SEEN_MAX = 32 };

/* What handlers have said, and when; shared with the dispatcher's thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	unsigned done, sending;
	enum carrier_result result[SEEN_MAX];
	char uuid[80], text[512];
	int status, err;
	long retry_after_sec;
	unsigned ended, asked;
	char infos[512];
} seen;

static struct fetchd *d;
static struct carrier *c;
static struct peer *p;

static void wait_for(const unsigned *what, unsigned n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2 * WAIT_MS / 1000;
	pthread_mutex_lock(&lock);
	while (*what < n) {
		if (pthread_cond_timedwait(&changed, &lock, &until))
			test_fail(__FILE__, __LINE__, "waited in vain for %u",
			          n);
	}
	CHECK_INT(n, *what);
	pthread_mutex_unlock(&lock);
}

static void on_dialed(const struct carrier_outcome *o, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	ASSERT(seen.done < SEEN_MAX);
	seen.result[seen.done++] = o->result;
	seen.status = o->status;
	seen.retry_after_sec = o->retry_after_sec;
	snprintf(seen.uuid, sizeof(seen.uuid), "%s", o->uuid);
	snprintf(seen.text, sizeof(seen.text), "%s", o->text);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static int on_sending(void *arg)
{
	const bool *held = arg;

	pthread_mutex_lock(&lock);
	seen.sending++;
	pthread_mutex_unlock(&lock);
	return held && *held ? ERR_STALE : 0;
}

static void on_ended(int err, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	seen.ended++;
	seen.err = err;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void on_info(const struct carrier_info *i, int err, void *arg)
{
	size_t n;

	(void)arg;
	pthread_mutex_lock(&lock);
	n = strlen(seen.infos);
	if (i) {
		snprintf(seen.infos + n, sizeof(seen.infos) - n, "%s %s %s %d|",
		         i->uuid, i->to, i->cause, i->cause_code);
	} else {
		seen.asked++;
		seen.err = err;
	}
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void open_at(const char *url, uint32_t cps, uint32_t queue_max)
{
	const struct fetch_opts fo = {0};
	const struct carrier_opts co = {.ops = &carrier_plivo_ops,
	                                .api_url = url,
	                                .auth_id = "MAXXXXXXXXXXXXXXXXXX",
	                                .auth_token = "secret",
	                                .calls_per_sec = cps,
	                                .queue_max = queue_max};

	memset(&seen, 0, sizeof(seen));
	CHECK_INT(0, fetchd_new(&d, &fo));
	CHECK_INT(0, carrier_new(&c, d, &co));
}

static void open_peer(peer_h *script, void *arg, uint32_t cps)
{
	p = peer_new(script, arg);
	open_at(peer_url(p), cps, 0);
}

static void end(void)
{
	carrier_free(&c);
	CHECK(c == NULL);
	fetchd_free(&d);
	if (p)
		peer_free(&p);
	CHECK_INT(0, mem_live());
}

static const struct carrier_dial call = {
	.from = "+15550001111",
	.to = "+15552223333",
	.answer_url = "https://x.example/answer/K",
	.ring_url = "https://x.example/events/K",
	.hangup_url = "https://x.example/events/K",
	.ring_sec = 45,
	.time_limit_sec = 900,
};

static uint64_t dial(bool *held)
{
	uint64_t ticket = 0;

	CHECK_INT(0,
	          carrier_dial(c, &call, on_sending, on_dialed, held, &ticket));
	CHECK(ticket != 0);
	return ticket;
}

static void keep_and_place(struct peer_conn *pc, void *arg)
{
	while (peer_read(pc)) {
		memcpy(arg, pc->request, PEER_TEXT_MAX);
		peer_answer(pc, 201, "", PLACED);
	}
}

static void a_call_is_asked_for_with_everything_set(void)
{
	static char text[PEER_TEXT_MAX];
	const char *body;
	json_t *json;

	open_peer(keep_and_place, text, 10);
	dial(NULL);
	wait_for(&seen.done, 1);
	CHECK_INT(CARRIER_PLACED, seen.result[0]);
	CHECK_STR("9834029e-58b6-11e1-b8b7-a5bd0e4e126f", seen.uuid);
	CHECK_INT(201, seen.status);
	CHECK_INT(1, seen.sending);
	end();
	CHECK_INT(0, strncmp(text,
	                     "POST /v1/Account/MAXXXXXXXXXXXXXXXXXX/Call/ HTTP",
	                     48));
	CHECK(strstr(text, "Authorization: Basic "
	                   "TUFYWFhYWFhYWFhYWFhYWFhYWFg6c2VjcmV0\r\n"));
	CHECK(strstr(text, "Content-Type: application/json\r\n"));
	body = strstr(text, "\r\n\r\n") + 4;
	json = js_parse(body, strlen(body), NULL, 0);
	CHECK_INT(10, json_object_size(json));
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
		{200, "", PLACED, CARRIER_PLACED, ""},
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
		open_peer(answer_as_told, &faults[i], 100);
		dial(NULL);
		wait_for(&seen.done, 1);
		if (seen.result[0] != faults[i].result ||
		    !strstr(seen.text, faults[i].text))
			test_fail(__FILE__, __LINE__, "case %zu: %d \"%s\"", i,
			          (int)seen.result[0], seen.text);
		if (faults[i].result == CARRIER_BUSY)
			CHECK_INT(3, seen.retry_after_sec);
		CHECK_INT(1, peer_requests(p));
		end();
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
	const struct carrier_end gone = {.uuid = "u", .done = on_ended};

	open_peer(answer_then_reset, NULL, 100);
	CHECK_INT(0, carrier_hangup(c, &gone));
	wait_for(&seen.ended, 1);
	dial(NULL);
	wait_for(&seen.done, 1);
	CHECK_INT(CARRIER_UNKNOWN, seen.result[0]);
	CHECK_INT(2, peer_requests(p));
	CHECK_INT(2, peer_conns(p));
	end();
}

static void nobody_there_is_no_call(void)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_dead_port());
	open_at(url, 10, 0);
	dial(NULL);
	wait_for(&seen.done, 1);
	CHECK_INT(CARRIER_UNREACHED, seen.result[0]);
	end();
	open_at("https://no-such-host.invalid", 10, 0);
	dial(NULL);
	wait_for(&seen.done, 1);
	CHECK_INT(CARRIER_UNREACHED, seen.result[0]);
	end();
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct times {
	uint64_t at[SEEN_MAX];
	unsigned n;
	int first_status;
};

static void note_time(struct peer_conn *pc, void *arg)
{
	struct times *t = arg;
	int status = 201;

	while (peer_read(pc)) {
		pthread_mutex_lock(&lock);
		t->at[t->n++] = now_ms();
		if (t->n == 1 && t->first_status)
			status = t->first_status;
		pthread_mutex_unlock(&lock);
		peer_answer(pc, status, "", PLACED);
	}
}

static void posts_keep_the_pace(void)
{
	static struct times t;
	unsigned i;

	open_peer(note_time, &t, 10);
	for (i = 0; i < 8; i++)
		dial(NULL);
	wait_for(&seen.done, 8);
	/* Lateness of this machine may shorten a gap, never the whole. */
	CHECK(t.at[7] - t.at[0] >= 650);
	CHECK(t.at[7] - t.at[0] < 1500);
	for (i = 2; i < 8; i++)
		CHECK(t.at[i] - t.at[i - 2] >= 120);
	end();
}

static void a_refusal_for_speed_holds_the_others(void)
{
	static struct times t = {.first_status = 429};

	open_peer(note_time, &t, 100);
	dial(NULL);
	wait_for(&seen.done, 1);
	dial(NULL);
	wait_for(&seen.done, 2);
	CHECK_INT(CARRIER_BUSY, seen.result[0]);
	CHECK_INT(CARRIER_PLACED, seen.result[1]);
	CHECK(t.at[1] - t.at[0] >= 950);
	end();
}

static void the_queue_has_an_order_and_an_end(void)
{
	static char text[PEER_TEXT_MAX];
	uint64_t a, b, g;

	p = peer_new(keep_and_place, text);
	open_at(peer_url(p), 1, 2);
	dial(NULL);
	wait_for(&seen.done, 1);
	a = dial(NULL);
	b = dial(NULL);
	CHECK_INT(ERR_LIMIT,
	          carrier_dial(c, &call, NULL, on_dialed, NULL, NULL));
	CHECK_INT(2, carrier_waiting(c));
	CHECK_INT(1, carrier_position(c, a));
	CHECK_INT(2, carrier_position(c, b));
	CHECK_INT(0, carrier_withdraw(c, a));
	wait_for(&seen.done, 2);
	CHECK_INT(CARRIER_CANCELLED, seen.result[1]);
	CHECK_INT(-ENOENT, carrier_withdraw(c, a));
	CHECK_INT(0, carrier_position(c, a));
	CHECK_INT(1, carrier_position(c, b));
	g = dial(NULL);
	CHECK_INT(2, carrier_position(c, g));
	wait_for(&seen.done, 4);
	CHECK_INT(CARRIER_PLACED, seen.result[2]);
	CHECK_INT(CARRIER_PLACED, seen.result[3]);
	CHECK_INT(0, carrier_waiting(c));
	CHECK_INT(3, peer_requests(p));
	end();
}

static void a_call_held_back_is_not_posted(void)
{
	bool held = true;
	static char text[PEER_TEXT_MAX];

	open_peer(keep_and_place, text, 100);
	dial(&held);
	wait_for(&seen.done, 1);
	CHECK_INT(CARRIER_CANCELLED, seen.result[0]);
	CHECK_INT(1, seen.sending);
	CHECK_INT(0, peer_conns(p));
	end();
}

/* A row of answers to requests, and the requests as "METHOD path". */
struct talk {
	const int *status;
	const char *body;
	unsigned n;
	char lines[1024];
};

static void answer_in_turn(struct peer_conn *pc, void *arg)
{
	struct talk *t = arg;

	while (peer_read(pc)) {
		int status;

		pthread_mutex_lock(&lock);
		status = t->status[t->n++];
		snprintf(t->lines + strlen(t->lines),
		         sizeof(t->lines) - strlen(t->lines), "%.*s|",
		         (int)strcspn(pc->request, "\r"), pc->request);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		if (!status) {
			peer_reset(pc);
			return;
		}
		peer_answer(pc, status, "", status == 200 ? t->body : "");
	}
}

#define ACCOUNT "/v1/Account/MAXXXXXXXXXXXXXXXXXX"

static void a_hangup_is_repeated_until_the_call_is_gone(void)
{
	static const struct {
		int status[5];
		bool maybe_queued;
		int err;
		const char *lines;
	} cases[] = {
		{{204}, false, 0, "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"},
		{{404}, false, 0, "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"},
		{{401},
	         false,
	         ERR_AUTH,
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"},
		{{400},
	         false,
	         ERR_PROTO,
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"},
		{{404, 204},
	         true,
	         0,
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"
	         "DELETE " ACCOUNT "/Request/u-1/ HTTP/1.1|"},
		{{404, 404},
	         true,
	         0,
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"
	         "DELETE " ACCOUNT "/Request/u-1/ HTTP/1.1|"},
		{{503, 0, 204},
	         false,
	         0,
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"
	         "DELETE " ACCOUNT "/Call/u-1/ HTTP/1.1|"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct talk t = {.status = cases[i].status};
		const struct carrier_end gone = {.uuid = "u-1",
		                                 .maybe_queued =
		                                         cases[i].maybe_queued,
		                                 .done = on_ended};

		open_peer(answer_in_turn, &t, 1);
		CHECK_INT(0, carrier_hangup(c, &gone));
		wait_for(&seen.ended, 1);
		CHECK_INT(cases[i].err, seen.err);
		CHECK_STR(cases[i].lines, t.lines);
		end();
	}
}

static bool no(void *arg)
{
	(void)arg;
	return false;
}

static void a_hangup_may_turn_out_needless(void)
{
	static const int status[] = {204};
	struct talk t = {.status = status};
	const struct carrier_end gone = {
		.uuid = "u-1", .delay_ms = 30, .still = no, .done = on_ended};
	struct carrier_end bad = gone;

	open_peer(answer_in_turn, &t, 1);
	CHECK_INT(0, carrier_hangup(c, &gone));
	wait_for(&seen.ended, 1);
	CHECK_INT(0, seen.err);
	CHECK_INT(0, peer_conns(p));
	bad.uuid = "";
	CHECK_INT(-EINVAL, carrier_hangup(c, &bad));
	end();
}

static void the_carrier_says_what_it_knows(void)
{
	static const struct {
		enum carrier_list list;
		const char *uuid, *to, *body, *line, *infos;
		int status, err;
	} cases[] = {
		{CARRIER_LIVE, NULL, NULL,
	         "{\"api_id\":\"x\",\"calls\":[\"u-1\",\"u-2\"]}",
	         "GET " ACCOUNT "/Call/?status=live HTTP/1.1|",
	         "u-1   0|u-2   0|", 200, 0},
		{CARRIER_LIVE, NULL, NULL,
	         "{\"calls\":[\"\",\"u/1\",{\"call_uuid\":\"\"},7,\"u-2\"]}",
	         "GET " ACCOUNT "/Call/?status=live HTTP/1.1|", "u-2   0|", 200,
	         0},
		{CARRIER_QUEUED, NULL, NULL, "{\"calls\":[]}",
	         "GET " ACCOUNT "/Call/?status=queued HTTP/1.1|", "", 200, 0},
		{CARRIER_LIVE, "u-1", NULL,
	         "{\"call_uuid\":\"u-1\",\"to\":\"1555\",\"from\":\"1\"}",
	         "GET " ACCOUNT "/Call/u-1/?status=live HTTP/1.1|",
	         "u-1 1555  0|", 200, 0},
		{CARRIER_FINISHED, NULL, "+1555",
	         "{\"objects\":[{\"call_uuid\":\"u-3\",\"to_number\":\"1555\","
	         "\"hangup_cause_name\":\"Busy\","
	         "\"hangup_cause_code\":3010}]}",
	         "GET " ACCOUNT "/Call/?limit=20&to_number=%2B1555 HTTP/1.1|",
	         "u-3 1555 Busy 3010|", 200, 0},
		{CARRIER_LIVE, "u-1", NULL, "",
	         "GET " ACCOUNT "/Call/u-1/?status=live HTTP/1.1|", "", 404,
	         -ENOENT},
		{CARRIER_LIVE, NULL, NULL, "[1]",
	         "GET " ACCOUNT "/Call/?status=live HTTP/1.1|", "", 200,
	         ERR_PROTO},
		{CARRIER_LIVE, NULL, NULL, "",
	         "GET " ACCOUNT "/Call/?status=live HTTP/1.1|", "", 429,
	         ERR_LIMIT},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct talk t = {.status = &cases[i].status,
		                 .body = cases[i].body};

		open_peer(answer_in_turn, &t, 1);
		CHECK_INT(0, carrier_ask(c, cases[i].list, cases[i].uuid,
		                         cases[i].to, on_info, NULL));
		wait_for(&seen.asked, 1);
		CHECK_INT(cases[i].err, seen.err);
		CHECK_STR(cases[i].line, t.lines);
		CHECK_STR(cases[i].infos, seen.infos);
		end();
	}
}

static void say_nothing(struct peer_conn *pc, void *arg)
{
	(void)arg;
	if (peer_read(pc)) {
		pthread_mutex_lock(&lock);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		peer_wait(pc, WAIT_MS);
	}
}

static void the_end_of_the_carrier_ends_everything(void)
{
	const struct carrier_end gone = {.uuid = "u", .done = on_ended};
	unsigned i;

	open_peer(say_nothing, NULL, 1);
	dial(NULL);
	dial(NULL);
	CHECK_INT(0, carrier_hangup(c, &gone));
	CHECK_INT(0, carrier_ask(c, CARRIER_LIVE, NULL, NULL, on_info, NULL));
	for (i = 0; i < 1000 && peer_requests(p) < 3; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	carrier_free(&c);
	CHECK_INT(2, seen.done);
	CHECK_INT(CARRIER_CANCELLED, seen.result[0]);
	CHECK_INT(CARRIER_UNKNOWN, seen.result[1]);
	CHECK_INT(1, seen.ended);
	CHECK_INT(1, seen.asked);
	CHECK_INT(-ECANCELED, seen.err);
	end();
}

static const struct test tests[] = {
	TEST(a_call_is_asked_for_with_everything_set),
	TEST(every_outcome_is_told_apart_with_one_post),
	TEST(a_post_never_rides_on_a_used_connection),
	TEST(nobody_there_is_no_call),
	TEST(posts_keep_the_pace),
	TEST(a_refusal_for_speed_holds_the_others),
	TEST(the_queue_has_an_order_and_an_end),
	TEST(a_call_held_back_is_not_posted),
	TEST(a_hangup_is_repeated_until_the_call_is_gone),
	TEST(a_hangup_may_turn_out_needless),
	TEST(the_carrier_says_what_it_knows),
	TEST(the_end_of_the_carrier_ends_everything),
};

TEST_MAIN(tests)
