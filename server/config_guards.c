/*
 * The options that say which calls may be made. All are off until set, but for
 * the prefixes of production.
 */
#include <stdio.h>

#include "common/buf.h"
#include "server/config_priv.h"
#include "server/number.h"

void config_guards_derive(struct config *cfg)
{
	size_t n;

	if (cfg->allowed_prefixes)
		return;
	cfg->allowed_prefixes = "*";
	if (!cfg->production || !cfg->from[0])
		return;
	n = number_country_len(cfg->from + 1);
	snprintf(cfg->prefixes, sizeof(cfg->prefixes), "%.*s", (int)n,
	         cfg->from + 1);
	cfg->allowed_prefixes = cfg->prefixes;
}

static int check_prefixes(const char *name, const char *v, struct buf *faults)
{
	if (!v || number_prefixes_ok(v))
		return 0;
	return buf_addf(faults,
	                "%s=%s is no list of prefixes: write %s=1,49 or *\n",
	                name, v, name);
}

static int check_budget(struct budget *b, const char *name, const char *v,
                        struct buf *faults)
{
	if (!v || !budget_parse(b, v, BUDGET_DAY))
		return 0;
	return buf_addf(faults,
	                "%s=%s is no budget: write %s=10/minute,100/hour,"
	                "500/day, or some of them\n",
	                name, v, name);
}

static int check_retry(struct retry_rule *r, const char *name, const char *v,
                       struct buf *faults)
{
	if (!v || !retry_rule_parse(r, v))
		return 0;
	return buf_addf(faults,
	                "%s=%s is no plan: write %s=2/10m for two more tries, "
	                "each ten minutes after the last (s, m, h, d)\n",
	                name, v, name);
}

static int check_retries(struct config *cfg, struct buf *faults)
{
	int err = check_retry(&cfg->retries[RETRY_BUSY], "RETRY_BUSY",
	                      cfg->retry_busy, faults);

	if (!err)
		err = check_retry(&cfg->retries[RETRY_NO_ANSWER],
		                  "RETRY_NO_ANSWER", cfg->retry_no_answer,
		                  faults);
	if (!err)
		err = check_retry(&cfg->retries[RETRY_VOICEMAIL],
		                  "RETRY_VOICEMAIL", cfg->retry_voicemail,
		                  faults);
	return err;
}

static int check_rooms(struct rooms *r, const char *name, const char *stage,
                       const char *v, struct buf *faults)
{
	if (!v || !rooms_add(r, stage, v))
		return 0;
	return buf_addf(faults,
	                "%s=%s is no limit: write %s=100 for all calls, or "
	                "provider=100,other=50, %d names in all\n",
	                name, v, name, ROOMS_MAX);
}

int config_guards_check(struct config *cfg, struct buf *faults)
{
	int err = check_prefixes("ALLOWED_PREFIXES", cfg->allowed_prefixes,
	                         faults);

	if (!err)
		err = check_prefixes("DENY_PREFIXES", cfg->deny_prefixes,
		                     faults);
	if (!err)
		err = check_budget(&cfg->budget_calls, "BUDGET_CALLS",
		                   cfg->budget_calls_text, faults);
	if (!err)
		err = check_budget(&cfg->budget_seconds, "BUDGET_SECONDS",
		                   cfg->budget_seconds_text, faults);
	if (!err)
		err = check_retries(cfg, faults);
	if (!err)
		err = check_rooms(&cfg->rooms, "STT_LIMIT", "stt",
		                  cfg->stt_limit, faults);
	if (!err)
		err = check_rooms(&cfg->rooms, "TTS_LIMIT", "tts",
		                  cfg->tts_limit, faults);
	if (!err && cfg->calling_hours &&
	    hours_parse(&cfg->hours, cfg->calling_hours))
		err = buf_addf(faults,
		               "CALLING_HOURS=%s are none: write "
		               "CALLING_HOURS=09:00-20:00, or \"Mon-Fri "
		               "09:00-20:00, Sat 10:00-14:00\"\n",
		               cfg->calling_hours);
	return err;
}
