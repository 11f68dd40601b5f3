/*
 * llm.h - language model: one struct llm is one streamed answer
 *
 * The five laws of callbacks hold (see stt.h); LLM_DONE or LLM_FAILED is the
 * last event. Connections are shared behind the scenes, so opening is cheap,
 * and closing in mid-answer is how an interruption stops the generation.
 */
#ifndef BOT_PROVIDER_LLM_H
#define BOT_PROVIDER_LLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/provider/provider.h"
#include "common/attr.h"

struct llm;
struct llm_warm;

enum {
	LLM_ANSWER_MAX = 32 * 1024, /* [bytes] of text in one answer */
	LLM_TOOL_CALLS_MAX = 16,    /* in one answer */
};

/* The tool by which a model reports on a call that is over: its arguments are
 * "summary", a text, and "fields", an object. The scripted model knows it. */
#define LLM_REPORT "report"

enum llm_role { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL };

struct llm_tool_call {
	const char *id;
	const char *name;
	const char *arguments; /* JSON text, as the model wrote it */
};

struct llm_msg {
	enum llm_role role;
	const char *text;                  /* "" when only tools are called */
	const struct llm_tool_call *calls; /* LLM_ASSISTANT */
	size_t n_calls;
	const char *call_id; /* LLM_TOOL: which call this is the result of */
};

struct llm_tool {
	const char *name;
	const char *description;
	const char *parameters; /* JSON Schema text */
};

struct llm_params {
	const struct provider_cfg *cfg;
	const struct llm_msg *msgs; /* copied, as all of this */
	size_t n_msgs;
	const struct llm_tool *tools;
	size_t n_tools;
	bool has_temperature;
	double temperature;  /* 0 to 2; with has_temperature */
	const char *body;    /* the call's custom data as JSON, NULL without;
	                      * for the scripted model alone */
	const char *call_id; /* for logs */
	uint32_t first_token_ms; /* deadline to the first event [ms]; 0: 8000 */
	bool fresh;        /* over a new connection: the old one has failed */
	uint32_t stall_ms; /* longest pause between events; 0: 5000 */
};

enum llm_event_type {
	LLM_TEXT,      /* text, a piece of the answer */
	LLM_TOOL_CALL, /* call, complete */
	LLM_DONE,      /* last event; usage is known */
	LLM_FAILED,    /* last event; err, status, retry_ms */
};

enum llm_finish { LLM_STOP, LLM_LENGTH, LLM_TOOL_CALLS, LLM_FILTER };

struct llm_event {
	enum llm_event_type type;
	const char *text; /* LLM_TEXT: UTF-8, whole characters */
	size_t text_len;
	struct llm_tool_call call; /* LLM_TOOL_CALL */
	enum llm_finish finish;    /* LLM_DONE */
	uint32_t prompt_tokens, cached_tokens, answer_tokens; /* LLM_DONE */
	int err;           /* LLM_FAILED: ERR_AUTH, ERR_LIMIT (429),
	                            * -EDQUOT (no quota), -ETIMEDOUT ... */
	int status;        /* HTTP status, 0 without */
	uint32_t retry_ms; /* what the peer asked for; 0 without */
};

typedef void llm_event_h(const struct llm_event *ev, void *arg);

struct llm_ops {
	const char *name;
	int (*open)(struct llm **llmp, struct net *net,
	            const struct llm_params *prm);
	void (*close)(struct llm *llm);
	/* Connect ahead, see llm_warm.h; NULL: there is nothing to connect. */
	int (*warm)(struct llm_warm **wp, struct net *net,
	            const struct provider_cfg *cfg);
};

struct llm {
	const struct llm_ops *ops;
	llm_event_h *eventh; /* NULL until open has returned, and after close */
	void *arg;
	bool *gone; /* of the emit that runs: set when the handler closes us */
};

/* By name as in LLM=; NULL if there is none. */
const struct llm_ops *llm_find(const char *name);

/* Ask for an answer. -EINVAL, -ENOMEM. */
int llm_open(struct llm **llmp, const struct llm_ops *ops, struct net *net,
             const struct llm_params *prm, llm_event_h *eventh,
             void *arg) MUST_CHECK;

/* Stop the answer, and NULL the caller's pointer. NULL is fine. */
void llm_close(struct llm **llmp);

/* For implementations: give @ev to the handler, if there still is one.
 * False: the handler has closed it, and it must not be touched. */
bool llm_emit(struct llm *llm, const struct llm_event *ev);

#endif
