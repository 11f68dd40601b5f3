#include "server/pause.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/js.h"
#include "common/jtext.h"
#include "common/log.h"
#include "server/access.h"
#include "server/app.h"
#include "server/carrier/carrier.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/ledgercmd.h"
#include "server/store/store.h"

enum {
	RETRY_SEC = 30, /* [s] somebody has to look at what was wrong */
	FAULT_RETRY_SEC = 5,
};

static const char name[] = "pause";

static const char usage_text[] =
	"usage: dialout-server pause [REASON]\n"
	"       dialout-server resume\n"
	"\n"
	"  After pause no call is dialled by any server of this ledger, across "
	"restarts\n"
	"  too, until resume: /start answers 503, and calls that wait go on "
	"waiting.\n"
	"  Calls that are up go on.\n";

int pause_look(struct store *s, struct pause *p)
{
	int err;

	memset(p, 0, sizeof(*p));
	err = store_setting_get(s, name, p->reason, sizeof(p->reason),
	                        &p->since_ms);
	p->on = !err;
	return err == -ENOENT ? 0 : err;
}

bool pause_admits(struct app *app, struct http_res *res)
{
	struct pause p;
	char since[APP_TIME_MAX];
	int err = pause_look(app->store, &p);

	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return false;
	}
	if (!p.on)
		return true;
	http_fail_later(res, 503, RETRY_SEC,
	                "No calls are placed since %s%s%s: use dialout-server "
	                "resume or POST /resume to end the pause.",
	                app_time(since, p.since_ms), p.reason[0] ? ", " : "",
	                p.reason);
	return false;
}

/* The object that both requests answer with. */
static void tell(struct app *app, struct http_res *res)
{
	struct buf *out = &res->body;
	char since[APP_TIME_MAX];
	struct pause p;
	int err = pause_look(app->store, &p);

	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, FAULT_RETRY_SEC,
		                "The ledger of calls failed: try again; why is "
		                "in the log of dialout-server.");
		return;
	}
	err = buf_addf(out, "{\"paused\":%s", p.on ? "true" : "false");
	if (!err && p.on)
		err = buf_addf(out, ",\"since\":\"%s\",\"reason\":",
		               app_time(since, p.since_ms));
	if (!err && p.on)
		err = js_quote(out, p.reason, strlen(p.reason));
	if (!err)
		err = buf_addf(out, ",\"waiting\":%u}",
		               carrier_waiting(app->carrier));
	http_res_check(res, err);
}

/* The reason that the body may give. False: @res is the refusal. */
static bool read_reason(const struct http_req *req, struct http_res *res,
                        char reason[STORE_SETTING_MAX])
{
	struct str json = str_trim(str_n(req->body, req->body_len)), v;

	reason[0] = '\0';
	if (!json.len)
		return true;
	if (!jtext_check(json, JTEXT_DEPTH_MAX, NULL) &&
	    jtext_type(json) == JTEXT_OBJECT &&
	    (jtext_get(json, "reason", &v) ||
	     !jtext_string(reason, STORE_SETTING_MAX, v)))
		return true;
	http_fail(res, 400,
	          "/pause takes a reason or nothing: send no body, or "
	          "{\"reason\": a text of at most %d bytes}.",
	          STORE_SETTING_MAX - 1);
	return false;
}

static void set(struct app *app, struct http_res *res, const char *by,
                const char *reason)
{
	int err = store_setting_put(app->store, name, reason, app_now_ms());

	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(
			res, 503, FAULT_RETRY_SEC,
			"The ledger of calls failed and nothing was changed: "
			"try again; why is in the log of dialout-server.");
		return;
	}
	log_line(LOG_WARN, "server", NULL, "event=%s by=%s text=%s",
	         reason ? "paused" : "resumed", by,
	         LOG_TEXT(reason ? reason : ""));
	tell(app, res);
}

void pause_handle(const struct http_req *req, struct http_res *res, void *arg)
{
	char reason[STORE_SETTING_MAX];
	struct access who;

	if (access_check(arg, req, res, ACCESS_ADMIN, &who) &&
	    read_reason(req, res, reason))
		set(arg, res, who.owner, reason);
}

void pause_resume_handle(const struct http_req *req, struct http_res *res,
                         void *arg)
{
	struct access who;

	if (access_check(arg, req, res, ACCESS_ADMIN, &who))
		set(arg, res, who.owner, NULL);
}

/* ---- from the command line ---- */

static int say_set(struct store *s, struct buf *out, const char *reason)
{
	int err = store_setting_put(s, name, reason, app_now_ms());

	if (err)
		return ledgercmd_say(out, LEDGERCMD_FAILED,
		                     "dialout-server: the ledger failed: %s. "
		                     "Look at DATABASE_URL\n",
		                     err_str(err));
	return ledgercmd_say(out, 0, "%s\n",
	                     reason ? "paused: no call is dialled until "
	                              "dialout-server resume"
	                            : "resumed");
}

static int run_pause(struct store *s, struct buf *out, int argc, char **argv)
{
	if (argc > 1)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	if (argc && strlen(argv[0]) >= STORE_SETTING_MAX)
		return ledgercmd_say(out, LEDGERCMD_USAGE,
		                     "dialout-server: a reason has at most %d "
		                     "bytes: give a shorter one\n",
		                     STORE_SETTING_MAX - 1);
	return say_set(s, out, argc ? argv[0] : "");
}

static int run_resume(struct store *s, struct buf *out, int argc, char **argv)
{
	(void)argv;
	if (argc)
		return ledgercmd_say(out, LEDGERCMD_USAGE, "%s", usage_text);
	return say_set(s, out, NULL);
}

int pause_run(struct buf *out, int argc, char **argv, const char *dotenv)
{
	return ledgercmd_run(out, argc, argv, dotenv, usage_text, run_pause);
}

int pause_resume_run(struct buf *out, int argc, char **argv, const char *dotenv)
{
	return ledgercmd_run(out, argc, argv, dotenv, usage_text, run_resume);
}
