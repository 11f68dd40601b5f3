#include "server/admission.h"

#include <errno.h>
#include <inttypes.h>

#include "common/err.h"
#include "common/str.h"
#include "server/access.h"
#include "server/app.h"
#include "server/config.h"
#include "server/http/message.h"
#include "server/number.h"
#include "server/store/admit.h"
#include "server/store/retry.h"
#include "server/store/store.h"

enum {
	FULL_RETRY_SEC = 10,
	TWICE_RETRY_SEC = 30,
	LIMITS = 4 * BUDGET_SPANS, /* calls and seconds, of all and of a key */
};

bool admission_number(const struct config *cfg, const char *number,
                      struct http_res *res)
{
	char masked[STR_PHONE_MAX];

	str_mask_phone(masked, number);
	if (cfg->deny_prefixes && number_allowed(number, cfg->deny_prefixes)) {
		http_fail(res, 403,
		          "DENY_PREFIXES=%s forbids %s: take the prefix out of "
		          "it if it may be called.",
		          cfg->deny_prefixes, masked);
		return false;
	}
	if (number_allowed(number, cfg->allowed_prefixes))
		return true;
	http_fail(res, 403,
	          "ALLOWED_PREFIXES=%s does not allow %s: add its country's "
	          "prefix.",
	          cfg->allowed_prefixes, masked);
	return false;
}

/* The limits that are set, and what each is called. */
struct limits {
	struct store_limit v[LIMITS];
	enum budget_span spans[LIMITS];
	size_t n;
};

static void add_budget(struct limits *l, const struct budget *b,
                       enum store_measure measure, const char *owner)
{
	for (unsigned i = 0; i < BUDGET_SPANS; i++) {
		if (!b->per[i])
			continue;
		l->spans[l->n] = (enum budget_span)i;
		l->v[l->n++] = (struct store_limit){
			.measure = measure,
			.owner = owner,
			.span_ms = budget_span_ms((enum budget_span)i),
			.max = b->per[i]};
	}
}

/* No call talks longer than a budget could ever pay for. */
static int64_t longest(const struct config *cfg, const struct access *who)
{
	int64_t sec = cfg->call_time_limit;
	int64_t all = budget_least(&cfg->budget_seconds);
	int64_t own = budget_least(&who->seconds);

	if (all && all < sec)
		sec = all;
	return own && own < sec ? own : sec;
}

/* Seconds until @at_ms, at least one. */
static unsigned until(int64_t at_ms)
{
	int64_t ms = at_ms - app_now_ms();

	return ms > 1000 ? (unsigned)((ms + 999) / 1000) : 1;
}

static void refuse_spent(const struct limits *l,
                         const struct store_admission *a, struct http_res *res)
{
	const struct store_limit *one = &l->v[a->limit];
	const char *span = budget_span_text(l->spans[a->limit]);
	bool calls = one->measure == STORE_CALLS;
	char at[APP_TIME_MAX];

	app_time(at, a->free_ms);
	if (one->owner)
		http_fail_later(
			res, 429, until(a->free_ms),
			"The key %s has used its %" PRId64
			" %s %s%s: try again at %s, when there is room.",
			one->owner, one->max,
			calls ? "calls" : "seconds of calls", span,
			calls ? "" : ", or calls that are up may", at);
	else
		http_fail_later(res, 429, until(a->free_ms),
		                "BUDGET_%s: the %" PRId64
		                " %s %s of this server are used%s: try again "
		                "at %s, when there is room.",
		                calls ? "CALLS" : "SECONDS", one->max,
		                calls ? "calls" : "seconds of calls", span,
		                calls ? "" : ", or calls that are up may", at);
}

static void refuse_full(const struct config *cfg, const struct store_call *call,
                        struct http_res *res)
{
	if (call->state == STORE_SCHEDULED)
		http_fail_later(res, 503, FULL_RETRY_SEC,
		                "%d calls are scheduled, which is the most: "
		                "try again later.",
		                STORE_WAIT_MAX);
	else
		http_fail_later(res, 503, FULL_RETRY_SEC,
		                "MAX_CALLS=%u calls are up: try again later, "
		                "or raise it.",
		                cfg->max_calls);
}

static void refuse(struct app *app, const struct store_call *call,
                   const struct limits *l, const struct store_admission *a,
                   struct http_res *res)
{
	char masked[STR_PHONE_MAX];

	str_mask_phone(masked, call->to);
	switch (a->verdict) {
	case STORE_UNWANTED:
		http_fail(res, 403,
		          "%s has asked not to be called again: use "
		          "dialout-server dnc remove NUMBER once it may be.",
		          masked);
		break;
	case STORE_TWICE:
		http_fail_later(res, 409, TWICE_RETRY_SEC,
		                "A call to %s waits or is up already, and "
		                "ONE_CALL_PER_NUMBER=yes lets no other begin: "
		                "try again after its end, or DELETE it.",
		                masked);
		break;
	case STORE_SPENT:
		refuse_spent(l, a, res);
		break;
	case STORE_FULL:
	case STORE_MADE:
	case STORE_ADMITTED:
	default:
		refuse_full(app->cfg, call, res);
		break;
	}
}

/* Ask the ledger, with the limits that are set for @who. */
static int judge(struct app *app, const struct access *who,
                 struct store_call *call, struct limits *l,
                 struct store_admission *a)
{
	const struct config *cfg = app->cfg;

	l->n = 0;
	call->reserved_sec = longest(cfg, who);
	add_budget(l, &cfg->budget_calls, STORE_CALLS, NULL);
	add_budget(l, &cfg->budget_seconds, STORE_SECONDS, NULL);
	if (who->keyed) {
		add_budget(l, &who->calls, STORE_CALLS, who->owner);
		add_budget(l, &who->seconds, STORE_SECONDS, who->owner);
	}
	a->one_per_number = cfg->one_per_number;
	a->live_max = cfg->max_calls;
	a->limits = l->v;
	a->n_limits = l->n;
	return store_call_admit(app->store, call, a);
}

int admission_add(struct app *app, const struct access *who,
                  struct store_call *call, struct http_res *res)
{
	struct limits l;
	struct store_admission a = {.retry_of = NULL};
	int err = judge(app, who, call, &l, &a);

	if (err || a.verdict == STORE_ADMITTED)
		return err;
	refuse(app, call, &l, &a, res);
	return ERR_LIMIT;
}

static bool is_dialled(const struct config *cfg, const char *number)
{
	return number_allowed(number, cfg->allowed_prefixes) &&
	       !(cfg->deny_prefixes &&
	         number_allowed(number, cfg->deny_prefixes));
}

int admission_later(struct app *app, struct store_call *call,
                    struct store_admission *a, int64_t *later_ms,
                    const char **why)
{
	static const char *const reasons[] = {
		[STORE_ADMITTED] = NULL,
		[STORE_UNWANTED] = "on the do-not-call list",
		[STORE_TWICE] = "a call to this number has not ended",
		[STORE_SPENT] = "a budget is used up",
		[STORE_FULL] = "MAX_CALLS are up",
		[STORE_MADE] = NULL,
	};
	const int64_t now_ms = app_now_ms();
	struct access who;
	struct limits l;
	int err = access_owner(app, call->owner, &who);

	*later_ms = STORE_RETRY_NEVER;
	/* A key that was revoked makes no calls. */
	*why = "its key was revoked";
	if (err == -ENOENT)
		return ERR_LIMIT;
	*why = "DENY_PREFIXES or ALLOWED_PREFIXES forbid the number";
	if (!is_dialled(app->cfg, call->to))
		return ERR_LIMIT;
	*why = call->hours ? "CALLING_HOURS, or its campaign's own hours"
	                   : "CALLING_HOURS";
	*later_ms = admission_next(app->cfg, call->hours, call->to, now_ms);
	if (!err && *later_ms > now_ms)
		return ERR_LIMIT;
	if (!err)
		err = judge(app, &who, call, &l, a);
	if (err || a->verdict == STORE_ADMITTED)
		return err;
	if (a->verdict == STORE_MADE)
		return -EALREADY;
	*why = reasons[a->verdict];
	*later_ms = now_ms + TWICE_RETRY_SEC * 1000;
	if (a->verdict == STORE_SPENT && a->free_ms > now_ms)
		*later_ms = a->free_ms;
	else if (a->verdict == STORE_UNWANTED)
		*later_ms = STORE_RETRY_NEVER;
	return ERR_LIMIT;
}
