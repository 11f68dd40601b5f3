#include "server/dnccmd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "server/app.h"
#include "server/dncfile.h"
#include "server/ledgercmd.h"
#include "server/number.h"
#include "server/store/dnc.h"

static const char usage_text[] =
	"usage: dialout-server dnc add NUMBER\n"
	"       dialout-server dnc look NUMBER\n"
	"       dialout-server dnc remove NUMBER\n"
	"       dialout-server dnc import FILE\n"
	"       dialout-server dnc export FILE\n"
	"\n"
	"  Numbers on this list are not called: /start answers 403. The bot's "
	"tool\n"
	"  do_not_call adds to it. FILE has one number a line, as text or CSV; "
	"- "
	"is\n"
	"  standard input or output. A bad line is told and harms no other.\n";

static int say_look(struct buf *out, const char *number, int err)
{
	if (!err || err == -ENOENT)
		return ledgercmd_say(out, 0, "%s is %son the list\n", number,
		                     err ? "not " : "");
	return ledgercmd_say(
		out, LEDGERCMD_FAILED,
		"dialout-server: the ledger failed: %s. Look at DATABASE_URL\n",
		err_str(err));
}

static int say_fault(struct buf *out, const char *path, int err)
{
	return ledgercmd_say(out, LEDGERCMD_FAILED,
	                     "dialout-server: %s: %s. Look at the path\n", path,
	                     err_str(err));
}

static int import(struct store *s, struct buf *out, const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *in = standard ? stdin : fopen(path, "r");
	struct dncfile_sums sums;
	int err;

	if (!in)
		return say_fault(out, path, -errno);
	err = dncfile_import(s, in, out, &sums);
	if (!standard)
		fclose(in);
	if (sums.bad > DNCFILE_TOLD_MAX)
		ledgercmd_say(out, 0, "and %lu more\n",
		              sums.bad - DNCFILE_TOLD_MAX);
	ledgercmd_say(out, 0,
	              "%lu numbers read, %lu of them new; %lu bad lines\n",
	              sums.taken, sums.fresh, sums.bad);
	if (err)
		return say_fault(out, path, err);
	return sums.bad ? LEDGERCMD_FAILED : 0;
}

static int write_line(const char *line, void *arg)
{
	return fputs(line, arg) < 0 ? -EIO : 0;
}

static int export(struct store *s, struct buf *out, const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *f = standard ? stdout : fopen(path, "w");
	unsigned long n;
	int err;

	if (!f)
		return say_fault(out, path, -errno);
	err = dncfile_export(s, write_line, f, &n);
	if (!err && fflush(f))
		err = -EIO;
	if (!standard && fclose(f) && !err)
		err = -EIO;
	if (err)
		return say_fault(out, path, err);
	return standard ? 0 : ledgercmd_say(out, 0, "%lu numbers written\n", n);
}

static int run(struct store *s, struct buf *out, int argc, char **argv)
{
	char number[NUMBER_MAX];
	int err = 0;

	if (argc != 2)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (!strcmp(argv[0], "import"))
		return import(s, out, argv[1]);
	if (!strcmp(argv[0], "export"))
		return export(s, out, argv[1]);
	if (number_parse(number, str_of(argv[1])) != 0)
		return ledgercmd_say(out, LEDGERCMD_USAGE,
		                     "dialout-server: %s is no telephone "
		                     "number: write it as +15551234567\n",
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
