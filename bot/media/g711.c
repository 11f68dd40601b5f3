#include "bot/media/g711.h"

enum {
	BIAS = 33,   /* of a 14 bit sample, makes each segment a power of 2 */
	CLIP = 8158, /* with the bias it still fits 13 bits */
};

static int16_t linear[256];
static uint8_t ulaw[16384]; /* by the upper 14 bits, as an unsigned number */

int16_t g711_ulaw_to_linear(uint8_t u)
{
	int v = ~u & 0xff;
	int segment = v >> 4 & 7;
	int magnitude = (((v & 15) << 1 | BIAS) << segment) - BIAS;

	return (int16_t)((v & 0x80 ? -magnitude : magnitude) * 4);
}

uint8_t g711_linear_to_ulaw(int16_t s)
{
	/* Rounds towards minus infinity, as a shift of a negative number. */
	int v = (s - (s & 3)) / 4;
	unsigned sign = v < 0 ? 0x80 : 0, segment = 0, magnitude;

	v = v < 0 ? -v : v;
	magnitude = (unsigned)((v > CLIP ? CLIP : v) + BIAS);
	while (magnitude >> (segment + 6))
		segment++;
	return (uint8_t) ~(sign | segment << 4 |
	                   (magnitude >> (segment + 1) & 15));
}

__attribute__((constructor)) static void fill_tables(void)
{
	for (int u = 0; u < 256; u++)
		linear[u] = g711_ulaw_to_linear((uint8_t)u);
	for (int v = INT16_MIN; v <= INT16_MAX; v += 4)
		ulaw[(uint16_t)v >> 2] = g711_linear_to_ulaw((int16_t)v);
}

void g711_ulaw_decode(int16_t *dst, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = linear[src[i]];
}

void g711_ulaw_encode(uint8_t *dst, const int16_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = ulaw[(uint16_t)src[i] >> 2];
}
