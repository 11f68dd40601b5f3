/*
 * anthropic.h - language model by Anthropic's Messages API (LLM=anthropic)
 */
#ifndef BOT_PROVIDER_ANTHROPIC_H
#define BOT_PROVIDER_ANTHROPIC_H

#include "bot/provider/llm.h"

/* cfg: key, url ("https://api.anthropic.com"), model. */
extern const struct llm_ops llm_anthropic_ops;

#endif
