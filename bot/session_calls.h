/*
 * session_calls.h - calls of tools that run, for the session's own files
 *
 *	session_tools.c     an answer's calls, and what comes of them
 *	session_transfer.c  ... of those that hand the telephone call over
 */
#ifndef BOT_SESSION_CALLS_H
#define BOT_SESSION_CALLS_H

#include "bot/session_impl.h"
#include "bot/tool_transfer.h"
#include "common/list.h"

struct tool_call;
struct transfer;

/* A call whose result comes later. */
struct running {
	struct link link;
	struct session *s;
	char *name, *args;
	unsigned id;     /* in its events */
	uint32_t answer; /* the reply that asked for it */
	uint32_t place;  /* in the history */
	uint64_t from_ms;

	/* One of them does it. */
	struct tool_call *call;
	const struct tool_destination *to; /* of a transfer; asked for once the
	                                    * reply is over */
	struct transfer *transfer;
	uint32_t ring_sec;
	uint64_t ticket; /* of the agent's code; 0: not its own */
	char *result;    /* ... that it gave; NULL: not yet */
	struct timer late;
};

struct running *session_call_of(struct link *l);

/* It has its result: for the model, the history and the events. Frees @c. */
void session_call_settle(struct running *c, struct str result);

/* The same without the model: the conversation is over. */
void session_call_close(struct running *c, struct str result);

/* The event of a result that no call of the model's asked for. */
void session_record(struct session *s, const char *name, struct str result,
                    uint64_t ms);

/* Get a transfer ready. -EINVAL, with @result saying why for the model. */
int session_transfer_plan(struct running *c, const struct tool_transfer *t,
                          struct str args, struct buf *result) MUST_CHECK;

/* Is one planned, or being asked for? */
bool session_transfer_planned(const struct session *s);

/* Something was heard to its end, or will not be: may it begin now? */
void session_transfer_look(struct session *s);

#endif
