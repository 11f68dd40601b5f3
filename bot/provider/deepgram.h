/*
 * deepgram.h - speech to text by Deepgram (STT=deepgram)
 */
#ifndef BOT_PROVIDER_DEEPGRAM_H
#define BOT_PROVIDER_DEEPGRAM_H

#include "bot/provider/stt.h"

/* cfg: key, url ("wss://host"), model, language. Reconnects by itself; fails
 * for good on a refusal that a retry cannot cure, or after ten seconds. */
extern const struct stt_ops stt_deepgram_ops;

#endif
