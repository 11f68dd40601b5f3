/*
 * call.h - one call: its place, its socket, its conversation
 *
 * The session knows no sockets and the worker no conversations; a struct call
 * stands between them. It outlives a socket that is lost for a moment, hangs
 * up at the carrier when the session asks, and passes the session's events on.
 */
#ifndef BOT_CALL_H
#define BOT_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/hangup.h"
#include "bot/reserve.h"
#include "bot/session.h"
#include "common/attr.h"
#include "common/list.h"

struct afters;
struct call;
struct events;
struct net;
struct stream_msg;
struct ws;

/* What calls share; outlives them. */
struct call_env {
	struct net *net;
	const struct session_env *session;
	struct events *events;
	struct afters *afters;
	const struct hangup_account *account; /* NULL: no credentials */
	const char *agents_dir;
	const char *default_agent;
	/* A call has ended; its place has been given back. */
	void (*ended)(void *arg);
	void *arg;
};

enum call_end {
	CALL_HANGUP, /* at the carrier, then close */
	CALL_DRAIN,  /* let the bot finish its sentence and say goodbye */
};

/* Begin with @ws, which brought @start. Takes @ws and @r over, also on
 * failure; r->owner becomes the call, which frees itself when it has ended.
 * What agent_load() and session_open() return. */
int call_open(const struct call_env *env, struct reservation *r, struct ws *ws,
              const struct stream_msg *start) MUST_CHECK;

/* The same call comes on another socket, which is taken over. */
void call_reattach(struct call *c, struct ws *ws,
                   const struct stream_msg *start);

/* The carrier takes whoever answered for a machine. */
void call_machine(struct call *c);

/* Is it over, or about to be? Whoever comes for it now comes too late. */
bool call_is_over(const struct call *c);

/* Bring it to an end; what has begun goes its way. */
void call_finish(struct call *c, enum call_end how);

/* End at once, with events but without waiting for anything. Frees it. */
void call_abort(struct call *c);

#endif
