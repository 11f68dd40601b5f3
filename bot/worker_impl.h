/*
 * worker_impl.h - the inside of the worker, for its own files
 */
#ifndef BOT_WORKER_IMPL_H
#define BOT_WORKER_IMPL_H

#include "bot/admit.h"
#include "bot/after.h"
#include "bot/call.h"
#include "bot/config.h"
#include "bot/door.h"
#include "bot/events.h"
#include "bot/metrics.h"
#include "bot/net/net.h"
#include "bot/net/ws.h"
#include "bot/reserve.h"
#include "bot/signed.h"
#include "bot/stock.h"
#include "bot/watch.h"
#include "bot/worker.h"

enum {
	WORKER_BODY_MAX = 64 * 1024,     /* [bytes] of custom data */
	WORKER_REQUEST_MAX = 160 * 1024, /* [bytes] of a request's body */
	WORKER_DEPTH_MAX = 33,           /* custom data's 32, and the object */
	WORKER_RETRY_SEC = 5,            /* [s] Retry-After of a full bot */
	WORKER_INLINE_TTL_SEC = 30,      /* [s] longer than the door's wait */
};

/* An upgrade that has been accepted: who it says it is. */
struct arrival {
	char id[CRYPTO_ID_LEN]; /* of the place */
	bool inline_form;       /* the place was made for it */
	char *nonce;            /* of its signature; NULL without */
};

struct worker {
	struct net *net;
	const struct bot_config *cfg;
	unsigned capacity;
	const struct session_env *session;
	struct ws_server *server;
	struct reserve_table *places;
	struct door door;
	struct events *events;
	struct afters *afters;
	struct watch *watch;       /* of the servers */
	struct signed_check *sign; /* NULL: nothing to verify with */
	struct hangup_account account;
	struct call_env call_env;
	struct admit admit;
	struct timer tick;
	struct metrics metrics;
	struct stock *stock; /* NULL: nothing is spoken ahead */

	bool draining;
	unsigned patience; /* what is still waited for; see worker_drain.c */
	struct timer drain_timer;
	worker_drained_h *drained;
	void *drained_arg;
};

/* --- worker_access.c: who may what --- */

/* Is it the server that asks: by secret, or from this machine if there is
 * none and the bot listens on loopback only? */
bool worker_is_server(const struct worker *w, const struct ws_request *req);
bool worker_may_see_metrics(const struct worker *w,
                            const struct ws_request *req);

/* Judge an upgrade. 0, with @tag a struct arrival; or an HTTP status. */
int worker_upgrade(const struct ws_request *req, void **tag, void *arg);
void worker_arrival_free(struct arrival *a);

/* --- worker_http.c: requests --- */

void worker_request(const struct ws_request *req, struct ws_response *res,
                    void *arg);

/* Answer with @status and {"detail": @why}. */
void worker_refuse(struct ws_response *res, int status, const char *why);

/* --- worker_places.c: /reserve --- */

void worker_reserve(struct worker *w, const struct ws_request *req,
                    struct ws_response *res);
void worker_prepare(struct worker *w, const char *id,
                    const struct ws_request *req, struct ws_response *res);
void worker_machine(struct worker *w, const char *id, struct ws_response *res);
void worker_look(struct worker *w, const char *id, struct ws_response *res);
void worker_release(struct worker *w, const char *id, struct ws_response *res);

/* May a place be given away now? */
bool worker_has_room(const struct worker *w);
/* Could nobody be heard, answered or spoken to? */
bool worker_is_dumb(const struct worker *w);

/* --- worker_drain.c --- */

/* A place has been given back. */
void worker_drain_check(struct worker *w);

#endif
