/*
 * board.h - the carrier's client of a test, and what its handlers were told
 *
 * There is one, at a peer that plays Plivo. Handlers run on the dispatcher's
 * thread: what they write is read under the lock, or once board_wait() is back.
 */
#ifndef TESTS_FAKE_BOARD_H
#define TESTS_FAKE_BOARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/carrier/carrier.h"
#include "tests/fake/peer.h"

#define BOARD_PLACED                                                      \
	"{\"api_id\":\"a\",\"message\":\"call queued\",\"request_uuid\":" \
	"\"9834029e-58b6-11e1-b8b7-a5bd0e4e126f\"}"

enum { BOARD_WAIT_MS = 10000, BOARD_SEEN_MAX = 32 };

struct board {
	struct fetchd *d;
	struct carrier *c;
	struct peer *p;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct {
		unsigned done, sending;
		enum carrier_result result[BOARD_SEEN_MAX];
		char uuid[80], text[512];
		int status, err;
		long retry_after_sec;
		unsigned ended, asked;
		char infos[512];
	} seen;
};

extern struct board board;

/* A client of @url; of a peer with this script. @turn: as in carrier_opts. */
typedef int board_turn_h(int priority, uint64_t interval_us, uint64_t *wait_us,
                         void *arg);
void board_open(const char *url, uint32_t cps, uint32_t queue_max);
void board_open_peer(peer_h *script, void *arg, uint32_t cps);
void board_open_turns(peer_h *script, void *arg, uint32_t cps,
                      board_turn_h *turn);
void board_close(void);

/* Wait until this count of board.seen is @n, which it must not pass. */
void board_wait(const unsigned *what, unsigned n);

/* Ask for the call that is always asked for; the ticket. @held: NULL, or
 * whether it is not to be sent after all. */
extern const struct carrier_dial board_call;
uint64_t board_dial(bool *held);

/* Handlers. */
void board_dialed(const struct carrier_outcome *o, void *arg);
int board_sending(void *arg);
void board_ended(int err, void *arg);
void board_info(const struct carrier_info *i, int err, void *arg);

#endif
