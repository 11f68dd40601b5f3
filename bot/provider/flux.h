/*
 * flux.h - speech to text by Deepgram Flux (STT=flux), which decides turns
 */
#ifndef BOT_PROVIDER_FLUX_H
#define BOT_PROVIDER_FLUX_H

#include "bot/provider/stt.h"

/* cfg: key, url ("wss://api.deepgram.com"), model ("flux-general-en"),
 * language (with flux-general-multi: a hint). */
extern const struct stt_ops stt_flux_ops;

#endif
