#include "server/eventscmd.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "server/app.h"
#include "server/ledgercmd.h"
#include "server/store/outbox.h"

enum { SHOWN_MAX = 200 /* letters, the oldest */ };

static const char usage_text[] =
	"usage: dialout-server events list\n"
	"       dialout-server events dead\n"
	"       dialout-server events retry\n"
	"\n"
	"  What EVENTS_URL, or a call's events_url, has not taken yet; what "
	"was "
	"given\n"
	"  up after a day, or by its answer 410; and one more day for all of "
	"that.\n";

struct listing {
	struct buf *out;
	int64_t now_ms;
	unsigned n;
};

/* No data: it is what people said. */
static int show(const struct store_letter *l, void *arg)
{
	struct listing *list = arg;

	if (++list->n > SHOWN_MAX)
		return 0;
	return buf_addf(list->out,
	                "%s call=%s type=%s age=%" PRId64
	                "s tries=%u url=%s%s%s\n",
	                l->event_id, l->call_id, l->type,
	                (list->now_ms - l->created_ms) / 1000, l->tries,
	                l->url[0] ? l->url : "EVENTS_URL",
	                l->error ? " error=" : "", l->error ? l->error : "");
}

static int print_list(struct store *s, struct buf *out, bool dead)
{
	struct listing l = {.out = out, .now_ms = app_now_ms()};
	int err = store_outbox_list(s, dead, show, &l);

	if (!err)
		err = buf_addf(out, "%u %s", l.n,
		               dead ? "given up" : "waiting");
	if (!err && l.n > SHOWN_MAX)
		err = buf_addf(out, ", of which the first %d are shown",
		               SHOWN_MAX);
	return err ? err : buf_adds(out, "\n");
}

static int run(struct store *s, struct buf *out, int argc, char **argv)
{
	int err;

	if (argc != 1)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (!strcmp(argv[0], "list") || !strcmp(argv[0], "dead"))
		err = print_list(s, out, argv[0][0] == 'd');
	else if (!strcmp(argv[0], "retry"))
		err = store_outbox_wake(s, true);
	else
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (!err)
		return 0;
	return ledgercmd_say(
		out, LEDGERCMD_FAILED,
		"dialout-server: the ledger failed: %s. Look at DATABASE_URL\n",
		err_str(err));
}

int eventscmd_run(struct buf *out, int argc, char **argv, const char *dotenv)
{
	return ledgercmd_run(out, argc, argv, dotenv, usage_text, run);
}
