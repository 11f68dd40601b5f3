/*
 * admit.h - how many calls this bot takes, and whether it takes more now
 *
 * Admission happens when a place is reserved, before anybody is dialled: a
 * person who answers finds a bot with time for the call. Two limits: a number
 * of calls, given or estimated from this machine's speed; and the loop's own
 * lateness, which knows what no estimate does. Pure but for the measuring.
 */
#ifndef BOT_ADMIT_H
#define BOT_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ADMIT_SHUT_US = 20000,        /* p99 lateness: a whole media packet */
	ADMIT_OPEN_US = 10000,        /* good again below this ... */
	ADMIT_GOOD_US = 30 * 1000000, /* ... for so long */
	/* Timers in ten seconds below which lateness says nothing of calls:
	 * an idle loop's few are at the mercy of any neighbour. */
	ADMIT_COUNT_MIN = 200,
};

struct admit {
	bool shut;
	uint64_t good_since_us; /* 0: not good now */
};

/* Once a second: is the loop fit for more calls? @p99_us is the lateness of
 * @count timers. */
bool admit_step(struct admit *a, uint32_t p99_us, uint64_t count,
                uint64_t now_us);

/* Calls that this machine carries: with hosted providers one core's worth
 * (the bot has one thread), with engines in process what @cores compute.
 * Takes some 20 ms. */
unsigned admit_measure(bool embedded, unsigned cores);

#endif
