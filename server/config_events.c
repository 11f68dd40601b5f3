#include <string.h>

#include "common/buf.h"
#include "server/config.h"
#include "server/letter.h"

enum { SECRET_MIN = 32 /* [bytes] */ };

int server_config_events(struct config *cfg, struct buf *faults)
{
	const char *why = NULL;
	int err = 0;

	cfg->events_anywhere = opt_given(cfg->set, "EVENTS_PRIVATE")
	                               ? cfg->events_private != 0
	                               : !cfg->production;
	if (cfg->events_url)
		why = letter_check_url(cfg->events_url, cfg->events_anywhere);
	if (why)
		err = buf_addf(faults,
		               "EVENTS_URL=%s %s: write EVENTS_URL="
		               "https://crm.example.com/calls\n",
		               cfg->events_url, why);
	if (!err && cfg->events_secret &&
	    strlen(cfg->events_secret) < SECRET_MIN)
		err = buf_addf(
			faults,
			"EVENTS_SECRET must have at least %d characters: make "
			"one by `openssl rand -hex 32`\n",
			SECRET_MIN);
	if (!err && cfg->production && cfg->events_url && !cfg->events_secret)
		err = buf_adds(faults,
		               "EVENTS_SECRET is not set: anybody could tell "
		               "EVENTS_URL of calls that never were. Add the "
		               "line EVENTS_SECRET=... (`openssl rand -hex 32` "
		               "makes one)\n");
	return err;
}
