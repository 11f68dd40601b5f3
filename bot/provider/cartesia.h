/*
 * cartesia.h - text to speech by Cartesia (TTS=cartesia)
 */
#ifndef BOT_PROVIDER_CARTESIA_H
#define BOT_PROVIDER_CARTESIA_H

#include "bot/provider/tts.h"

/* cfg: key, url ("wss://host"), model, voice, language. Reconnects by itself;
 * pieces of text that had no audio yet are spoken again on the new socket. */
extern const struct tts_ops tts_cartesia_ops;

#endif
