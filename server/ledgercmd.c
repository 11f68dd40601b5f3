#include "server/ledgercmd.h"

#include <string.h>

#include "common/buf.h"
#include "server/config.h"
#include "server/store/store.h"

enum { WHY_MAX = 512 /* [bytes] */ };

int ledgercmd_say(struct buf *out, int code, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = buf_vaddf(out, fmt, ap);
	va_end(ap);
	return err ? LEDGERCMD_FAILED : code;
}

int ledgercmd_run(struct buf *out, int argc, char **argv, const char *dotenv,
                  const char *usage, ledgercmd_h *handler)
{
	char why[WHY_MAX] = "";
	struct store *s = NULL;
	struct config cfg;
	struct buf faults;
	int code, err;

	if (argc && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "help")))
		return ledgercmd_say(out, 0, "%s", usage);
	buf_init(&faults, CONFIG_TEXT_MAX);
	err = server_config_read(&cfg, dotenv, &faults);
	if (err)
		code = ledgercmd_say(out, LEDGERCMD_USAGE, "%s",
		                     buf_str(&faults));
	else if (store_open(&s, cfg.database_url, why, sizeof(why)))
		code = ledgercmd_say(out, LEDGERCMD_FAILED,
		                     "dialout-server: %s. See DATABASE_URL\n",
		                     why);
	else
		code = handler(s, out, argc, argv);
	store_close(&s);
	server_config_fini(&cfg);
	buf_fini(&faults);
	return code;
}
