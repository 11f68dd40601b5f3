#include "bot/media/audio.h"

#include "bot/media/g711.h"

size_t audio_decode(int16_t *dst, enum audio_fmt fmt, const uint8_t *src,
                    size_t len)
{
	if (fmt == AUDIO_ULAW_8K) {
		g711_ulaw_decode(dst, src, len);
		return len;
	}
	for (size_t i = 0; i < len / 2; i++)
		dst[i] = (int16_t)(src[2 * i] | src[2 * i + 1] << 8);
	return len / 2;
}

size_t audio_encode(uint8_t *dst, enum audio_fmt fmt, const int16_t *src,
                    size_t n)
{
	if (fmt == AUDIO_ULAW_8K) {
		g711_ulaw_encode(dst, src, n);
		return n;
	}
	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = (uint8_t)src[i];
		dst[2 * i + 1] = (uint8_t)((uint16_t)src[i] >> 8);
	}
	return 2 * n;
}
