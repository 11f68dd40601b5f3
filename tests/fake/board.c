#define _POSIX_C_SOURCE 200809L
#include "tests/fake/board.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/curl/fetchd.h"
#include "common/err.h"
#include "common/mem.h"
#include "tests/harness/test.h"

struct board board = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

void board_wait(const unsigned *what, unsigned n)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2 * BOARD_WAIT_MS / 1000;
	pthread_mutex_lock(&board.lock);
	while (*what < n) {
		if (pthread_cond_timedwait(&board.changed, &board.lock, &until))
			test_fail(__FILE__, __LINE__, "waited in vain for %u",
			          n);
	}
	CHECK_INT(n, *what);
	pthread_mutex_unlock(&board.lock);
}

void board_dialed(const struct carrier_outcome *o, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&board.lock);
	ASSERT(board.seen.done < BOARD_SEEN_MAX);
	board.seen.result[board.seen.done++] = o->result;
	board.seen.status = o->status;
	board.seen.retry_after_sec = o->retry_after_sec;
	snprintf(board.seen.uuid, sizeof(board.seen.uuid), "%s", o->uuid);
	snprintf(board.seen.text, sizeof(board.seen.text), "%s", o->text);
	pthread_cond_broadcast(&board.changed);
	pthread_mutex_unlock(&board.lock);
}

int board_sending(void *arg)
{
	const bool *held = arg;

	pthread_mutex_lock(&board.lock);
	board.seen.sending++;
	pthread_mutex_unlock(&board.lock);
	return held && *held ? ERR_STALE : 0;
}

void board_ended(int err, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&board.lock);
	board.seen.ended++;
	board.seen.err = err;
	pthread_cond_broadcast(&board.changed);
	pthread_mutex_unlock(&board.lock);
}

void board_info(const struct carrier_info *i, int err, void *arg)
{
	size_t n;

	(void)arg;
	pthread_mutex_lock(&board.lock);
	n = strlen(board.seen.infos);
	if (i) {
		snprintf(board.seen.infos + n, sizeof(board.seen.infos) - n,
		         "%s %s %s %d|", i->uuid, i->to, i->cause,
		         i->cause_code);
	} else {
		board.seen.asked++;
		board.seen.err = err;
	}
	pthread_cond_broadcast(&board.changed);
	pthread_mutex_unlock(&board.lock);
}

static void open_client(const char *url, uint32_t cps, uint32_t queue_max,
                        board_turn_h *turn)
{
	const struct fetch_opts fo = {0};
	const struct carrier_opts co = {.ops = &carrier_plivo_ops,
	                                .api_url = url,
	                                .auth_id = "MAXXXXXXXXXXXXXXXXXX",
	                                .auth_token = "secret",
	                                .calls_per_sec = cps,
	                                .queue_max = queue_max,
	                                .turn = turn};

	memset(&board.seen, 0, sizeof(board.seen));
	CHECK_INT(0, fetchd_new(&board.d, &fo));
	CHECK_INT(0, carrier_new(&board.c, board.d, &co));
}

void board_open(const char *url, uint32_t cps, uint32_t queue_max)
{
	open_client(url, cps, queue_max, NULL);
}

void board_open_turns(peer_h *script, void *arg, uint32_t cps,
                      board_turn_h *turn)
{
	board.p = peer_new(script, arg);
	open_client(peer_url(board.p), cps, 0, turn);
}

void board_open_peer(peer_h *script, void *arg, uint32_t cps)
{
	board_open_turns(script, arg, cps, NULL);
}

void board_close(void)
{
	carrier_free(&board.c);
	CHECK(board.c == NULL);
	fetchd_free(&board.d);
	if (board.p)
		peer_free(&board.p);
	CHECK_INT(0, mem_live());
}

const struct carrier_dial board_call = {
	.id = "a-b_1",
	.from = "+15550001111",
	.to = "+15552223333",
	.answer_url = "https://x.example/answer/K",
	.ring_url = "https://x.example/events/K",
	.hangup_url = "https://x.example/events/K",
	.ring_sec = 45,
	.time_limit_sec = 900,
};

uint64_t board_dial(bool *held)
{
	uint64_t ticket = 0;

	CHECK_INT(0, carrier_dial(board.c, &board_call, board_sending,
	                          board_dialed, held, &ticket));
	CHECK(ticket != 0);
	return ticket;
}
