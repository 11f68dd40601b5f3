#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/bench/load.h"
#include "tests/harness/speech.h"

enum {
	QUIET = 300,   /* mean level of a pause */
	PAUSE_MAX = 4, /* frames of a pause that stay */
	SEQ_BASE = 1000000,
	DIGITS = 7,
	HEAD = 8, /* [bytes] of a masked frame's head */
};

static const unsigned char mask[4] = {0x5a, 0xc3, 0x17, 0x9e};

/* What differs between the frames of two calls has a fixed width. */
static const char head[] =
	"{\"sequenceNumber\":1000000,\"streamId\":\"s1000000\","
	"\"event\":\"media\",\"media\":{\"track\":\"inbound\","
	"\"timestamp\":\"1000000\",\"chunk\":1000000,\"payload\":\"";
static const char tail[] = "\"},\"extra_headers\":\"{}\"}";

enum { AT_SEQ, AT_STREAM, AT_TIME, AT_CHUNK, N_PLACES };
static size_t places[N_PLACES];

void load_hist_reset(struct load_hist *h, uint32_t step)
{
	*h = (struct load_hist){.step = step};
}

void load_hist_add(struct load_hist *h, uint64_t value)
{
	uint64_t i = value / h->step;

	if (i >= ARRAY_LEN(h->count))
		i = ARRAY_LEN(h->count) - 1;
	h->count[i]++;
	h->total++;
	if (value > h->max)
		h->max = value;
}

uint64_t load_hist_at(const struct load_hist *h, unsigned permille)
{
	uint64_t want = (h->total * permille + 999) / 1000, sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(h->count) && h->total; i++) {
		sum += h->count[i];
		if (sum >= want) {
			uint64_t top = (i + 1) * h->step;

			return top < h->max ? top : h->max;
		}
	}
	return h->max;
}

size_t load_frame(unsigned char *out, const char *text, size_t len)
{
	size_t n = 0;

	out[n++] = 0x81;
	if (len < 126) {
		out[n++] = (unsigned char)(0x80 | len);
	} else {
		out[n++] = 0x80 | 126;
		out[n++] = (unsigned char)(len >> 8);
		out[n++] = (unsigned char)len;
	}
	memcpy(out + n, mask, sizeof(mask));
	n += sizeof(mask);
	for (size_t i = 0; i < len; i++)
		out[n + i] = (unsigned char)text[i] ^ mask[i & 3];
	return n + len;
}

static unsigned char ulaw(int s)
{
	int sign = s < 0 ? 0x80 : 0, shift = 7, v = (s < 0 ? -s : s) + 132;

	if (v > 32767)
		v = 32767;
	while (shift && v < 1 << (shift + 7))
		shift--;
	return (unsigned char)~(sign | shift << 4 | ((v >> (shift + 3)) & 15));
}

static void base64(char *out, const unsigned char *v, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
				  "qrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned left = len - i < 3 ? (unsigned)(len - i) : 3;
		uint32_t w = (uint32_t)v[i] << 16;

		w |= left > 1 ? (uint32_t)v[i + 1] << 8 : 0;
		w |= left > 2 ? v[i + 2] : 0;
		*out++ = set[w >> 18];
		*out++ = set[w >> 12 & 63];
		*out++ = left > 1 ? set[w >> 6 & 63] : '=';
		*out++ = left > 2 ? set[w & 63] : '=';
	}
	*out = '\0';
}

static void add_frame(struct load_sound *s, unsigned at, const int16_t *pcm)
{
	unsigned char audio[LOAD_FRAME];
	char coded[LOAD_FRAME * 2], text[LOAD_MESSAGE_MAX];
	int n;

	for (unsigned i = 0; i < LOAD_FRAME; i++)
		/* Without speech a line has its noise. */
		audio[i] = ulaw(pcm ? pcm[i] : rand() % 17 - 8);
	base64(coded, audio, sizeof(audio));
	n = snprintf(text, sizeof(text), "%s%s%s", head, coded, tail);
	ASSERT(n > 126 && (size_t)n + HEAD <= LOAD_MESSAGE_MAX);
	s->len = load_frame(s->frame[at], text, (size_t)n);
}

static int level(const int16_t *pcm)
{
	int sum = 0;

	for (unsigned i = 0; i < LOAD_FRAME; i++)
		sum += abs(pcm[i]);
	return sum / LOAD_FRAME;
}

static size_t place(const char *key)
{
	const char *at = strstr(head, key);

	ASSERT(at);
	return (size_t)(strstr(at, "1000000") - head);
}

int load_sound_make(struct load_sound *s, const char *wav)
{
	struct speech sp;
	unsigned quiet = 0;
	int err = speech_load(&sp, wav);

	if (err)
		return err;
	places[AT_SEQ] = place("sequenceNumber");
	places[AT_STREAM] = place("streamId");
	places[AT_TIME] = place("timestamp");
	places[AT_CHUNK] = place("chunk");
	s->spoken = 0;
	for (size_t i = 0; i + LOAD_FRAME <= sp.n &&
	                   s->spoken < LOAD_SPEECH_MS / LOAD_FRAME_MS;
	     i += LOAD_FRAME) {
		quiet = level(sp.v + i) < QUIET ? quiet + 1 : 0;
		if (quiet <= PAUSE_MAX && (s->spoken || !quiet))
			add_frame(s, s->spoken++, sp.v + i);
	}
	speech_fini(&sp);
	for (unsigned i = s->spoken; i < LOAD_TURN; i++)
		add_frame(s, i, NULL);
	return s->spoken ? 0 : -ENODATA;
}

static void patch(unsigned char *frame, size_t at, uint32_t value)
{
	for (size_t i = DIGITS; i-- > 0; value /= 10)
		frame[HEAD + at + i] =
			(unsigned char)('0' + value % 10) ^ mask[(at + i) & 3];
}

size_t load_sound_frame(const struct load_sound *s, unsigned i, unsigned call,
                        uint32_t seq, unsigned char out[LOAD_MESSAGE_MAX])
{
	memcpy(out, s->frame[i], s->len);
	patch(out, places[AT_SEQ], SEQ_BASE + seq);
	patch(out, places[AT_STREAM], SEQ_BASE + call);
	patch(out, places[AT_TIME], SEQ_BASE + seq * LOAD_FRAME_MS);
	patch(out, places[AT_CHUNK], SEQ_BASE + seq);
	return s->len;
}
