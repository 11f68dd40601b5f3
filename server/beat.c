#include "server/beat.h"

#include <errno.h>

#include "common/curl/fetchd.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/dial.h"
#include "server/quality.h"
#include "server/recover.h"
#include "server/retry.h"
#include "server/store/hands.h"

enum { BEAT_MS = 2000 /* [ms] four may fail before the lease is over */ };

struct beat {
	struct app *app;
	struct timer timer;
};

static void on_timer(void *arg)
{
	struct beat *b = arg;
	int err = store_beat(b->app->store);

	if (b->app->bots)
		dials_keep_places(b->app->dials, app_steady_ms());
	quality_run(b->app->quality, app_now_ms(), app_steady_ms());

	if (!err)
		err = recover_claimed(b->app);
	if (!err)
		retry_run(b->app, app_now_ms());
	if (err)
		app_store_fault(b->app, NULL, err);
	fetchd_timer(b->app->rest, &b->timer, BEAT_MS, on_timer, b);
}

static void begin(void *arg)
{
	struct beat *b = arg;

	fetchd_timer(b->app->rest, &b->timer, BEAT_MS, on_timer, b);
}

static void end(void *arg)
{
	struct beat *b = arg;

	fetchd_timer_stop(b->app->rest, &b->timer);
}

int beat_open(struct beat **bp, struct app *app)
{
	struct beat *b = mem_zalloc(sizeof(*b));

	*bp = b;
	if (!b)
		return -ENOMEM;
	b->app = app;
	fetchd_call(app->rest, begin, b);
	return 0;
}

void beat_close(struct beat **bp)
{
	struct beat *b = *bp;

	if (!b)
		return;
	fetchd_call(b->app->rest, end, b);
	mem_free(b);
	*bp = NULL;
}
