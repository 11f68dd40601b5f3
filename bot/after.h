/*
 * after.h - what is made of a call when it is over
 *
 *	call ends --> model: report(summary, fields) --> event "summary"
 *
 * The model is given the conversation and one tool, whose arguments are a
 * summary and the fields that the agent file has a schema of. What it gives is
 * checked; what does not follow the schema is asked for once more. There is
 * one event in any case, with a summary and fields or with an error, within
 * the time that the file allows. The call's place is free meanwhile.
 */
#ifndef BOT_AFTER_H
#define BOT_AFTER_H

#include <stddef.h>

#include "bot/provider/llm.h"
#include "bot/session.h"
#include "common/attr.h"

struct after_talk;
struct afters;
struct agent;
struct events_feed;

#define AFTER_TOOL LLM_REPORT /* the tool's name */

enum { AFTERS_MAX = 256 /* at once; more are told as errors */ };

/* @env is borrowed. -ENOMEM. */
int afters_new(struct afters **ap, const struct session_env *env) MUST_CHECK;

/* What is under way is told as an error. NULLs the caller's pointer. NULL is
 * fine. */
void afters_free(struct afters **ap);

/* How many are under way. */
size_t afters_running(const struct afters *a);

struct after_params {
	struct agent **agent; /* these three are taken over, and NULLed */
	struct events_feed **feed;
	struct after_talk **talk;
	const char *call_id; /* copied */
	const char *body;    /* custom data as JSON, or NULL; copied */
};

/* Begin. Without a word in the conversation nothing is asked, and nothing
 * told. */
void afters_begin(struct afters *a, const struct after_params *prm);

#endif
