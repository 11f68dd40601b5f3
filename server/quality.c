#include "server/quality.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/app.h"
#include "server/carrier/carrier.h"
#include "server/config.h"
#include "server/store/quality.h"

enum { FULL = 100 /* [%] */ };

struct quality {
	struct app *app;
	int64_t looked_ms; /* of a clock that never jumps; 0: not yet */
	atomic_uint calls, brief, abandoned, pace;
};

unsigned quality_pace(unsigned bad, unsigned all, unsigned max)
{
	/* In hundredths of calls, so that nothing is rounded away. */
	const uint64_t is = UINT64_C(400) * bad;
	const uint64_t full = UINT64_C(4) * max * all, from = full / 4 * 3;

	if (!max || all < QUALITY_CALLS_MIN || is <= from)
		return FULL;
	if (is >= full)
		return QUALITY_PACE_MIN;
	return FULL - (unsigned)((FULL - QUALITY_PACE_MIN) * (is - from) /
	                         (full - from));
}

int quality_open(struct quality **qp, struct app *app)
{
	const struct config *cfg = app->cfg;
	struct quality *q;

	*qp = NULL;
	if (!cfg->short_calls_max && !cfg->abandoned_calls_max)
		return 0;
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->app = app;
	atomic_store(&q->pace, FULL);
	*qp = q;
	return 0;
}

void quality_close(struct quality **qp)
{
	mem_free(*qp);
	*qp = NULL;
}

static void set_pace(struct quality *q, unsigned pace)
{
	const unsigned was = atomic_exchange(&q->pace, pace);

	if (pace == was)
		return;
	carrier_slow(q->app->carrier, pace);
	if (was != FULL && pace != FULL)
		return;
	log_line(LOG_WARN, "quality", NULL,
	         "event=%s calls=%u short=%u abandoned=%u pace_percent=%u",
	         pace == FULL ? "full_pace" : "slowed_down",
	         atomic_load(&q->calls), atomic_load(&q->brief),
	         atomic_load(&q->abandoned), pace);
}

void quality_run(struct quality *q, int64_t now_ms, int64_t steady_ms)
{
	const struct config *cfg;
	struct store_quality now = {0};
	unsigned pace, other;
	int err;

	if (!q || (q->looked_ms && steady_ms - q->looked_ms < QUALITY_EVERY_MS))
		return;
	cfg = q->app->cfg;
	q->looked_ms = steady_ms;
	err = store_quality_look(q->app->store, now_ms - QUALITY_SPAN_MS,
	                         QUALITY_CALLS, &now);
	if (err) {
		app_store_fault(q->app, NULL, err);
		return;
	}
	atomic_store(&q->calls, now.calls);
	atomic_store(&q->brief, now.brief);
	atomic_store(&q->abandoned, now.abandoned);
	pace = quality_pace(now.brief, now.calls, cfg->short_calls_max);
	other = quality_pace(now.abandoned, now.calls,
	                     cfg->abandoned_calls_max);
	set_pace(q, other < pace ? other : pace);
}

int quality_print(struct quality *q, struct buf *out)
{
	if (!q)
		return 0;
	return buf_addf(
		out,
		"# HELP dialout_day_calls the last day's, the last 1000 at "
		"most, by how they went\n# TYPE dialout_day_calls gauge\n"
		"dialout_day_calls{went=\"any\"} %u\n"
		"dialout_day_calls{went=\"short\"} %u\n"
		"dialout_day_calls{went=\"abandoned\"} %u\n"
		"# HELP dialout_pace_percent of CALLS_PER_SECOND, as short and "
		"abandoned calls let it be\n"
		"# TYPE dialout_pace_percent gauge\ndialout_pace_percent %u\n",
		atomic_load(&q->calls), atomic_load(&q->brief),
		atomic_load(&q->abandoned), atomic_load(&q->pace));
}
