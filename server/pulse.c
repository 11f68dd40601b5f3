#include "server/pulse.h"

#include <errno.h>
#include <stdint.h>

#include "common/curl/fetchd.h"
#include "common/mem.h"
#include "common/notify.h"
#include "server/app.h"
#include "server/store/store.h"

struct pulse {
	struct app *app;
	struct timer timer;
	uint32_t every_ms;
};

static void beat(void *arg)
{
	struct pulse *p = arg;
	unsigned live;
	int err = store_count_live(p->app->store, &live);

	/* A full disk is told by /readyz and no reason to start anew: what
	 * counts here is that there was an answer. */
	if (err)
		app_store_fault(p->app, NULL, err);
	notify_send("WATCHDOG=1");
	fetchd_timer(p->app->rest, &p->timer, p->every_ms, beat, p);
}

static void end(void *arg)
{
	struct pulse *p = arg;

	fetchd_timer_stop(p->app->rest, &p->timer);
}

int pulse_open(struct pulse **pp, struct app *app)
{
	uint32_t every_ms = notify_watchdog_ms();
	struct pulse *p;

	*pp = NULL;
	if (!every_ms)
		return 0;
	p = mem_zalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->app = app;
	p->every_ms = every_ms;
	*pp = p;
	fetchd_call(app->rest, beat, p);
	return 0;
}

void pulse_close(struct pulse **pp)
{
	struct pulse *p = *pp;

	if (!p)
		return;
	fetchd_call(p->app->rest, end, p);
	mem_free(p);
	*pp = NULL;
}
