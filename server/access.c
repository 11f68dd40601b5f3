#include "server/access.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/crypto.h"
#include "common/str.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"

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

bool access_bearer(const struct http_req *req, const char *secret)
{
	struct str given = bearer(req);

	return crypto_equal(given.v, given.len, secret, strlen(secret));
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

bool access_check(const struct config *cfg, const struct http_req *req,
                  struct http_res *res, enum access_scope scope, bool *keyed)
{
	bool has_key = cfg->api_key && key_known(bearer(req), cfg->api_key);

	if (keyed)
		*keyed = has_key;
	if (has_key)
		return true;
	if (scope == ACCESS_START && (!cfg->api_key || cfg->start_auth))
		return true;
	if (cfg->api_key) {
		http_res_header(res, "WWW-Authenticate", "Bearer");
		http_fail(res, 401,
		          "Send the header Authorization: Bearer and a key of "
		          "API_KEY.");
		return false;
	}
	if (access_local(req))
		return true;
	http_fail(res, 403,
	          "Only this machine may read calls while no key is set: set "
	          "API_KEY.");
	return false;
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
