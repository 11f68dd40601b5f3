/* Calls are hung up and asked after; the carrier ends. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "tests/fake/board.h"
#include "tests/harness/test.h"

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

		pthread_mutex_lock(&board.lock);
		status = t->status[t->n++];
		snprintf(t->lines + strlen(t->lines),
		         sizeof(t->lines) - strlen(t->lines), "%.*s|",
		         (int)strcspn(pc->request, "\r"), pc->request);
		pthread_cond_broadcast(&board.changed);
		pthread_mutex_unlock(&board.lock);
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
		                                 .done = board_ended};

		board_open_peer(answer_in_turn, &t, 1);
		CHECK_INT(0, carrier_hangup(board.c, &gone));
		board_wait(&board.seen.ended, 1);
		CHECK_INT(cases[i].err, board.seen.err);
		CHECK_STR(cases[i].lines, t.lines);
		board_close();
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
	const struct carrier_end gone = {.uuid = "u-1",
	                                 .delay_ms = 30,
	                                 .still = no,
	                                 .done = board_ended};
	struct carrier_end bad = gone;

	board_open_peer(answer_in_turn, &t, 1);
	CHECK_INT(0, carrier_hangup(board.c, &gone));
	board_wait(&board.seen.ended, 1);
	CHECK_INT(0, board.seen.err);
	CHECK_INT(0, peer_conns(board.p));
	bad.uuid = "";
	CHECK_INT(-EINVAL, carrier_hangup(board.c, &bad));
	board_close();
}

/* The call goes on by now: what was asked for once is not asked again. */
static bool once(void *arg)
{
	unsigned *n = arg;

	return ++*n < 3;
}

static void a_stream_is_left_only_while_that_is_wanted(void)
{
	static const struct {
		int status[3];
		const char *lines;
		unsigned asked;
		int err;
	} cases[] = {
		{{204}, "DELETE " ACCOUNT "/Call/u-1/Stream/ HTTP/1.1|", 1, 0},
		{{404}, "DELETE " ACCOUNT "/Call/u-1/Stream/ HTTP/1.1|", 1, 0},
		{{401},
	         "DELETE " ACCOUNT "/Call/u-1/Stream/ HTTP/1.1|",
	         1,
	         ERR_AUTH},
		{{503, 0, 204},
	         "DELETE " ACCOUNT "/Call/u-1/Stream/ HTTP/1.1|"
	         "DELETE " ACCOUNT "/Call/u-1/Stream/ HTTP/1.1|",
	         3,
	         0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct talk t = {.status = cases[i].status};
		unsigned asked = 0;
		const struct carrier_end leave = {.uuid = "u-1",
		                                  .still = once,
		                                  .done = board_ended,
		                                  .arg = &asked};

		board_open_peer(answer_in_turn, &t, 1);
		CHECK_INT(0, carrier_leave(board.c, &leave));
		board_wait(&board.seen.ended, 1);
		CHECK_INT(cases[i].err, board.seen.err);
		CHECK_STR(cases[i].lines, t.lines);
		CHECK_INT(cases[i].asked, asked);
		board_close();
	}
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

		board_open_peer(answer_in_turn, &t, 1);
		CHECK_INT(0, carrier_ask(board.c, cases[i].list, cases[i].uuid,
		                         cases[i].to, board_info, NULL));
		board_wait(&board.seen.asked, 1);
		CHECK_INT(cases[i].err, board.seen.err);
		CHECK_STR(cases[i].line, t.lines);
		CHECK_STR(cases[i].infos, board.seen.infos);
		board_close();
	}
}

static void say_nothing(struct peer_conn *pc, void *arg)
{
	(void)arg;
	if (peer_read(pc)) {
		pthread_mutex_lock(&board.lock);
		pthread_cond_broadcast(&board.changed);
		pthread_mutex_unlock(&board.lock);
		peer_wait(pc, BOARD_WAIT_MS);
	}
}

static void the_end_of_the_carrier_ends_everything(void)
{
	const struct carrier_end gone = {.uuid = "u", .done = board_ended};
	unsigned i;

	board_open_peer(say_nothing, NULL, 1);
	board_dial(NULL);
	board_dial(NULL);
	CHECK_INT(0, carrier_hangup(board.c, &gone));
	CHECK_INT(0, carrier_ask(board.c, CARRIER_LIVE, NULL, NULL, board_info,
	                         NULL));
	for (i = 0; i < 1000 && peer_requests(board.p) < 3; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	carrier_free(&board.c);
	CHECK_INT(2, board.seen.done);
	CHECK_INT(CARRIER_CANCELLED, board.seen.result[0]);
	CHECK_INT(CARRIER_UNKNOWN, board.seen.result[1]);
	CHECK_INT(1, board.seen.ended);
	CHECK_INT(1, board.seen.asked);
	CHECK_INT(-ECANCELED, board.seen.err);
	board_close();
}

static const struct test tests[] = {
	TEST(a_hangup_is_repeated_until_the_call_is_gone),
	TEST(a_hangup_may_turn_out_needless),
	TEST(a_stream_is_left_only_while_that_is_wanted),
	TEST(the_carrier_says_what_it_knows),
	TEST(the_end_of_the_carrier_ends_everything),
};

TEST_MAIN(tests)
