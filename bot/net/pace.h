/*
 * pace.h - a busy loop turns once a millisecond
 *
 * With hundreds of calls a packet arrives every few microseconds, and a loop
 * that wakes for each of them spends most of its time falling asleep and
 * waking up. A turn that waits until its millisecond is over finds all packets
 * of that millisecond at once. A loop with little to do is never held up: it
 * saves up turns for its bursts, such as connecting or a reply's beginning.
 */
#ifndef BOT_NET_PACE_H
#define BOT_NET_PACE_H

#include <stdint.h>

enum {
	PACE_TURN_US = 1000, /* of a busy loop; audio is late by this at most */
	PACE_SAVED = 32,     /* turns that may follow at once */
};

/* All zeros is a loop that has nothing saved. */
struct pace {
	uint64_t last_us;
	uint64_t saved_us;
};

/* A turn is about to begin: the time until which it should wait, 0 if it need
 * not. The waiting is taken for done. */
uint64_t pace_turn(struct pace *p, uint64_t now_us);

#endif
