/*
 * hangup.h - end a call at the carrier, whatever it takes
 *
 * Closing the socket would do in most calls, but a call that is not really
 * over costs its minutes until the carrier's time limit. So the bot says it by
 * REST where it has credentials, several times if need be. "Not found" means
 * that the call is over: success.
 */
#ifndef BOT_HANGUP_H
#define BOT_HANGUP_H

#include "common/attr.h"

struct hangup;
struct net;

/* The carrier's account; texts outlive every request. */
struct hangup_account {
	const char *api_url; /* "https://api.plivo.com" */
	const char *auth_id, *auth_token;
};

/* @err: 0: the call is over. Others: it could not be said. */
typedef void hangup_h(int err, void *arg);

/* Begin. @uuid and @call_id (for logs) are copied. -EINVAL: no uuid. -ENOMEM. */
int hangup_open(struct hangup **hp, struct net *net,
                const struct hangup_account *acc, const char *uuid,
                const char *call_id, hangup_h *handler, void *arg) MUST_CHECK;

/* The handler will not run; the requests go no further. NULLs the caller's
 * pointer; NULL is fine. */
void hangup_close(struct hangup **hp);

#endif
