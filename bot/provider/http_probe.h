/*
 * http_probe.h - is a provider that is spoken to by HTTP there?
 *
 * A GET of BASE/models when a call begins: it opens the connection that the
 * first real request will use, and a key that is refused is known before
 * anybody waits for an answer. Servers that have no such list answer 404,
 * which will do.
 */
#ifndef BOT_PROVIDER_HTTP_PROBE_H
#define BOT_PROVIDER_HTTP_PROBE_H

#include "bot/provider/reconnect.h"
#include "common/attr.h"

struct fetch_req;
struct net;

/* @err 0: it is there. ERR_AUTH, -EDQUOT: it refuses the key. Else it could
 * not be reached. Called once. */
typedef void http_probe_h(int err, void *arg);

struct http_probe {
	/* Set by the owner, borrowed; before the start. */
	const char *module, *call_id; /* for logs */
	const char *base;             /* "https://host/v1" */
	const char *auth;             /* a header; NULL: none */
	unsigned tries;               /* to connect; 0: as reconnect.h */
	http_probe_h *handler;
	void *arg;

	struct net *net;
	struct fetch_req *req;
	struct reconnect again;
};

/* -EINVAL: the URL. -ENOMEM. */
int http_probe_start(struct http_probe *p, struct net *net) MUST_CHECK;

/* Zeroed, or started: no handler runs any more. */
void http_probe_stop(struct http_probe *p);

/* @url without slashes at its end, "Authorization: Bearer KEY"; mem_free() them;
 * @auth becomes NULL without a key. -ENOMEM. */
int http_provider_texts(char **base, char **auth, const char *url,
                        const char *key) MUST_CHECK;

#endif
