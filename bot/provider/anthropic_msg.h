/*
 * anthropic_msg.h - a conversation as the Messages API wants it, without I/O
 *
 * It knows no system role in the conversation, wants the callee to begin, and
 * both sides to alternate; results of tools are the user's. What follows one
 * another on one side is joined into one message of several blocks.
 */
#ifndef BOT_PROVIDER_ANTHROPIC_MSG_H
#define BOT_PROVIDER_ANTHROPIC_MSG_H

#include "bot/provider/llm.h"
#include "common/attr.h"

struct buf;

enum { ANTHROPIC_TOKENS_MAX = 1024 /* of one answer; the API wants a limit */ };

/* Append the request's body. -ENOMEM, ERR_LIMIT. */
int anthropic_request(struct buf *out, const struct llm_params *prm) MUST_CHECK;

#endif
