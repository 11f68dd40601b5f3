#include "bot/budget.h"

static void roll(struct budget *b, uint64_t now_us)
{
	if (now_us - b->from_us < BUDGET_WINDOW_MS * 1000ULL)
		return;
	*b = (struct budget){.from_us = now_us};
}

void budget_request(struct budget *b, uint64_t now_us)
{
	roll(b, now_us);
	b->requests++;
}

bool budget_try(struct budget *b, uint64_t now_us)
{
	unsigned most;

	roll(b, now_us);
	most = b->requests / BUDGET_SHARE;
	if (most < BUDGET_FREE)
		most = BUDGET_FREE;
	if (b->tries >= most)
		return false;
	b->tries++;
	return true;
}
