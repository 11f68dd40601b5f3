/*
 * llm_http.h - one streamed answer over HTTP, whatever its dialect
 *
 * Dialects differ in what a request looks like and in what an event means. All
 * else is here: the request over the shared pool (HTTP/2 to real services, so
 * that an interruption resets a stream and keeps the connection), deadlines,
 * the cutting of events, tool calls that come in pieces, refusals, the end.
 */
#ifndef BOT_PROVIDER_LLM_HTTP_H
#define BOT_PROVIDER_LLM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/net/sse.h"
#include "bot/provider/llm.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/js.h"
#include "common/timer.h"

struct fetch_req;
struct llm_http;
struct net;

enum {
	LLM_HTTP_REQUEST_MAX = 1 << 20, /* [bytes] of a request's body */
	LLM_HTTP_NAME_MAX = 128,        /* [bytes] of a call's id or name */
};

struct llm_dialect {
	const char *name;   /* in the log */
	const char *base;   /* of the URL, where the configuration has none */
	const char *path;   /* behind it, without a slash */
	const char *models; /* likewise: the list of what there is */
	const char *key_header; /* up to the key: "x-api-key: " */
	const char *header;     /* one more, or NULL */
	/* Append a request's body. -ENOMEM, ERR_LIMIT. */
	int (*request)(struct buf *out, const struct llm_params *prm);
	/* One event. -ECANCELED: llm_http_text() has said that we are closed.
	 * Another error ends the answer with it. */
	int (*event)(struct llm_http *h, const json_t *msg);
};

struct llm_http_call {
	int64_t index;
	char id[LLM_HTTP_NAME_MAX], name[LLM_HTTP_NAME_MAX];
	struct buf args;
};

struct llm_http {
	struct llm llm;
	const struct llm_dialect *dialect;
	struct net *net;
	struct fetch_req *req;
	struct sse sse;
	struct timer wait;
	uint32_t stall_ms;
	char call_id[PROVIDER_CALL_ID_MAX];
	size_t answered; /* bytes of text given out */
	struct llm_http_call calls[LLM_TOOL_CALLS_MAX];
	size_t n_calls;
	bool finished;        /* set by the dialect: why it ends is known */
	bool done;            /* ... and that nothing follows */
	bool failed;          /* err is the reason */
	bool feeding, closed; /* closed while feeding: released after it */
	int err;
	struct llm_event usage; /* finish and tokens, for LLM_DONE */
};

/* Ask as @dialect (borrowed) does, which gets the answer's events.
 * -EINVAL: the URL. -ENOMEM. ERR_LIMIT: too much is asked. */
int llm_http_open(struct llm **llmp, struct net *net,
                  const struct llm_params *prm,
                  const struct llm_dialect *dialect) MUST_CHECK;

/* For struct llm_ops. */
void llm_http_close(struct llm *llm);

/* For dialects: a piece of text. -ECANCELED: the handler has closed us.
 * ERR_LIMIT: the answer is too long. */
int llm_http_text(struct llm_http *h, const char *text) MUST_CHECK;

/* The tool call at @index, a new one where there is none, or where @id differs
 * (some servers count every call as the first); "" does not differ. NULL: too
 * many. */
struct llm_http_call *llm_http_call_at(struct llm_http *h, int64_t index,
                                       const char *id);

/* Id and name of a call, where they are not "", and more of its arguments.
 * ERR_LIMIT: too long. -ENOMEM. */
int llm_http_call_add(struct llm_http_call *c, const char *id, const char *name,
                      const char *arguments) MUST_CHECK;

#endif
