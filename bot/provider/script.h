/*
 * script.h - the scripted model (LLM=script): no account, no network
 *
 * It is not a language model and does not pretend to be one: rules in a file
 * (script_rules.h) answer what people say. The dialogue is played again from
 * the context's user messages for each answer, so it keeps no state of its
 * own, and what an interruption removes from the context has not been said.
 */
#ifndef BOT_PROVIDER_SCRIPT_H
#define BOT_PROVIDER_SCRIPT_H

#include "bot/provider/llm.h"

/* cfg: script, the path of the rule file. -ENOENT and the like, -EINVAL: it
 * cannot be read; the log says why. */
extern const struct llm_ops llm_script_ops;

#endif
