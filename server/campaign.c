#include "server/campaign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "server/access.h"
#include "server/app.h"
#include "server/campaign_list.h"
#include "server/campaign_tell.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/request.h"
#include "server/retry.h"
#include "server/start.h"
#include "server/store/store.h"

enum {
	PARAM_MAX = 80,         /* [bytes] */
	PER_MINUTE_MAX = 60000, /* calls */
	AT_ONCE = 10,           /* calls, unless it says otherwise */
	AT_ONCE_MAX = 1000,
	KEY_MAX = 200, /* [bytes] of an Idempotency-Key */
	FAULT_RETRY_SEC = 5,
};

static void failed(struct app *app, int err, struct http_res *res)
{
	if (err == -ENOENT) {
		http_fail(res, 404, "There is no such campaign.");
		return;
	}
	if (err != -ENOMEM && err != ERR_LIMIT)
		app_store_fault(app, NULL, err);
	http_fail_later(res, 503, FAULT_RETRY_SEC,
	                "The ledger of calls failed: %s.", err_str(err));
}

/* ---- a new one ---- */

/* A number of the query; @n stays without. False: @res is the refusal. */
static bool read_number(const struct http_req *req, struct http_res *res,
                        const char *name, uint64_t max, uint64_t *n)
{
	char v[PARAM_MAX];
	int err = http_form_get(v, sizeof(v), str_of(req->query), name);

	if (err == -ENOENT)
		return true;
	if (!err && !str_u64(str_of(v), max, n) && *n)
		return true;
	http_fail(res, 422, "%s is a number from 1 to %d.", name, (int)max);
	return false;
}

/* Its own plans of calling again. False: @res is the refusal. */
static bool read_retries(const struct http_req *req, struct http_res *res,
                         char text[RETRY_TEXT_MAX])
{
	static const char *const names[] = {"retry_busy", "retry_no_answer",
	                                    "retry_voicemail"};
	struct retry_rule rule;
	char v[RETRY_TEXT_MAX / ARRAY_LEN(names) - 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int err = http_form_get(v, sizeof(v), str_of(req->query),
		                        names[i]);

		if (err && err != -ENOENT)
			snprintf(v, sizeof(v), "?");
		if (v[0] && strcmp(v, "never") != 0 &&
		    retry_rule_parse(&rule, v)) {
			http_fail(res, 422,
			          "%s is how often and how far apart, such "
			          "as 2/10m, or never.",
			          names[i]);
			return false;
		}
		n += (size_t)snprintf(text + n, RETRY_TEXT_MAX - n, "%s%s",
		                      i ? "," : "", v);
	}
	return true;
}

static bool read_pace(struct app *app, const struct http_req *req,
                      struct http_res *res, struct store_campaign *c)
{
	uint64_t per_minute = PER_MINUTE_MAX, at_once = AT_ONCE;
	int err = http_form_get(c->agent, REQUEST_AGENT_MAX, str_of(req->query),
	                        "agent");

	if ((err && err != -ENOENT) || !request_agent_ok(c->agent)) {
		http_fail(res, 422,
		          "agent must be a name of at most %d of "
		          "[A-Za-z0-9_-].",
		          REQUEST_AGENT_MAX - 1);
		return false;
	}
	if (!read_number(req, res, "per_minute", PER_MINUTE_MAX, &per_minute) ||
	    !read_number(req, res, "at_once", AT_ONCE_MAX, &at_once))
		return false;
	c->at_once = (unsigned)at_once;
	c->gap_ms = 60000 / (int64_t)per_minute;
	if (c->gap_ms < 1000 / (int64_t)app->cfg->calls_per_second)
		c->gap_ms = 1000 / (int64_t)app->cfg->calls_per_second;
	return true;
}

static void hex(char *dst, size_t digits, const void *v, size_t len)
{
	uint8_t digest[CRYPTO_SHA256_LEN];

	crypto_sha256(digest, v, len);
	for (size_t i = 0; i < digits / 2; i++)
		snprintf(dst + 2 * i, 3, "%02x", digest[i]);
}

/* A list that is sent twice under one key is one campaign: the key is its
 * name. */
static bool name_it(const struct http_req *req, struct http_res *res,
                    struct store_campaign *c)
{
	const char *key = http_header(req, "Idempotency-Key");
	char text[sizeof(c->owner) + KEY_MAX + 2];

	hex(c->hash, 2 * CRYPTO_SHA256_LEN, req->body, req->body_len);
	crypto_id(c->id);
	if (!key)
		return true;
	if (!key[0] || strlen(key) > KEY_MAX) {
		http_fail(res, 400, "Idempotency-Key takes 1 to %d characters.",
		          KEY_MAX);
		return false;
	}
	snprintf(text, sizeof(text), "%s\n%s", c->owner, key);
	hex(c->id, CRYPTO_ID_LEN - 1, text, strlen(text));
	return true;
}

static bool is_ndjson(const struct http_req *req)
{
	const char *type = http_header(req, "Content-Type");

	if (type && (strstr(type, "ndjson") || strstr(type, "jsonl")))
		return true;
	return str_starts(str_trim(str_n(req->body, req->body_len)), "{");
}

/* Bodies that a stream's URL would have to carry, and cannot. */
static int check_bodies(struct app *app, struct campaign_list *l)
{
	int err = 0;

	if (app->cfg->stream == STREAM_BOTS)
		return 0;
	for (size_t i = 0; i < l->n && !err; i++) {
		struct store_row *r = &l->rows[i];

		if (strcmp(r->state, "waiting") != 0 || !r->body)
			continue;
		err = start_inline_fits(app->cfg, str_of(r->body));
		if (err == ERR_LIMIT)
			err = campaign_list_spoil(
				l, r, "bad",
				"its data are too long for a stream's URL");
	}
	return err;
}

static bool read_list(struct app *app, const struct http_req *req,
                      struct http_res *res, struct campaign_list *l)
{
	char why[CAMPAIGN_LIST_WHY_MAX] = "";
	int status = campaign_list_read(l, str_n(req->body, req->body_len),
	                                is_ndjson(req), why);
	int err = status ? 0 : check_bodies(app, l);

	if (status)
		http_fail(res, status, "%s", why);
	else if (err)
		failed(app, err, res);
	else if (!l->n)
		http_fail(res, 422, "The list has no rows.");
	else if (!l->good)
		http_fail(res, 422,
		          "None of the %zu rows can be called. Line %u: %s.",
		          l->n, l->rows[0].line, l->rows[0].why);
	else
		return true;
	return false;
}

/* One of this name is there. */
static void tell_again(struct app *app, struct http_res *res,
                       const struct store_campaign *sent)
{
	struct store_campaign c;
	int err = store_campaign_get(app->store, sent->id, &c);

	if (!err && strcmp(c.hash, sent->hash) != 0) {
		http_fail(res, 409,
		          "This Idempotency-Key was used with another list.");
		return;
	}
	if (!err) {
		http_res_header(res, "Idempotent-Replayed", "true");
		res->status = 202;
		err = campaign_tell(&res->body, app, &c, NULL);
	}
	if (err)
		failed(app, err, res);
}

static void add(struct app *app, const struct http_req *req,
                struct http_res *res, struct store_campaign *c)
{
	struct campaign_list list = {.rows = NULL};
	int err;

	if (read_list(app, req, res, &list)) {
		err = store_campaign_add(app->store, c, list.rows, list.n);
		if (!err) {
			log_line(LOG_INFO, "campaign", NULL,
			         "event=added campaign=%s by=%s rows=%zu "
			         "good=%zu",
			         c->id, c->owner, list.n, list.good);
			res->status = 202;
			err = campaign_tell(&res->body, app, c, &list);
		}
		if (err == -EEXIST)
			tell_again(app, res, c);
		else if (err)
			failed(app, err, res);
	}
	campaign_list_fini(&list);
}

void campaign_add_handle(const struct http_req *req, struct http_res *res,
                         void *arg)
{
	struct app *app = arg;
	struct store_campaign c = {.state = "running"};
	struct access who;

	if (!access_check(app, req, res, ACCESS_START, &who))
		return;
	snprintf(c.owner, sizeof(c.owner), "%s", who.owner);
	c.created_ms = app_now_ms();
	if (read_pace(app, req, res, &c) && read_retries(req, res, c.retries) &&
	    name_it(req, res, &c) &&
	    access_public_base(app->cfg, req, res, c.base_url))
		add(app, req, res, &c);
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
		failed(app, err, res);
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
			http_fail(res, 409, "The campaign was cancelled.");
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
		failed(app, err, res);
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
	          "There are GET /campaigns/ID and /campaigns/ID/results, and "
	          "POST /campaigns/ID/pause, resume and cancel.");
}
