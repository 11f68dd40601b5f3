#include "bot/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#include "bot/events.h"
#include "bot/net/net.h"
#include "common/buf.h"

struct row {
	const char *name, *type, *help;
	uint64_t value;
};

static int write_rows(struct buf *out, const struct row *rows, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = buf_addf(out,
		               "# HELP dialout_bot_%s %s\n"
		               "# TYPE dialout_bot_%s %s\n"
		               "dialout_bot_%s %" PRIu64 "\n",
		               rows[i].name, rows[i].help, rows[i].name,
		               rows[i].type, rows[i].name, rows[i].value);
	return err;
}

static int write_lag(struct buf *out, const struct net_lag *lag)
{
	return buf_addf(out,
	                "# HELP dialout_bot_lag_seconds Lateness of the "
	                "loop's timers, last ten seconds.\n"
	                "# TYPE dialout_bot_lag_seconds gauge\n"
	                "dialout_bot_lag_seconds{quantile=\"0.5\"} %.6f\n"
	                "dialout_bot_lag_seconds{quantile=\"0.99\"} %.6f\n"
	                "dialout_bot_lag_seconds{quantile=\"1\"} %.6f\n",
	                lag->p50_us / 1e6, lag->p99_us / 1e6,
	                lag->max_us / 1e6);
}

int metrics_write(struct buf *out, const struct metrics *m,
                  const struct metrics_now *now)
{
	static const char c[] = "counter", g[] = "gauge";
	const struct row rows[] = {
		{"capacity", g, "Calls at once.", now->capacity},
		{"places", g, "Places taken.", now->places},
		{"calls", g, "Streams of calls that are on.", now->calls},
		{"draining", g, "1: no more calls.", (uint64_t)now->draining},
		{"overloaded", g, "1: the loop is late, no more calls.",
	         (uint64_t)now->shut},
		{"no_provider", g, "1: all providers of a stage fail.",
	         (uint64_t)now->dumb},
		{"reserved_total", c, "Places given away.", m->reserved},
		{"expired_total", c, "Places nobody came for.", m->expired},
		{"started_total", c, "Calls that began.", m->started},
		{"replaced_total", c, "Streams that came again.", m->replaced},
		{"ended_total", c, "Calls that ended.", m->ended},
		{"refused_full_total", c, "Places refused.", m->refused_full},
		{"refused_auth_total", c, "Requests without credentials.",
	         m->refused_auth},
		{"refused_streams_total", c, "Streams refused.",
	         m->refused_streams},
		{"events_delivered_total", c, "Events the server has.",
	         now->events->delivered},
		{"events_dropped_total", c, "Events without room.",
	         now->events->dropped},
		{"events_refused_total", c, "Events the server would not have.",
	         now->events->refused},
		{"events_unkept_total", c, "Events not written to the disk.",
	         now->events->unkept},
		{"events_waiting", g, "Events to be delivered.",
	         now->events->waiting},
	};
	int err = write_rows(out, rows, ARRAY_LEN(rows));

	return err ? err : write_lag(out, now->lag);
}
