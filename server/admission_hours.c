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

enum {
	FAULT_RETRY_SEC = 60,
	AHEAD_MS = 8 * 86400 * 1000, /* [ms] a week has all of its minutes */
};

static void refuse_closed(const struct config *cfg, const char *masked,
                          const struct hours_now *now, struct http_res *res)
{
	int64_t ms = now->next_sec * 1000 - app_now_ms();
	char next[APP_TIME_MAX];

	if (!now->next_sec) {
		http_fail(res, 403,
		          "CALLING_HOURS=%s have no minute of a week that they "
		          "allow in all time zones in which %s may ring: set "
		          "longer ones.",
		          cfg->calling_hours, masked);
		return;
	}
	http_fail_later(
		res, 403, ms > 1000 ? (unsigned)(ms / 1000) + 1 : 1,
		"It is %02d:%02d in %s: CALLING_HOURS=%s let %s ring again "
		"from %s on. Try again then, or set \"not_before\".",
		now->minute / 60, now->minute % 60, now->zone,
		cfg->calling_hours, masked,
		app_time(next, now->next_sec * 1000));
}

/* Is it known where @number rings? False: @res is the refusal. */
static bool is_known(const char *number, struct http_res *res)
{
	char masked[STR_PHONE_MAX];

	if (plan_zones(number) && plan_possible(number))
		return true;
	http_fail(res, 422,
	          "%s is of no country whose numbers and time zones are known, "
	          "or has too few or too many digits for it, so that "
	          "CALLING_HOURS cannot be kept: check the number.",
	          str_mask_phone(masked, number));
	return false;
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
	if (!is_known(number, res))
		return false;
	err = hours_look(&cfg->hours, NULL, zones, app_now_ms() / 1000, &now);
	if (err) {
		log_line(LOG_ERROR, "hours", NULL,
		         "event=no_zone zone=%s text=%s", now.zone,
		         LOG_TEXT(err_str(err)));
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "CALLING_HOURS cannot be kept, because the "
		                "time zone %s is not to be read here: install "
		                "the package tzdata.",
		                now.zone);
	} else if (!now.open) {
		refuse_closed(cfg, masked, &now, res);
	}
	return !err && now.open;
}

bool admission_hours_from(const struct config *cfg, const char *number,
                          int64_t at_ms, int64_t until_ms, struct http_res *res)
{
	int64_t next_ms = admission_next(cfg, NULL, number, at_ms);
	char masked[STR_PHONE_MAX], next[APP_TIME_MAX];

	if (cfg->calling_hours && !is_known(number, res))
		return false;
	str_mask_phone(masked, number);
	if (next_ms == STORE_RETRY_NEVER)
		http_fail(res, 403,
		          "CALLING_HOURS=%s have no minute from not_before on "
		          "that they are known to allow where %s rings: send "
		          "an earlier one.",
		          cfg->calling_hours, masked);
	else if (until_ms && next_ms >= until_ms)
		http_fail(res, 403,
		          "CALLING_HOURS=%s let %s ring from %s on, and "
		          "expires_at is not later: send a later one.",
		          cfg->calling_hours, masked, app_time(next, next_ms));
	else
		return true;
	return false;
}

bool admission_still(const struct config *cfg, const char *own,
                     const char *number)
{
	int64_t now_ms = app_now_ms();

	return admission_next(cfg, own, number, now_ms) == now_ms;
}

/* All of @sets, @n of them. */
static int64_t next_open(const struct hours *const *sets, size_t n,
                         const char *const *zones, int64_t now_ms)
{
	const int64_t end_ms = now_ms + AHEAD_MS;
	int64_t at_ms = now_ms;

	/* Until a moment lets all of them pass. */
	for (size_t open = 0; open < n;) {
		const struct hours *h = sets[open];
		struct hours_now now;

		if (hours_look(h, NULL, zones, at_ms / 1000, &now))
			return STORE_RETRY_NEVER;
		if (now.open) {
			open++;
			continue;
		}
		at_ms = now.next_sec * 1000;
		if (!now.next_sec || at_ms > end_ms)
			return STORE_RETRY_NEVER;
		open = 0;
	}
	return at_ms;
}

int64_t admission_next(const struct config *cfg, const char *own,
                       const char *number, int64_t now_ms)
{
	const char *const *zones = plan_zones(number);
	const struct hours *sets[2];
	struct hours mine;
	size_t n = 0;

	if (cfg->calling_hours)
		sets[n++] = &cfg->hours;
	if (own && *own) {
		/* What nobody can read forbids. */
		if (hours_parse(&mine, own))
			return STORE_RETRY_NEVER;
		sets[n++] = &mine;
	}
	if (!n)
		return now_ms;
	return zones ? next_open(sets, n, zones, now_ms) : STORE_RETRY_NEVER;
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
