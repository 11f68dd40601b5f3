/*
 * openai_msg.h - the text of a chat-completions request
 */
#ifndef BOT_PROVIDER_OPENAI_MSG_H
#define BOT_PROVIDER_OPENAI_MSG_H

#include "bot/provider/llm.h"
#include "common/attr.h"

struct buf;

/* Append the request's JSON: model, messages, streaming with usage, tools only
 * when there are any; nothing that a compatible server might refuse.
 * -ENOMEM, ERR_LIMIT. */
int openai_request(struct buf *out, const struct llm_params *prm) MUST_CHECK;

#endif
