#include "server/dnccmd.h"

#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "server/app.h"
#include "server/ledgercmd.h"
#include "server/number.h"
#include "server/store/dnc.h"

static const char usage_text[] =
	"usage: dialout-server dnc add NUMBER\n"
	"       dialout-server dnc look NUMBER\n"
	"       dialout-server dnc remove NUMBER\n"
	"\n"
	"  Numbers on this list are not called: /start answers 403. The bot's "
	"tool\n"
	"  do_not_call adds to it.\n";

static int say_look(struct buf *out, const char *number, int err)
{
	if (!err || err == -ENOENT)
		return ledgercmd_say(out, 0, "%s is %son the list\n", number,
		                     err ? "not " : "");
	return ledgercmd_say(out, LEDGERCMD_FAILED, "dialout-server: %s\n",
	                     err_str(err));
}

static int run(struct store *s, struct buf *out, int argc, char **argv)
{
	char number[NUMBER_MAX];
	int err = 0;

	if (argc != 2)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (number_parse(number, str_of(argv[1])) != 0)
		return ledgercmd_say(out, LEDGERCMD_USAGE,
		                     "dialout-server: %s is no telephone "
		                     "number\n",
		                     argv[1]);
	if (!strcmp(argv[0], "add"))
		err = store_dnc_add(s, number, NULL, app_now_ms());
	else if (!strcmp(argv[0], "remove"))
		err = store_dnc_remove(s, number);
	else if (strcmp(argv[0], "look") != 0)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (!err || err == -ENOENT)
		err = store_dnc_find(s, number);
	return say_look(out, number, err);
}

int dnccmd_run(struct buf *out, int argc, char **argv, const char *dotenv)
{
	return ledgercmd_run(out, argc, argv, dotenv, usage_text, run);
}
