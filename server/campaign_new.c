/*
 * A list that is uploaded, with how it is to be called.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/err.h"
#include "common/log.h"
#include "server/access.h"
#include "server/app.h"
#include "server/campaign.h"
#include "server/campaign_list.h"
#include "server/campaign_priv.h"
#include "server/campaign_tell.h"
#include "server/config.h"
#include "server/hours.h"
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
};

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
			          "%s is how often and how far apart: send it "
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
		http_fail(
			res, 422,
			"agent must be a name of at most %d of [A-Za-z0-9_-]: "
			"use the name of a file in AGENTS_DIR without .json.",
			REQUEST_AGENT_MAX - 1);
		return false;
	}
	if (!campaign_read_number(req, res, "per_minute", PER_MINUTE_MAX,
	                          &per_minute) ||
	    !campaign_read_number(req, res, "at_once", AT_ONCE_MAX, &at_once))
		return false;
	c->at_once = (unsigned)at_once;
	c->gap_ms = 60000 / (int64_t)per_minute;
	if (c->gap_ms < 1000 / (int64_t)app->cfg->calls_per_second)
		c->gap_ms = 1000 / (int64_t)app->cfg->calls_per_second;
	return true;
}

/* When and how urgently its rows are called that do not say so themselves. */
static bool read_when(const struct http_req *req, struct http_res *res,
                      int64_t now_ms, struct request_when *when)
{
	static const char *const names[] = {"not_before", "expires_at",
	                                    "priority"};
	char v[PARAM_MAX], why[REQUEST_WHY_MAX];

	memset(when, 0, sizeof(*when));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int err = http_form_get(v, sizeof(v), str_of(req->query),
		                        names[i]);

		if (err == -ENOENT)
			continue;
		if (err)
			snprintf(v, sizeof(v), "?");
		if (request_when_read(when, str_of(names[i]), str_of(v), now_ms,
		                      why)) {
			http_fail(res, 422, "%s.", why);
			return false;
		}
	}
	if (!request_when_check(when, now_ms, why))
		return true;
	http_fail(res, 422, "%s.", why);
	return false;
}

/* Its own calling hours, within the server's. */
static bool read_hours(const struct config *cfg, const struct http_req *req,
                       struct http_res *res, char text[HOURS_TEXT_MAX])
{
	struct hours h;
	int err = http_form_get(text, HOURS_TEXT_MAX, str_of(req->query),
	                        "hours");

	if (err == -ENOENT || (!err && !text[0]))
		return true;
	if (err || hours_parse(&h, text))
		http_fail(res, 422,
		          "hours cannot be read: send them as 09:00-20:00, or "
		          "Mon-Fri 09:00-20:00, Sat 10:00-14:00, in at most %d "
		          "characters.",
		          HOURS_TEXT_MAX - 1);
	else if (cfg->calling_hours && !hours_meet(&h, &cfg->hours))
		http_fail(
			res, 422,
			"hours have no minute in common with CALLING_HOURS=%s, "
			"and nobody would be called: send others.",
			cfg->calling_hours);
	else
		return true;
	return false;
}

static bool read_events(const struct config *cfg, const struct http_req *req,
                        struct http_res *res, char url[REQUEST_URL_MAX])
{
	char why[REQUEST_WHY_MAX];
	int err = http_form_get(url, REQUEST_URL_MAX, str_of(req->query),
	                        "events_url");

	if (err == -ENOENT || (!err && !url[0]))
		return true;
	if (err)
		http_fail(res, 422,
		          "events_url must be an address of at most %d "
		          "characters: send such a one, or leave it out.",
		          REQUEST_URL_MAX - 1);
	else if (!start_may_tell(cfg, url, why))
		http_fail(res, 422, "%s", why);
	else
		return true;
	return false;
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
		http_fail(res, 400,
		          "Idempotency-Key takes 1 to %d characters: send a "
		          "shorter one.",
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

/* What the list alone cannot tell: bodies that a stream's URL would have to
 * carry, and cannot, and addresses that may not be told. */
static int check_row(const struct config *cfg, struct campaign_list *l,
                     struct store_row *r)
{
	char why[REQUEST_WHY_MAX];
	int err = 0;

	if (r->body && cfg->stream != STREAM_BOTS)
		err = start_inline_fits(cfg, str_of(r->body));
	if (err == ERR_LIMIT)
		return campaign_list_spoil(
			l, r, "bad",
			"its data are too long for a stream's URL");
	if (!err && r->events_url && !start_may_tell(cfg, r->events_url, why))
		err = campaign_list_spoil(l, r, "bad", why);
	return err;
}

static int check_rows(const struct config *cfg, struct campaign_list *l)
{
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++)
		if (!strcmp(l->rows[i].state, "waiting"))
			err = check_row(cfg, l, &l->rows[i]);
	return err;
}

static bool read_list(struct app *app, const struct http_req *req,
                      struct http_res *res, const struct request_when *when,
                      struct campaign_list *l)
{
	const struct campaign_list_opts opts = {.ndjson = is_ndjson(req),
	                                        .now_ms = app_now_ms(),
	                                        .when = *when};
	char why[CAMPAIGN_LIST_WHY_MAX] = "";
	int status = campaign_list_read(l, str_n(req->body, req->body_len),
	                                &opts, why);
	int err = status ? 0 : check_rows(app->cfg, l);

	if (status)
		http_fail(res, status, "%s", why);
	else if (err)
		campaign_failed(app, err, res);
	else if (!l->n)
		http_fail(res, 422,
		          "The list has no rows: send a line for each number "
		          "behind the one that names the columns.");
	else if (!l->good)
		http_fail(res, 422,
		          "None of the %zu rows can be called: look at each of "
		          "them, beginning with line %u: %s.",
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
		          "This Idempotency-Key was used with another list: "
		          "send a new key with a new list.");
		return;
	}
	if (!err) {
		http_res_header(res, "Idempotent-Replayed", "true");
		res->status = 202;
		err = campaign_tell(&res->body, app, &c, NULL);
	}
	if (err)
		campaign_failed(app, err, res);
}

static void add(struct app *app, const struct http_req *req,
                struct http_res *res, const struct request_when *when,
                struct store_campaign *c)
{
	struct campaign_list list = {.rows = NULL};
	int err;

	if (read_list(app, req, res, when, &list)) {
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
			campaign_failed(app, err, res);
	}
	campaign_list_fini(&list);
}

void campaign_add_handle(const struct http_req *req, struct http_res *res,
                         void *arg)
{
	struct app *app = arg;
	struct store_campaign c = {.state = "running"};
	struct request_when when;
	struct access who;

	if (!access_check(app, req, res, ACCESS_START, &who))
		return;
	snprintf(c.owner, sizeof(c.owner), "%s", who.owner);
	c.created_ms = app_now_ms();
	if (read_pace(app, req, res, &c) && read_retries(req, res, c.retries) &&
	    read_when(req, res, c.created_ms, &when) &&
	    read_hours(app->cfg, req, res, c.hours) &&
	    read_events(app->cfg, req, res, c.events_url) &&
	    name_it(req, res, &c) &&
	    access_public_base(app->cfg, req, res, c.base_url))
		add(app, req, res, &when, &c);
}
