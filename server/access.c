#include "server/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/crypto.h"
#include "common/str.h"
#include "server/app.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/store/keys.h"
#include "server/throttle.h"

/* The token of "Authorization: Bearer TOKEN"; empty without. */
static struct str bearer(const struct http_req *req)
{
	const char *v = http_header(req, "Authorization");

	if (!v || strncasecmp(v, "Bearer ", 7) != 0)
		return str_n("", 0);
	return str_trim(str_of(v + 7));
}

/* Every key is compared, so that time does not tell which one was near. */
static bool key_known(struct str given, const char *keys)
{
	struct str rest = str_of(keys);
	bool found = false;

	while (rest.v) {
		struct str key = str_trim(str_cut(&rest, ','));

		if (key.len && crypto_equal(given.v, given.len, key.v, key.len))
			found = true;
	}
	return found;
}

/* Behind a tunnel or proxy everybody seems to be local; these tell. */
bool access_local(const struct http_req *req)
{
	static const char *const forwarded[] = {
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Real-IP"};
	const char *host = http_header(req, "Host");

	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		if (http_header(req, forwarded[i]))
			return false;
	for (size_t i = 0; i < req->n_headers; i++)
		if (!strncasecmp(req->headers[i].name, "X-Forwarded-", 12))
			return false;
	return http_peer_loopback(req->peer) && host &&
	       http_host_loopback(host);
}

static const char *const scope_names[] = {"start", "read", "admin"};

static bool has_scope(const char *scopes, enum access_scope scope)
{
	struct str rest = str_of(scopes);

	while (rest.v)
		if (str_eq(str_trim(str_cut(&rest, ',')), scope_names[scope]))
			return true;
	return false;
}

/* A look for one key among the ledger's. */
struct search {
	char hash[2 * CRYPTO_SHA256_LEN + 1];
	enum access_scope scope;
	struct access *a;
	bool any, found, scoped;
};

/* What stands in the ledger was checked when it was written. */
static int read_budgets(struct access *a, const struct store_key *k)
{
	struct budget more;

	a->calls = (struct budget){.per = {[BUDGET_MINUTE] = k->rate}};
	a->seconds = (struct budget){.per = {[BUDGET_DAY] = k->budget}};
	if (k->rates) {
		if (budget_parse(&more, k->rates, BUDGET_MINUTE))
			return -EIO;
		budget_join(&a->calls, &more);
	}
	if (k->budgets) {
		if (budget_parse(&more, k->budgets, BUDGET_DAY))
			return -EIO;
		budget_join(&a->seconds, &more);
	}
	return 0;
}

/* All are compared here, too. */
static int compare_key(const struct store_key *k, void *arg)
{
	struct search *s = arg;

	/* Revoking the last key must not open the door. */
	s->any = true;
	if (k->revoked_ms)
		return 0;
	if (!crypto_equal(k->hash, strlen(k->hash), s->hash, strlen(s->hash)))
		return 0;
	s->found = true;
	s->scoped = has_scope(k->scopes, s->scope);
	snprintf(s->a->owner, sizeof(s->a->owner), "%s", k->name);
	return read_budgets(s->a, k);
}

static int search_keys(struct app *app, struct str given, struct search *s)
{
	uint8_t digest[CRYPTO_SHA256_LEN];

	crypto_sha256(digest, given.v, given.len);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(s->hash + 2 * i, 3, "%02x", digest[i]);
	return app->store ? store_keys(app->store, compare_key, s) : 0;
}

static bool refuse_unkeyed(struct http_res *res)
{
	http_res_header(res, "WWW-Authenticate", "Bearer");
	http_fail(res, 401,
	          "Send the header Authorization: Bearer and a key of API_KEY, "
	          "or one that dialout-server key add made.");
	return false;
}

/* What goes without a key. */
static bool check_unkeyed(const struct app *app, const struct http_req *req,
                          struct http_res *res, enum access_scope scope,
                          bool any)
{
	const struct config *cfg = app->cfg;

	any = any || cfg->api_key;
	if (scope == ACCESS_START && (!any || cfg->start_auth))
		return true;
	if (any)
		return refuse_unkeyed(res);
	if (access_local(req))
		return true;
	http_fail(res, 403,
	          "Only this machine may %s while no key is set: set "
	          "API_KEY.",
	          scope == ACCESS_READ
	                  ? "read calls"
	                  : "pause, resume and see the do-not-call list");
	return false;
}

/* What comes of a request that has no good key, or no key at all. */
static bool check_other(struct app *app, const struct http_req *req,
                        struct http_res *res, const struct search *s)
{
	char address[THROTTLE_ADDRESS_MAX];
	bool ok = check_unkeyed(app, req, res, s->scope, s->any);

	/* No key is no guess. */
	if (!ok && bearer(req).len)
		throttle_wrong(app->throttle, throttle_address(address, req),
		               app_steady_ms());
	return ok;
}

/* Find the key among all there are. Returns 0 with @s filled in. */
static int look_up(struct app *app, struct str given, struct search *s)
{
	if (!app->cfg->api_key || !key_known(given, app->cfg->api_key))
		return search_keys(app, given, s);
	s->found = true;
	s->scoped = true;
	snprintf(s->a->owner, sizeof(s->a->owner), "env");
	return 0;
}

static bool refuse_guesser(struct app *app, struct http_res *res, unsigned sec)
{
	app_count(app, COUNT_THROTTLED);
	http_fail_later(res, 429, sec,
	                "Too many wrong keys came from this address, or from "
	                "everywhere: try again after %u seconds; until then no "
	                "key is looked at.",
	                sec);
	return false;
}

bool access_secret(struct app *app, const struct http_req *req,
                   struct http_res *res)
{
	const char *secret = app->cfg->bot_secret;
	struct str given = bearer(req);
	char address[THROTTLE_ADDRESS_MAX];
	unsigned sec = 0;

	throttle_address(address, req);
	if (given.len)
		sec = throttle_wait(app->bot_throttle, address,
		                    app_steady_ms());
	if (sec)
		return refuse_guesser(app, res, sec);
	if (crypto_equal(given.v, given.len, secret, strlen(secret))) {
		throttle_right(app->bot_throttle, address, app_steady_ms());
		return true;
	}
	if (given.len)
		throttle_wrong(app->bot_throttle, address, app_steady_ms());
	http_fail(res, 401, "Send BOT_SECRET as bearer.");
	return false;
}

bool access_check(struct app *app, const struct http_req *req,
                  struct http_res *res, enum access_scope scope,
                  struct access *a)
{
	char address[THROTTLE_ADDRESS_MAX];
	struct access unused = {0};
	struct search s = {.scope = scope, .a = a ? a : &unused};
	struct str given = bearer(req);
	unsigned sec = 0;
	int err;

	*s.a = (struct access){.owner = "open"};
	throttle_address(address, req);
	if (given.len)
		sec = throttle_wait(app->throttle, address, app_steady_ms());
	if (sec)
		return refuse_guesser(app, res, sec);
	err = look_up(app, given, &s);
	if (err) {
		app_store_fault(app, NULL, err);
		http_fail_later(res, 503, 1,
		                "The ledger of keys failed: try again; why is "
		                "in the log of dialout-server.");
		return false;
	}
	if (!s.found)
		return check_other(app, req, res, &s);
	throttle_right(app->throttle, address, app_steady_ms());
	if (!s.scoped) {
		http_fail(res, 403,
		          "The key %s has not the scope %s: use one that has; "
		          "dialout-server key add NAME --scope %s makes it.",
		          s.a->owner, scope_names[scope], scope_names[scope]);
		return false;
	}
	s.a->keyed = true;
	return true;
}

/* A look for one key by its name. */
struct named {
	const char *name;
	struct access *a;
	bool found;
};

static int compare_name(const struct store_key *k, void *arg)
{
	struct named *n = arg;

	if (k->revoked_ms || strcmp(k->name, n->name) != 0)
		return 0;
	n->found = true;
	n->a->keyed = true;
	return read_budgets(n->a, k);
}

int access_owner(struct app *app, const char *owner, struct access *a)
{
	struct named n = {.name = owner ? owner : "open", .a = a};
	int err;

	*a = (struct access){.owner = ""};
	snprintf(a->owner, sizeof(a->owner), "%s", n.name);
	if (!strcmp(n.name, "env") || !strcmp(n.name, "open"))
		return 0;
	err = store_keys(app->store, compare_name, &n);
	return err || n.found ? err : -ENOENT;
}

bool access_base(const struct config *cfg, const struct http_req *req,
                 struct http_res *res, char base[ACCESS_BASE_MAX])
{
	const char *host = http_header(req, "Host");
	bool local;

	if (cfg->public_url) {
		snprintf(base, ACCESS_BASE_MAX, "%s", cfg->public_url);
	} else {
		if (!host || !http_host_ok(host)) {
			http_fail(res, 400,
			          "The request has no usable Host header: set "
			          "PUBLIC_URL.");
			return false;
		}
		local = http_host_loopback(host);
		snprintf(base, ACCESS_BASE_MAX, "%s://%s",
		         local ? "http" : "https", host);
	}
	return true;
}

bool access_public_base(const struct config *cfg, const struct http_req *req,
                        struct http_res *res, char base[ACCESS_BASE_MAX])
{
	if (!access_base(cfg, req, res, base))
		return false;
	if (server_config_url_loopback(base) &&
	    !server_config_url_loopback(cfg->plivo_api_url)) {
		http_fail(res, 400,
		          "Plivo cannot fetch %s: call through your tunnel or "
		          "set PUBLIC_URL.",
		          base);
		return false;
	}
	return true;
}
