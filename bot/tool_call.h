/*
 * tool_call.h - one call of a tool over HTTP, from arguments to result
 *
 * The result always comes, and always is text for the model: what the peer
 * answered, or an object with the error. It never comes before
 * tool_call_open() has returned, and not after tool_call_close().
 */
#ifndef BOT_TOOL_CALL_H
#define BOT_TOOL_CALL_H

#include "bot/net/net.h"
#include "bot/tool_http.h"
#include "common/attr.h"
#include "common/str.h"

struct tool_call;

enum {
	TOOL_ANSWER_MAX = 64 * 1024, /* [bytes] read of an answer */
	TOOL_RESULT_MAX = 16 * 1024, /* [bytes] of it that the model is given:
	                              * the history has to hold it */
};

/* Who makes the requests: what a test replaces. As fetch_start() and
 * fetch_cancel(). */
struct tool_fetch {
	int (*start)(struct fetch_req **rp, const struct fetch_params *prm,
	             void *arg);
	void (*cancel)(struct fetch_req **rp);
	void *arg;
};

/* Through @net. */
struct tool_fetch tool_fetch_net(struct net *net);

typedef void tool_call_h(struct str result, void *arg);

struct tool_call_params {
	const struct tool_fetch *fetch;
	const struct tool *tool; /* over HTTP */
	struct str args;         /* have passed tools_args() */
	const char *call_id;     /* for logs */
};

/* Ask. @prm's texts but for the arguments are borrowed until it is closed.
 * -EINVAL: the arguments do not do; @fault has the result. Other errors
 * likewise. */
int tool_call_open(struct tool_call **cp, const struct tool_call_params *prm,
                   struct buf *fault, tool_call_h *handler,
                   void *arg) MUST_CHECK;

/* NULLs the caller's pointer; NULL is fine. The handler may close. */
void tool_call_close(struct tool_call **cp);

#endif
