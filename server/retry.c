#include "server/retry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "server/app.h"
#include "server/config.h"
#include "server/pause.h"
#include "server/promise.h"
#include "server/store/admit.h"
#include "server/store/campaign.h"
#include "server/store/retry.h"
#include "server/store/store.h"

enum { TIMES_MAX = 20, APART_MAX = 1000 };

static const char *const causes[RETRY_CAUSES] = {
	[RETRY_BUSY] = "busy",
	[RETRY_NO_ANSWER] = "no_answer",
	[RETRY_VOICEMAIL] = "voicemail",
};

int retry_rule_parse(struct retry_rule *r, const char *text)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {
		{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	struct str apart = str_trim(str_of(text));
	struct str times = str_cut(&apart, '/');
	uint64_t n, k;

	memset(r, 0, sizeof(*r));
	if (!apart.v || apart.len < 2 || str_u64(times, TIMES_MAX, &n) || !n ||
	    str_u64(str_n(apart.v, apart.len - 1), APART_MAX, &k) || !k)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (apart.v[apart.len - 1] == units[i].unit) {
			r->times = (unsigned)n;
			r->apart_ms = (int64_t)k * units[i].ms;
			return 0;
		}
	return -EINVAL;
}

/* ---- planning ---- */

/* The campaign's of which the call is, else the server's. */
static int rule_of(struct app *app, const char *id, enum retry_cause cause,
                   struct retry_rule *rule)
{
	struct store_campaign c;
	char text[RETRY_TEXT_MAX];
	struct str rest, one = str_of("");
	int err = store_campaign_of(app->store, id, &c);

	*rule = app->cfg->retries[cause];
	if (err)
		return err == -ENOENT ? 0 : err;
	rest = str_of(c.retries);
	for (int i = 0; i <= (int)cause; i++)
		one = str_cut(&rest, ',');
	if (!one.len)
		return 0;
	if (str_copy(text, sizeof(text), one) || retry_rule_parse(rule, text))
		*rule = (struct retry_rule){.times = 0};
	return 0;
}

int retry_plan(struct app *app, const struct store_call *call,
               enum retry_cause cause)
{
	struct retry_rule rule;
	struct store_retry r;
	unsigned before;
	int err = rule_of(app, call->id, cause, &rule);

	if (err)
		return err;

	/* Not of calls that came in, nor of those that somebody took back. */
	if (!rule.times || !call->reserved_sec ||
	    (call->end_by && !strcmp(call->end_by, "api")))
		return 0;
	err = store_retry_get(app->store, call->id, true, &r);
	if (err && err != -ENOENT)
		return err;
	before = err ? 0 : r.attempt;
	if (before >= rule.times)
		return 0;
	memset(&r, 0, sizeof(r));
	snprintf(r.call_id, sizeof(r.call_id), "%s", call->id);
	snprintf(r.cause, sizeof(r.cause), "%s", causes[cause]);
	r.attempt = before + 1;
	r.due_ms = app_now_ms() + rule.apart_ms;
	/* By then nobody wants it any more. */
	if (call->expires_ms && r.due_ms >= call->expires_ms)
		return 0;
	log_line(LOG_INFO, "retry", call->id,
	         "event=planned cause=%s attempt=%u sec=%d", r.cause, r.attempt,
	         (int)(rule.apart_ms / 1000));
	return store_retry_add(app->store, &r);
}

int retry_plan_code(struct app *app, const struct store_call *call, int code)
{
	static const struct {
		int code;
		enum retry_cause cause;
	} codes[] = {
		{3010, RETRY_BUSY},      {3100, RETRY_BUSY},
		{3000, RETRY_NO_ANSWER}, {6010, RETRY_NO_ANSWER},
		{9100, RETRY_VOICEMAIL},
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return retry_plan(app, call, codes[i].cause);
	return 0;
}

/* ---- making ---- */

/* In the ledger, and on its way. ERR_LIMIT: not yet, not before @later_ms. */
static int make(struct app *app, const struct store_retry *r,
                const struct store_call *old, int64_t *later_ms)
{
	struct store_admission a = {.retry_of = r->call_id};
	char id[CRYPTO_ID_LEN];
	const char *why;
	int err;

	if (old->expires_ms && old->expires_ms <= app_now_ms())
		return ERR_LIMIT;
	err = promise_make(app, old, &a, id, later_ms, &why);
	if (!err)
		log_line(LOG_INFO, "retry", id,
		         "event=accepted after=%s attempt=%u", r->call_id,
		         r->attempt);
	return err;
}

static int try_one(struct app *app, const struct store_retry *r)
{
	struct store_call old;
	int64_t later_ms = STORE_RETRY_NEVER;
	int err = store_call_get(app->store, STORE_ID, r->call_id, &old);

	if (err && err != -ENOENT)
		return err;
	if (!err) {
		err = make(app, r, &old, &later_ms);
		store_call_fini(&old);
	}
	/* Somebody else has made it. */
	if (err == -EALREADY)
		return 0;
	if (err != ERR_LIMIT && err != -ENOENT)
		return err;
	if (later_ms == STORE_RETRY_NEVER)
		log_line(LOG_WARN, "retry", r->call_id, "event=given_up");
	return store_retry_put_off(app->store, r->call_id, later_ms);
}

struct due {
	struct store_retry v[STORE_RETRY_BATCH];
	size_t n;
};

/* The store must not be called from its own walk. */
static int note(const struct store_retry *r, void *arg)
{
	struct due *due = arg;

	due->v[due->n++] = *r;
	return 0;
}

void retry_run(struct app *app, int64_t now_ms)
{
	struct pause pause;
	struct due *due;
	int err;

	if (atomic_load(&app->stopping))
		return;
	due = mem_zalloc(sizeof(*due));
	err = due ? pause_look(app->store, &pause) : -ENOMEM;
	if (!err && !pause.on)
		err = store_retry_due(app->store, now_ms, note, due);
	for (size_t i = 0; !err && i < due->n; i++)
		err = try_one(app, &due->v[i]);
	mem_free(due);
	if (err)
		app_store_fault(app, NULL, err);
}
