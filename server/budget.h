/*
 * budget.h - how much may be used a minute, an hour and a day
 */
#ifndef SERVER_BUDGET_H
#define SERVER_BUDGET_H

#include <stdint.h>

#include "common/attr.h"

enum budget_span { BUDGET_MINUTE, BUDGET_HOUR, BUDGET_DAY, BUDGET_SPANS };

enum { BUDGET_TEXT_MAX = 96 /* [bytes] of a list */ };

/* Any budget: calls at once, all day long. */
#define BUDGET_MAX INT64_C(10000000000)

struct budget {
	int64_t per[BUDGET_SPANS]; /* 0: no limit */
};

/* Read "10/minute,100/hour,500/day", each span at most once, each number from
 * 1 to BUDGET_MAX. A number without a span is of @bare. -EINVAL. */
int budget_parse(struct budget *b, const char *text,
                 enum budget_span bare) MUST_CHECK;

/* The least of them; 0: there is none. */
int64_t budget_least(const struct budget *b);

/* The smaller one of each span that either has. */
void budget_join(struct budget *b, const struct budget *with);

/* "a minute"; [ms]. */
const char *budget_span_text(enum budget_span span);
int64_t budget_span_ms(enum budget_span span);

#endif
