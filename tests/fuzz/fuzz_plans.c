/*
 * What an operator writes about when, how often and how much may be called.
 */
#include "server/budget.h"
#include "server/hours.h"
#include "server/plan.h"
#include "server/retry.h"
#include "server/when.h"
#include "tests/fuzz/fuzz.h"

static void check_hours(const struct hours *h)
{
	for (int day = 0; day < HOURS_DAYS; day++) {
		must(h->n[day] >= 0 && h->n[day] <= HOURS_WINDOWS);
		for (int i = 0; i < h->n[day]; i++)
			must(h->windows[day][i].from >= 0 &&
			     h->windows[day][i].from < h->windows[day][i].to &&
			     h->windows[day][i].to <= 24 * 60);
	}
}

enum { NOW_MS = 1000000000 };

static void check_when(const char *text)
{
	int64_t ms;
	int priority;

	if (!when_parse(str_of(text), NOW_MS, &ms))
		must(ms >= -86400000 &&
		     ms - NOW_MS <= 1000 * (int64_t)WHEN_AHEAD_SEC);
	if (!when_priority(str_of(text), &priority))
		must(priority >= -WHEN_PRIORITY_MAX &&
		     priority <= WHEN_PRIORITY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_string(data, len);
	struct retry_rule r;
	struct budget b;
	struct hours h;

	if (hours_parse(&h, text) == 0)
		check_hours(&h);
	if (budget_parse(&b, text, BUDGET_DAY) == 0)
		must(budget_least(&b) >= 1 && budget_least(&b) <= BUDGET_MAX);
	if (retry_rule_parse(&r, text) == 0)
		must(r.times && r.apart_ms >= 1000);
	check_when(text);
	if (text[0] == '+') {
		plan_zones(text);
		plan_possible(text);
	}
	free(text);
	return 0;
}
