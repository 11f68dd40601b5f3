#include <errno.h>
#include <string.h>

#include "bot/peer.h"
#include "bot/worker_impl.h"
#include "common/base64.h"
#include "common/err.h"
#include "common/jtext.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

static bool has_secret(const struct worker *w, const struct ws_request *req)
{
	static const char scheme[] = "Bearer ";
	const char *auth = req->header(req, "authorization");
	const size_t n = sizeof(scheme) - 1;

	if (!w->cfg->secret || !auth || strncmp(auth, scheme, n) != 0)
		return false;
	return crypto_equal(auth + n, strlen(auth + n), w->cfg->secret,
	                    strlen(w->cfg->secret));
}

/* From this machine, not through a proxy on it, and no browser's page. */
static bool is_local(const struct ws_request *req)
{
	static const char *const foreign[] = {
		"forwarded",         "x-forwarded-for", "x-forwarded-host",
		"x-forwarded-proto", "x-real-ip",       "origin",
	};

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (req->header(req, foreign[i]))
			return false;
	return peer_is_loopback(req->peer);
}

bool worker_is_server(const struct worker *w, const struct ws_request *req)
{
	if (w->cfg->secret)
		return has_secret(w, req);
	return config_on_loopback(w->cfg) && is_local(req);
}

bool worker_may_see_metrics(const struct worker *w,
                            const struct ws_request *req)
{
	return has_secret(w, req) || is_local(req);
}

/* --- signatures --- */

static int check_signature(struct worker *w, const struct ws_request *req,
                           const char *id)
{
	struct signed_upgrade up = {
		.id = id,
		.signature = req->header(req, "x-plivo-signature-v3"),
		.signature_ma = req->header(req, "x-plivo-signature-ma-v3"),
		.nonce = req->header(req, "x-plivo-signature-v3-nonce"),
	};
	struct buf target;
	int err;

	if (!w->sign)
		return ERR_AUTH;
	buf_init(&target, WORKER_REQUEST_MAX);
	err = buf_addf(&target, "%s%s%s", req->path, req->query[0] ? "?" : "",
	               req->query);
	up.target = buf_str(&target);
	if (!err)
		err = signed_verify(w->sign, &up);
	buf_fini(&target);
	if (!err)
		err = signed_nonce(w->sign, up.nonce, id ? id : "");
	return err;
}

/* 0, or the status that refuses it. @must: whatever PLIVO_VERIFY says. */
static int judge_signature(struct worker *w, const struct ws_request *req,
                           const char *id, bool must)
{
	int err;

	if (w->cfg->verify == VERIFY_OFF && !must)
		return 0;
	err = check_signature(w, req, id);
	if (!err)
		return 0;
	log_line(LOG_WARN, "worker", NULL, "event=bad_signature why=%s peer=%s",
	         err == ERR_STALE ? "replayed" : "wrong", req->peer);
	return must || w->cfg->verify == VERIFY_ENFORCE ? 403 : 0;
}

/* --- the inline form --- */

/* The value of @name in a query, still percent-encoded. */
static struct str query_value(const char *query, const char *name)
{
	struct str rest = str_of(query);

	while (rest.len) {
		struct str value = str_cut(&rest, '&');
		struct str key = str_cut(&value, '=');

		if (str_eq(key, name))
			return value;
	}
	return (struct str){NULL, 0};
}

/* Custom data of a query: NULL without, or when it cannot be read: the person
 * who is being called shall not suffer for it. */
static char *inline_body(const struct ws_request *req)
{
	struct str value = query_value(req->query, "body");
	char *text = NULL, *json = NULL;
	long len = -1;

	if (!value.len || value.len > 2 * WORKER_BODY_MAX)
		return NULL;
	text = mem_strndup(value.v, value.len);
	json = mem_zalloc(value.len + 4);
	if (text && json) {
		long n = str_unescape(text, value.len, false);

		if (n > 0)
			len = base64_decode_lenient(json, text, (size_t)n);
	}
	mem_free(text);
	if (len >= 0 && len <= WORKER_BODY_MAX &&
	    !jtext_check(str_n(json, (size_t)len), WORKER_DEPTH_MAX - 1,
	                 NULL)) {
		json[len] = '\0';
		return json;
	}
	log_line(LOG_WARN, "worker", NULL, "event=bad_inline_body");
	mem_free(json);
	return NULL;
}

static int inline_place(struct worker *w, const struct ws_request *req,
                        struct reservation **rp)
{
	struct reserve_params prm = {.ttl_sec = WORKER_INLINE_TTL_SEC};
	char *body;
	int err;

	if (!worker_has_room(w))
		return 503;
	body = inline_body(req);
	prm.body = body;
	prm.body_len = body ? strlen(body) : 0;
	err = reserve_add(rp, w->places, &prm, w->capacity);
	mem_free(body);
	if (err == ERR_LIMIT)
		w->metrics.refused_full++;
	return err ? 503 : 0;
}

/* --- upgrades --- */

static int accept_as(struct worker *w, const struct reservation *r,
                     const struct ws_request *req, bool inline_form, void **tag)
{
	const char *nonce = req->header(req, "x-plivo-signature-v3-nonce");
	struct arrival *a = mem_zalloc(sizeof(*a));

	(void)w;
	if (!a)
		return 503;
	memcpy(a->id, r->id, sizeof(a->id));
	a->inline_form = inline_form;
	a->nonce = nonce ? mem_strdup(nonce) : NULL;
	if (nonce && !a->nonce) {
		mem_free(a);
		return 503;
	}
	*tag = a;
	return 0;
}

void worker_arrival_free(struct arrival *a)
{
	if (!a)
		return;
	mem_free(a->nonce);
	mem_free(a);
}

static int upgrade_inline(struct worker *w, const struct ws_request *req,
                          void **tag)
{
	struct reservation *r;
	int status;

	if (w->cfg->accept == ACCEPT_RESERVED)
		return 403;
	status = w->cfg->accept == ACCEPT_SIGNED
	                 ? judge_signature(w, req, NULL, true)
	                 : 0;
	if (!status)
		status = inline_place(w, req, &r);
	if (status)
		return status;
	status = accept_as(w, r, req, true, tag);
	if (status)
		reserve_end(&r);
	return status;
}

static int upgrade_place(struct worker *w, const struct ws_request *req,
                         const char *id, void **tag)
{
	struct reservation *r = reserve_find(w->places, id);
	int status = 0;

	/* The server relays with its secret; Plivo comes with a signature. */
	if (!worker_is_server(w, req)) {
		if (!w->cfg->public_url)
			return w->cfg->secret ? 401 : 403;
		status = judge_signature(w, req, id, false);
	}
	if (status)
		return status;
	if (!r)
		return reserve_has_ended(w->places, id) ? 410 : 404;
	return accept_as(w, r, req, false, tag);
}

/* What follows "/ws" in the path, a prefix of BOT_PUBLIC_URL before it or
 * not; NULL: something else. */
static const char *stream_path(const struct worker *w, const char *path)
{
	const char *base = w->cfg->public_url;
	const char *at = base ? strstr(base, "://") : NULL;
	size_t n;

	at = at ? strchr(at + 3, '/') : NULL;
	n = at ? strlen(at) : 0;
	while (n && at[n - 1] == '/')
		n--;
	if (n && !strncmp(path, at, n) && path[n] == '/')
		path += n;
	return strncmp(path, "/ws", 3) ? NULL : path + 3;
}

int worker_upgrade(const struct ws_request *req, void **tag, void *arg)
{
	struct worker *w = arg;
	const char *rest = stream_path(w, req->path);
	char id[CRYPTO_ID_LEN];
	int status = 404;

	if (rest && (!rest[0] || !strcmp(rest, "/")))
		status = upgrade_inline(w, req, tag);
	else if (rest && rest[0] == '/' &&
	         !str_copy(id, sizeof(id), str_of(rest + 1)))
		status = upgrade_place(w, req, id, tag);
	if (status) {
		w->metrics.refused_streams++;
		log_line(LOG_WARN, "worker", NULL,
		         "event=stream_refused status=%d peer=%s", status,
		         req->peer);
	}
	return status;
}
