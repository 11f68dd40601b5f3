#include "bot/net/pace.h"

uint64_t pace_turn(struct pace *p, uint64_t now_us)
{
	const uint64_t most = (uint64_t)PACE_SAVED * PACE_TURN_US;

	if (now_us > p->last_us) {
		p->saved_us += now_us - p->last_us;
		p->last_us = now_us;
	}
	if (p->saved_us > most)
		p->saved_us = most;
	if (p->saved_us >= PACE_TURN_US) {
		p->saved_us -= PACE_TURN_US;
		return 0;
	}
	p->last_us = now_us + PACE_TURN_US - p->saved_us;
	p->saved_us = 0;
	return p->last_us;
}
