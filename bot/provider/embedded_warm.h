/*
 * embedded_warm.h - speech that will soon be wanted (TTS=embedded)
 */
#ifndef BOT_PROVIDER_EMBEDDED_WARM_H
#define BOT_PROVIDER_EMBEDDED_WARM_H

#include <stddef.h>

struct provider_cfg;

/* See tts_warm(). */
void embedded_warm(const struct provider_cfg *cfg, const char *text,
                   size_t len);

#endif
