#include "bot/net/backoff.h"

uint32_t backoff_next(struct backoff *b, uint32_t random)
{
	uint64_t ms = b->first_ms;

	for (unsigned i = 0; i < b->tries && ms < b->cap_ms; i++)
		ms *= 2;
	if (ms > b->cap_ms)
		ms = b->cap_ms;
	b->tries++;
	return (uint32_t)(ms - ms / 2 + random % (ms / 2 + 1));
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
