#define _POSIX_C_SOURCE 200809L
#include "server/app.h"

#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "server/config.h"

int64_t app_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t app_steady_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *app_time(char dst[APP_TIME_MAX], int64_t ms)
{
	time_t sec = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&sec, &tm) ||
	    !strftime(dst, APP_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(dst, APP_TIME_MAX, "-");
	return dst;
}

void app_events_url(const struct app *app, char *dst, size_t cap)
{
	const char *base = app->cfg->events_base_url;

	if (base)
		snprintf(dst, cap, "%s/bot-events", base);
	else
		snprintf(dst, cap, "http://127.0.0.1:%u/bot-events",
		         atomic_load(&app->port));
}

int app_store_fault(struct app *app, const char *id, int err)
{
	app_count(app, COUNT_STORE_FAULTS);
	log_line(LOG_ERROR, "store", id, "event=failed text=%s",
	         LOG_TEXT(err_str(err)));
	return err;
}

bool app_take_waiter(struct app *app)
{
	if (atomic_fetch_add(&app->waiters, 1) < app->waiters_max)
		return true;
	atomic_fetch_sub(&app->waiters, 1);
	return false;
}

void app_drop_waiter(struct app *app)
{
	atomic_fetch_sub(&app->waiters, 1);
}
