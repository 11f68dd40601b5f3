/*
 * session_usage.h - what a call uses of its providers; for the session alone
 */
#ifndef BOT_SESSION_USAGE_H
#define BOT_SESSION_USAGE_H

#include "common/attr.h"
#include "common/str.h"

struct buf;
struct llm_event;
struct session;

/* @text was given to the voice. */
void session_usage_spoken(struct session *s, struct str text);

/* The model has answered: LLM_DONE. */
void session_usage_answer(struct session *s, const struct llm_event *ev);

/* Append `"usage":{...}`. -ENOMEM, ERR_LIMIT. */
int session_usage_json(const struct session *s, struct buf *out) MUST_CHECK;

#endif
