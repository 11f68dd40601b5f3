/* What the peer's bot says on the stream. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/plivo_peer.h"
#include "tests/harness/test.h"

void ppeer_frame(struct ppeer *p, int first, const void *v, size_t len)
{
	uint8_t head[10] = {(uint8_t)first};
	size_t n = 2;

	CHECK(p->stream);
	if (len < 126) {
		head[1] = (uint8_t)len;
	} else if (len < 65536) {
		head[1] = 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	} else {
		head[1] = 127;
		for (int i = 0; i < 8; i++)
			head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	ppeer_put(p->stream, head, n);
	ppeer_put(p->stream, v, len);
}

void ppeer_text(struct ppeer *p, const char *text)
{
	ppeer_frame(p, 0x81, text, strlen(text));
}

static void packet(struct ppeer *p, const unsigned char raw[160])
{
	unsigned char payload[240];
	char text[512];

	EVP_EncodeBlock(payload, raw, 160);
	(void)snprintf(text, sizeof(text),
	               "{\"event\":\"playAudio\",\"media\":"
	               "{\"contentType\":\"audio/x-mulaw\","
	               "\"sampleRate\":8000,\"payload\":\"%s\"}}",
	               payload);
	ppeer_text(p, text);
}

void ppeer_play(struct ppeer *p, unsigned ms, bool loud)
{
	unsigned char raw[160];

	for (int i = 0; i < 160; i++)
		raw[i] = !loud ? 0xff : i / 8 % 2 ? 0x10 : 0x90;
	for (unsigned done = 0; done < ms; done += 20)
		packet(p, raw);
}

/* Straight from the definition of G.711: sign, exponent, mantissa. */
static unsigned char mulaw(int v)
{
	const int sign = v < 0 ? 0x80 : 0;
	int level = (v < 0 ? -v : v) + 132, exponent = 0;

	if (level > 32767)
		level = 32767;
	while (level >> (exponent + 8))
		exponent++;
	return (unsigned char)~(sign | exponent << 4 |
	                        ((level >> (exponent + 3)) & 15));
}

void ppeer_say(struct ppeer *p, const int16_t *v, size_t n)
{
	for (size_t at = 0; at < n; at += 160) {
		unsigned char raw[160];

		for (size_t i = 0; i < 160; i++)
			raw[i] = mulaw(at + i < n ? v[at + i] : 0);
		packet(p, raw);
	}
}

void ppeer_checkpoint(struct ppeer *p, const char *name)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	               "{\"event\":\"checkpoint\",\"streamId\":\"%s\","
	               "\"name\":\"%s\"}",
	               p->stream_id, name);
	ppeer_text(p, text);
}

void ppeer_clear(struct ppeer *p)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	               "{\"event\":\"clearAudio\",\"streamId\":\"%s\"}",
	               p->stream_id);
	ppeer_text(p, text);
}
