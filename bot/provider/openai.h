/*
 * openai.h - language model by OpenAI chat completions (LLM=openai)
 */
#ifndef BOT_PROVIDER_OPENAI_H
#define BOT_PROVIDER_OPENAI_H

#include "bot/provider/llm.h"

/* Any server that speaks this protocol: OpenAI, llama.cpp, Ollama, vLLM, Groq.
 * cfg: key (NULL: no Authorization), url ("https://host/v1"), model. */
extern const struct llm_ops llm_openai_ops;

#endif
