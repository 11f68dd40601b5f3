/* To write down that a call goes out takes longer than its turn lasts. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "tests/fake/board.h"
#include "tests/harness/test.h"

enum {
	SLOW_MS = 250,  /* [ms] what it takes; turns last some 30 */
	AGAIN_MS = 100, /* [ms] until the second turn */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Under the board's lock. */
static struct {
	uint64_t posted[4], written;
	unsigned posts, turns;
	int priority;
} saw;

static void note_post(struct peer_conn *pc, void *arg)
{
	(void)arg;
	while (peer_read(pc)) {
		pthread_mutex_lock(&board.lock);
		saw.posted[saw.posts++] = now_ms();
		pthread_mutex_unlock(&board.lock);
		peer_answer(pc, 201, "", BOARD_PLACED);
	}
}

static int write_slowly(void *arg)
{
	(void)arg;
	test_pause(SLOW_MS);
	pthread_mutex_lock(&board.lock);
	saw.written = now_ms();
	pthread_mutex_unlock(&board.lock);
	return 0;
}

static void dial_slowly(void)
{
	CHECK_INT(0, carrier_dial(board.c, &board_call, write_slowly,
	                          board_dialed, NULL, NULL));
}

/* The first turn is now, any other some time away. */
static int give_turn(int priority, uint64_t interval_us, uint64_t *wait_us,
                     void *arg)
{
	(void)interval_us;
	(void)arg;
	pthread_mutex_lock(&board.lock);
	*wait_us = saw.turns++ ? AGAIN_MS * 1000 : 0;
	saw.priority = priority;
	pthread_mutex_unlock(&board.lock);
	return 0;
}

static void it_waits_for_another_turn_of_all_servers(void)
{
	board_open_turns(note_post, NULL, 10, give_turn);
	dial_slowly();
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_PLACED, board.seen.result[0]);
	CHECK(saw.turns >= 2);
	/* It is not to be overtaken by what is not written down. */
	CHECK_INT(INT_MAX, saw.priority);
	CHECK(saw.posted[0] >= saw.written + AGAIN_MS - 1);
	board_close();
}

static int give_none_again(int priority, uint64_t interval_us,
                           uint64_t *wait_us, void *arg)
{
	(void)give_turn(priority, interval_us, wait_us, arg);
	return saw.turns > 1 ? -EIO : 0;
}

static void it_goes_out_when_no_other_can_be_had(void)
{
	board_open_turns(note_post, NULL, 10, give_none_again);
	dial_slowly();
	board_wait(&board.seen.done, 1);
	CHECK_INT(CARRIER_PLACED, board.seen.result[0]);
	CHECK_INT(2, saw.turns);
	board_close();
}

static void one_that_was_late_holds_the_next_of_a_server_alone(void)
{
	board_open_peer(note_post, NULL, 10);
	dial_slowly();
	board_dial(NULL);
	board_wait(&board.seen.done, 2);
	/* The first went out no earlier than it was written down. */
	CHECK(saw.posted[1] >= saw.written + 100);
	board_close();
}

static const struct test tests[] = {
	TEST(it_waits_for_another_turn_of_all_servers),
	TEST(it_goes_out_when_no_other_can_be_had),
	TEST(one_that_was_late_holds_the_next_of_a_server_alone),
};

TEST_MAIN(tests)
