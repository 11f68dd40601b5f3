/*
 * zone_rule.h - the rule of a time zone for all years to come
 *
 * The text at the end of a TZif file, as POSIX has it in TZ:
 * "EST5EDT,M3.2.0,M11.1.0". For zone.c alone.
 */
#ifndef SERVER_ZONE_RULE_H
#define SERVER_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/str.h"

enum zone_day_kind { ZONE_JULIAN, ZONE_ORDINAL, ZONE_WEEKDAY };

/* A moment of each year. */
struct zone_day {
	enum zone_day_kind kind;
	int day;         /* JULIAN: 1-365, no 29 February; ORDINAL: 0-365;
	                  * WEEKDAY: 0 is Sunday */
	int month, week; /* WEEKDAY: 1-12; 1-5, 5 is the last one */
	int32_t sec;     /* of the day, by the clocks until then */
};

struct zone_rule {
	int32_t std, dst; /* [s] ahead of UTC */
	bool has_dst;
	struct zone_day start, end; /* of dst */
};

/* -EINVAL. */
int zone_rule_parse(struct zone_rule *r, struct str text) MUST_CHECK;

int32_t zone_rule_offset(const struct zone_rule *r, int64_t sec);

#endif
