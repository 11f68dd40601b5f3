/*
 * openai_stt.h - speech to text by /audio/transcriptions (STT=openai)
 */
#ifndef BOT_PROVIDER_OPENAI_STT_H
#define BOT_PROVIDER_OPENAI_STT_H

#include "bot/provider/stt.h"

/* Any server that speaks this protocol: OpenAI, Groq, whisper.cpp,
 * faster-whisper, vLLM. cfg: key (NULL: no Authorization), url
 * ("https://host/v1"), model, language. There are no interim texts, and the
 * final one comes when a whole recording has been sent and understood: that is
 * the protocol's latency, and stt_ops.settle_ms says so. */
extern const struct stt_ops stt_openai_ops;

#endif
