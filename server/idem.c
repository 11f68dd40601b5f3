#include "server/idem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/js.h"
#include "server/app.h"
#include "server/config.h"
#include "server/http/http.h"
#include "server/http/message.h"
#include "server/store/store.h"

enum {
	HEADER_MAX = 200,  /* [bytes] of the header */
	ATTEMPTS_MAX = 50, /* of one key that all ended in 503 */
	LATE_MS = 5000,    /* [ms] of an answer, when all who wait are gone */
};

void idem_conflict(struct http_res *res)
{
	http_fail_later(res, 409, 1,
	                "A request with this Idempotency-Key is under way: try "
	                "again after Retry-After.");
}

static bool header_ok(const char *v)
{
	size_t n = strlen(v);

	for (size_t i = 0; i < n; i++)
		if (v[i] < '!' || v[i] > '~')
			return false;
	return n && n <= HEADER_MAX;
}

static void hash_body(struct idem *idem, const struct http_req *req)
{
	uint8_t digest[CRYPTO_SHA256_LEN];

	crypto_sha256(digest, req->body, req->body_len);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(idem->hash + 2 * i, 3, "%02x", digest[i]);
}

/* Nobody will answer the request that made @call any more: its server has
 * ended, and what it would have said is in the ledger. False: answered. */
static bool tell_late(const struct store_call *call, struct app *app,
                      struct http_res *res)
{
	struct buf *out = &res->body;
	int err;

	if (!call->call_uuid && store_state_final(call->state)) {
		http_fail(res, 502,
		          "The call %s failed: %s. Use a new Idempotency-Key "
		          "to call again.",
		          call->id,
		          call->error ? call->error : "nobody knows why");
		return false;
	}
	err = buf_adds(out, "{\"call_uuid\":");
	if (!err && call->call_uuid)
		err = js_quote(out, call->call_uuid, strlen(call->call_uuid));
	else if (!err)
		err = buf_adds(out, "null");
	if (!err)
		err = buf_addf(out,
		               ",\"status\":\"%s\",\"phone_number\":%s,"
		               "\"call_id\":\"%s\"}",
		               call->call_uuid ? "call_initiated" : "unknown",
		               call->phone_number, call->id);
	app_count(app, COUNT_REPLAYED);
	res->status = call->call_uuid ? 200 : 202;
	http_res_header(res, "Idempotent-Replayed", "true");
	http_res_check(res, err);
	return false;
}

/* By the server that could not promise it, and before it was sent. Others
 * ask for an end, too. */
static bool was_withdrawn(const struct store_call *call)
{
	return call->state == STORE_CANCELLED && call->end_by &&
	       !strcmp(call->end_by, "server");
}

/* The request that made @call has no answer yet. */
static bool compare_open(const struct store_call *call, struct app *app,
                         struct http_res *res)
{
	int64_t age_ms = app_now_ms() - call->created_ms;
	int64_t answer_ms = (int64_t)app->cfg->start_wait * 1000 + LATE_MS;

	/* It has not been placed, and never will be. */
	if (call->state == STORE_NOT_PLACED || was_withdrawn(call) ||
	    (store_state_final(call->state) && !call->dialed_ms &&
	     !call->call_uuid))
		return true;
	if (call->state >= STORE_DIALING && age_ms > answer_ms)
		return tell_late(call, app, res);
	idem_conflict(res);
	return false;
}

/* What @call tells the same request. False: answered. */
static bool compare(const struct idem *idem, const struct store_call *call,
                    struct app *app, struct http_res *res)
{
	if (!call->idem_hash || strcmp(call->idem_hash, idem->hash) != 0) {
		http_fail(res, 409,
		          "This Idempotency-Key was used with another body: "
		          "send a new key with a new request.");
		return false;
	}
	if (!call->answer_status || !call->answer)
		return compare_open(call, app, res);
	/* Or it was to be promised, and that failed. */
	if (call->answer_status == 503 || was_withdrawn(call))
		return true;
	app_count(app, COUNT_REPLAYED);
	res->status = call->answer_status;
	http_res_header(res, "Idempotent-Replayed", "true");
	http_res_check(res, buf_adds(&res->body, call->answer));
	return false;
}

bool idem_begin(struct idem *idem, struct app *app, const char *owner,
                const struct http_req *req, struct http_res *res)
{
	const char *v = http_header(req, "Idempotency-Key");
	struct store_call call;
	bool go_on;
	int err;

	idem->key[0] = '\0';
	hash_body(idem, req);
	if (!v)
		return true;
	if (!header_ok(v)) {
		http_fail(res, 400,
		          "Idempotency-Key takes 1 to %d visible ASCII "
		          "characters: send such a one.",
		          HEADER_MAX);
		return false;
	}
	/* A later attempt is stored beside the first; no header has spaces. */
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		if (i)
			snprintf(idem->key, sizeof(idem->key), "%s %d", v, i);
		else
			snprintf(idem->key, sizeof(idem->key), "%s", v);
		err = store_call_idem(app->store, owner, idem->key, &call);
		if (err == -ENOENT)
			return true;
		if (err) {
			app_store_fault(app, NULL, err);
			http_fail_later(
				res, 503, 5,
				"The ledger of calls failed: try again; why is "
				"in the log of dialout-server.");
			return false;
		}
		go_on = compare(idem, &call, app, res);
		store_call_fini(&call);
		if (!go_on)
			return false;
	}
	http_fail(res, 409,
	          "This Idempotency-Key was tried too often: use a new one.");
	return false;
}
