/*
 * deepgram_tts.h - text to speech by Deepgram's Aura (TTS=deepgram)
 */
#ifndef BOT_PROVIDER_DEEPGRAM_TTS_H
#define BOT_PROVIDER_DEEPGRAM_TTS_H

#include "bot/provider/tts.h"

/* cfg: key, url ("wss://api.deepgram.com"), voice ("aura-2-helena-en"; its
 * name is the model's). */
extern const struct tts_ops tts_deepgram_ops;

#endif
