/*
 * openai_tts.h - text to speech by OpenAI's /audio/speech (TTS=openai)
 */
#ifndef BOT_PROVIDER_OPENAI_TTS_H
#define BOT_PROVIDER_OPENAI_TTS_H

#include "bot/provider/tts.h"

/* Any server that speaks this protocol. cfg: key (NULL: no Authorization), url
 * ("https://host/v1"), model, voice. */
extern const struct tts_ops tts_openai_ops;

#endif
