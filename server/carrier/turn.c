/*
 * When the next POST may go out. Alone, a server counts for itself. Where
 * several share the carrier's pace, a turn is taken before each POST from who
 * gives them to all.
 */
#include <errno.h>
#include <limits.h>

#include "common/err.h"
#include "common/log.h"
#include "server/carrier/priv.h"

enum {
	HOLD_MIN_SEC = 1,  /* [s] after a 429 nothing is posted for */
	HOLD_MAX_SEC = 10, /* [s] that long, whatever the answer says */
	FAULT_MS = 500,    /* [ms] until turns are asked for again */
	/* [us] What is later than that has missed its turn. Turns are a
	 * little further apart than the pace says, so that one that is as
	 * late as this does not make a second of one too many. */
	LATE_US = 30000,
	/* [us] It is written down that a call is dialled so long before its
	 * turn, as that may take some time. */
	LEAD_US = 50000,
	APART_PERCENT = 104,
	RETAKES_MAX = 3, /* turns taken for a call that missed its own */
	/* Turns left to a more urgent call of another server, which may be
	 * waiting for something else. */
	YIELDS_MAX = 10,
};

static uint64_t apart_us(const struct carrier *c)
{
	return c->interval_us * APART_PERCENT / 100;
}

static void wait_until(struct carrier *c, uint64_t now)
{
	uint64_t at = c->next_us;

	if (c->has_turn || !c->turn)
		at -= LEAD_US;
	fetchd_timer(c->d, &c->pace,
	             at > now ? (uint32_t)((at - now + 999) / 1000) : 0,
	             carrier_pump, c);
}

/* The others have more urgent calls: theirs is the next turn. */
static void yield_turn(struct carrier *c)
{
	c->yields++;
	carrier_pause(c, (uint32_t)(c->interval_us / 1000) + 1);
}

/* Have a turn that is not over. False: none can be had now. */
static bool take_turn(struct carrier *c, int priority)
{
	uint64_t now = carrier_clock_us(), wait_us;
	int err;

	if (c->has_turn && now < c->next_us + LATE_US)
		return true;
	if (c->yields >= YIELDS_MAX)
		priority = INT_MAX;
	err = c->turn(priority, apart_us(c), &wait_us, c->turn_arg);
	if (err == -EAGAIN) {
		yield_turn(c);
		return false;
	}
	if (err) {
		log_line(LOG_WARN, "carrier", NULL, "event=no_turn text=%s",
		         LOG_TEXT(err_str(err)));
		carrier_pause(c, FAULT_MS);
		return false;
	}
	c->next_us = carrier_clock_us() + wait_us;
	c->has_turn = true;
	c->yields = 0;
	return true;
}

bool carrier_its_turn(struct carrier *c, int priority)
{
	uint64_t now = carrier_clock_us();

	const bool leads = c->has_turn || !c->turn;

	if (now + (leads ? LEAD_US : 0) < c->next_us) {
		wait_until(c, now);
		return false;
	}
	if (!c->turn)
		return true;
	if (take_turn(c, priority)) {
		now = carrier_clock_us();
		if (now + LEAD_US >= c->next_us)
			return true;
	}
	wait_until(c, now);
	return false;
}

void carrier_spend_turn(struct carrier *c)
{
	uint64_t now = carrier_clock_us();

	c->has_turn = false;
	c->retakes = 0;
	if (c->turn)
		return;
	/* A little lateness is caught up with; idle time is not saved. */
	if (now > c->next_us + LATE_US)
		c->next_us = now;
	c->next_us += apart_us(c);
}

bool carrier_in_time(struct carrier *c, uint64_t *at_us)
{
	for (;;) {
		uint64_t now = carrier_clock_us(), wait_us;

		if (now < *at_us)
			return false;
		if (now <= *at_us + LATE_US)
			return true;
		if (!c->turn) {
			now += apart_us(c);
			if (now > c->next_us) /* or it was paused till then */
				c->next_us = now;
			return true;
		}
		/* It is written down that the call goes out: nobody comes
		 * before it, and no pace is worth more than it. */
		if (c->retakes++ == RETAKES_MAX ||
		    c->turn(INT_MAX, apart_us(c), &wait_us, c->turn_arg))
			return true;
		*at_us = carrier_clock_us() + wait_us;
	}
}

void carrier_slow(struct carrier *c, unsigned percent)
{
	ASSERT(percent >= 1 && percent <= 100);
	c->interval_us = c->full_us * 100 / percent;
}

void carrier_pause(struct carrier *c, uint32_t ms)
{
	uint64_t until = carrier_clock_us() + (uint64_t)ms * 1000;

	c->has_turn = false;
	if (until > c->next_us)
		c->next_us = until;
}

/* The others would be refused just as well. */
void carrier_hold(struct carrier *c, long sec)
{
	if (sec < HOLD_MIN_SEC)
		sec = HOLD_MIN_SEC;
	if (sec > HOLD_MAX_SEC)
		sec = HOLD_MAX_SEC;
	carrier_pause(c, (uint32_t)sec * 1000);
	if (c->turn_hold)
		c->turn_hold((uint32_t)sec * 1000, c->turn_arg);
}
