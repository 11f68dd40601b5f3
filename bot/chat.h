/*
 * chat.h - what was said and heard
 *
 * The history that the model is given. Of the bot's own words only those that
 * were heard enter it; a message that was cut short is marked, and the model
 * is told what the mark means. Oldest messages go when the limit is reached,
 * a tool's result together with its call.
 */
#ifndef BOT_CHAT_H
#define BOT_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/provider/llm.h"
#include "common/attr.h"
#include "common/str.h"

struct chat;

enum {
	CHAT_BYTES_MAX = 64 * 1024, /* of history, without instructions */
	CHAT_MSGS_MAX = 400,
};

/* @instructions are copied; may be empty. -ENOMEM. */
int chat_new(struct chat **cp, struct str instructions) MUST_CHECK;
void chat_free(struct chat **cp);

/* Add what somebody said; copied. Empty text is not added. -ENOMEM. */
int chat_callee(struct chat *c, struct str text) MUST_CHECK;
int chat_bot(struct chat *c, struct str text, bool interrupted) MUST_CHECK;

/* The place behind the last message, for chat_bot_at(). Stays valid. */
size_t chat_end(const struct chat *c);

/* As chat_bot(), at the place @at: what was said along with the calls of tools
 * that follow there, since a model that is asked to go on must not find words
 * of its own behind their results. -ENOMEM. */
int chat_bot_at(struct chat *c, size_t at, struct str text,
                bool interrupted) MUST_CHECK;

/* Take the last message back if it is the callee's: late words will be added
 * to it. False: it is not. */
bool chat_take_back(struct chat *c);

/* A call of a tool, and what came of it; copied. -ENOMEM. */
int chat_call(struct chat *c, const struct llm_tool_call *call) MUST_CHECK;
int chat_result(struct chat *c, const char *call_id,
                struct str result) MUST_CHECK;

/* The same where the result comes later: until then the model reads that the
 * tool is running. @place names it to chat_settle(). -ENOMEM. */
int chat_pending(struct chat *c, const char *call_id,
                 uint32_t *place) MUST_CHECK;

/* It has come; copied. Nothing happens if the call has left the history.
 * -ENOMEM. */
int chat_settle(struct chat *c, uint32_t place, struct str result) MUST_CHECK;

size_t chat_len(const struct chat *c); /* messages, without instructions */

/* The @i-th message; borrowed, text is not decorated. */
const struct llm_msg *chat_at(const struct chat *c, size_t i);
bool chat_interrupted(const struct chat *c, size_t i);

/* All of it as the model gets it; borrowed until the chat changes. -ENOMEM. */
int chat_build(struct chat *c, const struct llm_msg **msgs,
               size_t *n) MUST_CHECK;

#endif
