/*
 * audio.h - the sample formats a telephone line can have
 */
#ifndef BOT_MEDIA_AUDIO_H
#define BOT_MEDIA_AUDIO_H

#include <stddef.h>
#include <stdint.h>

enum audio_fmt {
	AUDIO_ULAW_8K, /* G.711 u-law, 8000 Hz, a byte a sample */
	AUDIO_L16_8K,  /* signed 16 bit little endian, 8000 Hz */
	AUDIO_L16_16K, /* the same at 16000 Hz */
};

static inline uint32_t audio_hz(enum audio_fmt fmt)
{
	return fmt == AUDIO_L16_16K ? 16000 : 8000;
}

/* Bytes of one millisecond: 8, 16 or 32. */
static inline size_t audio_bytes_per_ms(enum audio_fmt fmt)
{
	return audio_hz(fmt) / 1000 * (fmt == AUDIO_ULAW_8K ? 1 : 2);
}

#endif
