/*
 * elevenlabs.h - text to speech by ElevenLabs' WebSocket (TTS=elevenlabs)
 */
#ifndef BOT_PROVIDER_ELEVENLABS_H
#define BOT_PROVIDER_ELEVENLABS_H

#include "bot/provider/tts.h"

/* cfg: key, url ("wss://api.elevenlabs.io"), model, voice (an id). Lines of
 * 8 kHz in mu-law or PCM, and of 16 kHz. */
extern const struct tts_ops tts_elevenlabs_ops;

#endif
