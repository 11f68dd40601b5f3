/*
 * budget.h - how often a provider may be asked once more
 *
 * Of the requests that a provider gets in ten seconds one in ten may be a
 * second try, or a handful where there are few: a provider that has fallen
 * behind must not get twice the work for it. Pure.
 */
#ifndef BOT_BUDGET_H
#define BOT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BUDGET_WINDOW_MS = 10000,
	BUDGET_SHARE = 10, /* one of so many requests */
	BUDGET_FREE = 5,   /* second tries of a window, whatever its requests */
};

/* Zeroed: nothing was asked yet. */
struct budget {
	uint64_t from_us; /* this window */
	unsigned requests, tries;
};

/* It is asked for the first time. */
void budget_request(struct budget *b, uint64_t now_us);

/* May it be asked once more? True: this is counted. */
bool budget_try(struct budget *b, uint64_t now_us);

#endif
