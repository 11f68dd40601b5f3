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

static inline size_t audio_bytes_per_sample(enum audio_fmt fmt)
{
	return fmt == AUDIO_ULAW_8K ? 1 : 2;
}

/* Bytes of one millisecond: 8, 16 or 32. */
static inline size_t audio_bytes_per_ms(enum audio_fmt fmt)
{
	return audio_hz(fmt) / 1000 * audio_bytes_per_sample(fmt);
}

/* The byte that silence is made of. */
static inline uint8_t audio_silence(enum audio_fmt fmt)
{
	return fmt == AUDIO_ULAW_8K ? 0xff : 0;
}

/* The line's bytes as samples of the line's rate. @dst holds @len divided by
 * the bytes of a sample; half a sample at the end is left out. Returns the
 * number of samples. */
size_t audio_decode(int16_t *dst, enum audio_fmt fmt, const uint8_t *src,
                    size_t len);

/* Samples of the line's rate as the line's bytes; @dst holds @n times the
 * bytes of a sample. Returns bytes. */
size_t audio_encode(uint8_t *dst, enum audio_fmt fmt, const int16_t *src,
                    size_t n);

#endif
