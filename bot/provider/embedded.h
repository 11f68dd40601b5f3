/*
 * embedded.h - speech in this process (STT=embedded, TTS=embedded, TTS=flite)
 *
 * No key and no network: bot/engine computes on its threads. cfg: engine, made
 * with what the provider needs.
 */
#ifndef BOT_PROVIDER_EMBEDDED_H
#define BOT_PROVIDER_EMBEDDED_H

#include "bot/provider/stt.h"
#include "bot/provider/tts.h"

/* Moonshine: partial texts twice a second while somebody speaks; the final
 * text is computed when there has been silence for 200 ms and given out at
 * stt_flush(), or after a second of silence. */
extern const struct stt_ops stt_embedded_ops;

/* Kokoro for as many calls as it keeps up with, flite beyond; clause by
 * clause. */
extern const struct tts_ops tts_embedded_ops;

/* Flite alone. */
extern const struct tts_ops tts_flite_ops;

#endif
