/*
 * reconnect.h - when a provider's socket is opened again, and when no more
 *
 * The first try comes at once, then after 0.1, 0.3, 1 and 2 s with jitter; a
 * call does not wait as a batch job would. A connection that has proved good
 * starts the count anew. Refusals that no retry cures end it at once.
 */
#ifndef BOT_PROVIDER_RECONNECT_H
#define BOT_PROVIDER_RECONNECT_H

#include "common/attr.h"
#include "common/timer.h"

enum { RECONNECT_TRIES = 5 };

struct reconnect {
	struct timers *timers;
	struct timer timer;
	unsigned tries;
	unsigned limit;               /* of tries; 0: RECONNECT_TRIES */
	const char *module, *call_id; /* for logs; borrowed */
};

void reconnect_init(struct reconnect *r, struct timers *ts, const char *module,
                    const char *call_id);

/* The connection failed with @err and HTTP @status (0: none): call @handler
 * when it is time to try again. An error instead: it is over, the handler will
 * not run. ERR_AUTH: 401, 403. -EDQUOT: 402. ERR_PROVIDER: another refusal.
 * @err itself: too many tries. */
int reconnect_later(struct reconnect *r, int err, int status, timer_h *handler,
                    void *arg) MUST_CHECK;

/* The connection does its work. */
void reconnect_good(struct reconnect *r);

void reconnect_stop(struct reconnect *r);

/* The error that an HTTP status of a provider stands for: ERR_AUTH, -EDQUOT
 * (402), ERR_LIMIT (429), -EBUSY (5xx, 408, 409), ERR_PROVIDER (other). */
int provider_status_err(int status);

#endif
