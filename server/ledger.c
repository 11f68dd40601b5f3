#include "server/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/log.h"
#include "common/str.h"
#include "server/access.h"
#include "server/app.h"
#include "server/config.h"
#include "server/dial.h"
#include "server/end.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/ledger_json.h"
#include "server/store/retry.h"
#include "server/store/store.h"

enum {
	PARAM_MAX = 64,      /* [bytes] */
	LIMIT_DEFAULT = 100, /* calls of a list */
	LIMIT_MAX = 1000,
};

static void failed(struct app *app, int err, struct http_res *res)
{
	if (err == -ENOENT) {
		http_fail(res, 404,
		          "There is no such call: look at the call_id, or for "
		          "the call in GET /calls.");
		return;
	}
	if (err != -ENOMEM && err != ERR_LIMIT)
		app_store_fault(app, NULL, err);
	http_fail_later(res, 503, 1,
	                "The ledger of calls failed: try again; why is in the "
	                "log of dialout-server.");
}

struct listing {
	struct buf *out;
	bool keyed;
	unsigned n;
};

static int list_one(const struct store_call *c, void *arg)
{
	struct listing *l = arg;
	int err = l->n++ ? buf_adds(l->out, ",") : 0;

	if (!err)
		err = ledger_json_call(l->out, c, l->keyed);
	return err ? err : buf_adds(l->out, "}");
}

/* The query's filters. False: @res is the refusal. */
static bool read_filter(const struct http_req *req, struct http_res *res,
                        struct store_filter *f, char after[PARAM_MAX])
{
	char v[PARAM_MAX];
	uint64_t n = LIMIT_DEFAULT;

	memset(f, 0, sizeof(*f));
	http_param(v, sizeof(v), req, "state");
	if (*v && !strcmp(v, "live")) {
		f->live = true;
	} else if (*v) {
		f->has_state = true;
		if (store_state_parse(v, &f->state)) {
			http_fail(res, 400,
			          "There is no state %s: use live, or a state "
			          "as GET /calls has it.",
			          v);
			return false;
		}
	}
	http_param(v, sizeof(v), req, "limit");
	if (*v && (str_u64(str_of(v), LIMIT_MAX, &n) || !n)) {
		http_fail(res, 400,
		          "limit is a number from 1 to %d: send one, and "
		          "after=CALL_ID for what follows.",
		          LIMIT_MAX);
		return false;
	}
	f->limit = (unsigned)n;
	http_param(v, sizeof(v), req, "since");
	if (*v && ledger_json_time(v, &f->since_ms)) {
		http_fail(res, 400,
		          "since is a time: send it as 2026-01-31T12:00:00Z, "
		          "or as Unix milliseconds.");
		return false;
	}
	http_param(after, PARAM_MAX, req, "after");
	f->after = *after ? after : NULL;
	return true;
}

void ledger_list(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct listing l = {.out = &res->body};
	struct store_filter filter;
	char after[PARAM_MAX];
	struct access who;
	int err;

	if (!access_check(app, req, res, ACCESS_READ, &who) ||
	    !read_filter(req, res, &filter, after))
		return;
	l.keyed = who.keyed;
	err = buf_adds(&res->body, "{\"calls\":[");
	if (!err)
		err = store_calls(app->store, &filter, list_one, &l);
	if (!err)
		err = buf_adds(&res->body, "]}");
	if (err)
		failed(app, err, res);
}

static void show(struct app *app, const struct http_req *req,
                 struct http_res *res, bool keyed)
{
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, req->tail, &call);

	if (err) {
		failed(app, err, res);
		return;
	}
	err = ledger_json_call(&res->body, &call, keyed);
	if (!err)
		err = ledger_json_position(&res->body, app->store, &call,
		                           app_now_ms());
	if (!err)
		err = ledger_json_tries(&res->body, app->store, call.id);
	if (!err)
		err = ledger_json_story(&res->body, app->store, call.id, keyed);
	if (!err)
		err = buf_adds(&res->body, "}");
	store_call_fini(&call);
	if (err)
		failed(app, err, res);
}

static void hang_up(struct app *app, const struct http_req *req,
                    struct http_res *res)
{
	struct store_change change = {.end_by = "api"};
	struct store_call call;
	int err = store_call_get(app->store, STORE_ID, req->tail, &call);

	if (err) {
		failed(app, err, res);
		return;
	}
	err = store_retry_put_off(app->store, call.id, STORE_RETRY_NEVER);
	if (!err && !store_state_final(call.state)) {
		err = store_call_change(app->store, call.id, &change, NULL,
		                        NULL, NULL);
		log_line(LOG_INFO, "call", call.id, "event=delete state=%s",
		         store_state_text(call.state));
		/* In hand, it ends there; named, at Plivo; else as soon as a
		 * callback tells its name. */
		if (!err && !dial_cancel(app->dials, call.id)) {
			if (call.call_uuid)
				end_hangup(app, call.id, call.call_uuid, 0);
			end_release(app, call.id, call.bot, call.reservation);
		}
	}
	store_call_fini(&call);
	if (err)
		failed(app, err, res);
	else
		res->status = 204;
}

void ledger_one(const struct http_req *req, struct http_res *res, void *arg)
{
	struct app *app = arg;
	struct access who;

	if (!access_check(app, req, res, ACCESS_READ, &who))
		return;
	if (req->method == HTTP_DELETE)
		hang_up(app, req, res);
	else
		show(app, req, res, who.keyed);
}
