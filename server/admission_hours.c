/*
 * Calling hours: what the configuration, the plan of numbers and the system's
 * clocks say together.
 */
#include <errno.h>
#include <stdio.h>

#include "common/err.h"
#include "common/log.h"
#include "common/str.h"
#include "server/admission.h"
#include "server/app.h"
#include "server/config.h"
#include "server/hours.h"
#include "server/http/message.h"
#include "server/plan.h"
#include "server/store/retry.h"
#include "server/zone.h"

enum { FAULT_RETRY_SEC = 60 };

static void refuse_closed(const struct config *cfg, const char *masked,
                          const struct hours_now *now, struct http_res *res)
{
	int64_t ms = now->next_sec * 1000 - app_now_ms();
	char next[APP_TIME_MAX];

	if (!now->next_sec) {
		http_fail(res, 403,
		          "CALLING_HOURS=%s: there is no minute of a week that "
		          "they allow in all time zones in which %s may ring.",
		          cfg->calling_hours, masked);
		return;
	}
	http_fail_later(res, 403, ms > 1000 ? (unsigned)(ms / 1000) + 1 : 1,
	                "It is %02d:%02d in %s: CALLING_HOURS=%s let %s ring "
	                "again from %s on.",
	                now->minute / 60, now->minute % 60, now->zone,
	                cfg->calling_hours, masked,
	                app_time(next, now->next_sec * 1000));
}

bool admission_hours(const struct config *cfg, const char *number,
                     struct http_res *res)
{
	const char *const *zones = plan_zones(number);
	char masked[STR_PHONE_MAX];
	struct hours_now now;
	int err;

	if (!cfg->calling_hours)
		return true;
	str_mask_phone(masked, number);
	if (!zones || !plan_possible(number)) {
		http_fail(
			res, 422,
			"%s is of no country whose numbers and time zones are "
			"known, or has too few or too many digits for it: "
			"CALLING_HOURS cannot be kept.",
			masked);
		return false;
	}
	err = hours_look(&cfg->hours, NULL, zones, app_now_ms() / 1000, &now);
	if (err) {
		log_line(LOG_ERROR, "hours", NULL,
		         "event=no_zone zone=%s text=%s", now.zone,
		         LOG_TEXT(err_str(err)));
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "CALLING_HOURS cannot be kept: the time zone "
		                "%s is not to be read here.",
		                now.zone);
	} else if (!now.open) {
		refuse_closed(cfg, masked, &now, res);
	}
	return !err && now.open;
}

bool admission_still(const struct config *cfg, const char *number)
{
	const char *const *zones = plan_zones(number);
	struct hours_now now;

	if (!cfg->calling_hours)
		return true;
	return zones &&
	       !hours_look(&cfg->hours, NULL, zones, app_now_ms() / 1000,
	                   &now) &&
	       now.open;
}

int64_t admission_next(const struct config *cfg, const char *number,
                       int64_t now_ms)
{
	const char *const *zones = plan_zones(number);
	struct hours_now now;

	if (!cfg->calling_hours)
		return now_ms;
	if (!zones || hours_look(&cfg->hours, NULL, zones, now_ms / 1000, &now))
		return STORE_RETRY_NEVER;
	if (now.open)
		return now_ms;
	return now.next_sec ? now.next_sec * 1000 : STORE_RETRY_NEVER;
}

int admission_ready(const struct config *cfg, char *why, size_t cap)
{
	const char *const *set;
	struct zone *z;
	int err = 0;

	for (unsigned i = 0; cfg->calling_hours && (set = plan_set(i)); i++)
		for (; *set && !err; set++) {
			err = zone_open(&z, NULL, *set);
			zone_close(&z);
			if (err)
				snprintf(why, cap,
				         "CALLING_HOURS cannot be kept, the "
				         "time zone %s is not to be read: "
				         "install tzdata",
				         *set);
		}
	return err;
}
