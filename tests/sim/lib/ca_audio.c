#include "tests/sim/lib/ca_audio.h"

#include <string.h>

#include "tests/sim/lib/simmem.h"

size_t ca_sample_bytes(const struct ca_format *f)
{
	switch (f->encoding) {
	case CA_MULAW:
	case CA_ALAW:
		return 1;
	case CA_S16LE:
		return 2;
	case CA_F32LE:
		break;
	}
	return 4;
}

/* Position of the highest bit, at least 0. */
static int segment_of(int v, int lowest)
{
	int s = 0;

	while (s < 7 && v >= lowest << s)
		s++;
	return s;
}

static uint8_t to_mulaw(int16_t sample)
{
	const int sign = sample < 0 ? 0x80 : 0;
	int v = sample < 0 ? -(int)sample : sample, s;

	v = (v > 32635 ? 32635 : v) + 0x84;
	s = segment_of(v, 0x100);
	return (uint8_t) ~(sign | s << 4 | ((v >> (s + 3)) & 0x0f));
}

static uint8_t to_alaw(int16_t sample)
{
	const int sign = sample < 0 ? 0 : 0x80;
	const int v = sample < 0 ? ~(int)sample : sample;
	const int s = segment_of(v, 0x100);
	const int bits = s ? (v >> (s + 3)) & 0x0f : (v >> 4) & 0x0f;

	return (uint8_t)((sign | s << 4 | bits) ^ 0x55);
}

static size_t put_sample(uint8_t *p, enum ca_encoding encoding, int16_t v)
{
	float f;

	switch (encoding) {
	case CA_MULAW:
		p[0] = to_mulaw(v);
		return 1;
	case CA_ALAW:
		p[0] = to_alaw(v);
		return 1;
	case CA_S16LE:
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)((uint16_t)v >> 8);
		return 2;
	case CA_F32LE:
		break;
	}
	f = (float)v / 32768;
	memcpy(p, &f, sizeof(f));
	return 4;
}

void ca_audio_add(struct buf *b, const struct ca_format *f, const int16_t *pcm,
                  size_t n)
{
	uint8_t chunk[4096];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += put_sample(chunk + len, f->encoding, pcm[i]);
		if (len > sizeof(chunk) - 4) {
			sim_add(b, chunk, len);
			len = 0;
		}
	}
	if (len > 0)
		sim_add(b, chunk, len);
}
