#include "server/campaign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/access.h"
#include "server/app.h"
#include "server/campaign_priv.h"
#include "server/campaign_tell.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/store/campaign.h"

enum {
	PARAM_MAX = 80,    /* [bytes] */
	LIST_DEFAULT = 20, /* campaigns of a list */
	LIST_MAX = 100,
	FAULT_RETRY_SEC = 5,
};

void campaign_failed(struct app *app, int err, struct http_res *res)
{
	if (err == -ENOENT) {
		http_fail(res, 404,
		          "There is no such campaign: look at the campaign_id "
		          "that POST /campaigns answered.");
		return;
	}
	if (err != -ENOMEM && err != ERR_LIMIT)
		app_store_fault(app, NULL, err);
	http_fail_later(res, 503, FAULT_RETRY_SEC,
	                "The ledger of calls failed: %s. Try again; more is in "
	                "the log of dialout-server.",
	                err_str(err));
}

bool campaign_read_number(const struct http_req *req, struct http_res *res,
                          const char *name, uint64_t max, uint64_t *n)
{
	char v[PARAM_MAX];
	int err = http_form_get(v, sizeof(v), str_of(req->query), name);

	if (err == -ENOENT)
		return true;
	if (!err && !str_u64(str_of(v), max, n) && *n)
		return true;
	http_fail(res, 422,
	          "%s is a number from 1 to %d: send one, or leave it out.",
	          name, (int)max);
	return false;
}

/* ---- all of them ---- */

struct listing {
	struct store_campaign *v;
	size_t n;
};

/* The store must not be called from its own walk. */
static int note(const struct store_campaign *c, void *arg)
{
	struct listing *l = arg;

	l->v[l->n++] = *c;
	return 0;
}

/* What to list. False: @res is the refusal. */
static bool read_filter(const struct http_req *req, struct http_res *res,
                        char state[PARAM_MAX], char after[PARAM_MAX],
                        uint64_t *limit)
{
	static const char *const states[] = {"running", "paused", "cancelled"};
	bool known = false;

	http_param(state, PARAM_MAX, req, "state");
	http_param(after, PARAM_MAX, req, "after");
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		known |= !strcmp(state, states[i]);
	if (!state[0] || known)
		return campaign_read_number(req, res, "limit", LIST_MAX, limit);
	http_fail(res, 422,
	          "There is no such state: use running, paused or cancelled.");
	return false;
}

static int tell_all(struct app *app, struct buf *out, const struct listing *l)
{
	int err = buf_adds(out, "{\"campaigns\":[");

	for (size_t i = 0; i < l->n && !err; i++) {
		err = i ? buf_adds(out, ",") : 0;
		if (!err)
			err = campaign_tell(out, app, &l->v[i], NULL);
	}
	return err ? err : buf_adds(out, "]}");
}

static void list(struct app *app, const struct http_req *req,
                 struct http_res *res)
{
	char state[PARAM_MAX], after[PARAM_MAX];
	uint64_t limit = LIST_DEFAULT;
	struct listing l = {NULL, 0};
	struct store_campaign c;
	int err = 0;

	if (!read_filter(req, res, state, after, &limit))
		return;
	if (after[0])
		err = store_campaign_get(app->store, after, &c);
	if (!err)
		l.v = mem_alloc((size_t)limit * sizeof(*l.v));
	if (!err && !l.v)
		err = -ENOMEM;
	if (!err)
		err = store_campaigns(app->store, state[0] ? state : NULL,
		                      after[0] ? after : NULL, (unsigned)limit,
		                      note, &l);
	if (!err)
		err = tell_all(app, &res->body, &l);
	mem_free(l.v);
	if (err)
		campaign_failed(app, err, res);
}

void campaign_list_handle(const struct http_req *req, struct http_res *res,
                          void *arg)
{
	struct access who;

	if (access_check(arg, req, res, ACCESS_READ, &who))
		list(arg, req, res);
}

/* ---- one that is there ---- */

static void show(struct app *app, const struct http_req *req,
                 struct http_res *res, const char *id, bool results)
{
	struct store_campaign c;
	struct access who;
	int err;

	if (!access_check(app, req, res, ACCESS_READ, &who))
		return;
	err = store_campaign_get(app->store, id, &c);
	if (!err && results) {
		res->content_type = "text/csv; charset=utf-8";
		err = campaign_tell_results(&res->body, app, &c, who.keyed);
	} else if (!err) {
		err = campaign_tell(&res->body, app, &c, NULL);
	}
	if (err)
		campaign_failed(app, err, res);
}

static void set(struct app *app, const struct http_req *req,
                struct http_res *res, const char *id, const char *state)
{
	struct store_campaign c;
	struct access who;
	int err;

	if (!access_check(app, req, res, ACCESS_START, &who))
		return;
	err = store_campaign_get(app->store, id, &c);
	if (!err) {
		err = store_campaign_set(app->store, id, state);
		if (err == -ENOENT) {
			http_fail(res, 409,
			          "The campaign was cancelled, which is for "
			          "good: make a new one by POST /campaigns.");
			return;
		}
	}
	if (!err) {
		log_line(LOG_WARN, "campaign", NULL,
		         "event=%s campaign=%s by=%s", state, id, who.owner);
		snprintf(c.state, sizeof(c.state), "%s", state);
		err = campaign_tell(&res->body, app, &c, NULL);
	}
	if (err)
		campaign_failed(app, err, res);
}

void campaign_one_handle(const struct http_req *req, struct http_res *res,
                         void *arg)
{
	static const struct {
		const char *what, *state;
	} acts[] = {{"pause", "paused"},
	            {"resume", "running"},
	            {"cancel", "cancelled"}};
	char id[HTTP_TAIL_MAX + 1];
	struct str what = str_of(req->tail);
	struct str first = str_cut(&what, '/');
	bool get = req->method == HTTP_GET;

	if (str_copy(id, sizeof(id), first))
		id[0] = '\0';
	if (get && (!what.v || str_eq(what, "results"))) {
		show(arg, req, res, id, what.v != NULL);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(acts) && !get && what.v; i++)
		if (str_eq(what, acts[i].what)) {
			set(arg, req, res, id, acts[i].state);
			return;
		}
	http_fail(res, 404,
	          "There is nothing here: use GET /campaigns/ID or "
	          "/campaigns/ID/results, or POST /campaigns/ID/pause, resume "
	          "or cancel.");
}
