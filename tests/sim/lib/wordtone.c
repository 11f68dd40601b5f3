#define _GNU_SOURCE
#include "tests/sim/lib/wordtone.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "tests/sim/lib/simmem.h"
#include "tests/sim/lib/wordtone_int.h"

enum {
	FADE_MS = 4,      /* so that a tone does not click */
	BASE_MS = 168,    /* of a word without letters */
	LETTER_MS = 12,   /* more for each */
	LONGEST_MS = 300, /* of any word */
};

static const double amplitude = 8000; /* of each of two tones */

static bool speakable(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c >= 0x80;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t normalise(const char *raw, size_t len, char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)raw[i];

		if (!speakable(c) || n == WORDTONE_WORD_MAX - 1)
			continue;
		word[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
	}
	word[n] = '\0';
	return n;
}

const char *wordtone_next(const char *text, const char **raw, size_t *raw_len,
                          char word[WORDTONE_WORD_MAX])
{
	for (;;) {
		const char *begin;

		while (blank(*text))
			text++;
		if (!*text)
			return NULL;
		begin = text;
		while (*text && !blank(*text))
			text++;
		*raw = begin;
		*raw_len = (size_t)(text - begin);
		if (normalise(begin, *raw_len, word) > 0)
			return text;
	}
}

uint32_t wordtone_ms(const char *word)
{
	const uint32_t ms = BASE_MS + LETTER_MS * (uint32_t)strlen(word);

	return ms < LONGEST_MS ? ms : LONGEST_MS;
}

/* FNV-1a, then stirred: near words must not have near tones. */
static uint64_t hash(const char *word)
{
	uint64_t h = 14695981039346656037U;

	for (; *word; word++)
		h = (h ^ (unsigned char)*word) * 1099511628211U;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdU;
	h ^= h >> 33;
	return h;
}

void wordtone_code(const char *word, int code[2])
{
	const uint64_t h = hash(word);

	code[0] = (int)(h % WORDTONE_CODES);
	code[1] = (int)((h / WORDTONE_CODES) % (WORDTONE_CODES - 1));
	if (code[1] >= code[0])
		code[1]++; /* never twice the same, or the middle is lost */
}

static size_t samples(double ms, uint32_t hz)
{
	return (size_t)(ms * hz / 1000 + 0.5);
}

size_t wordtone_samples(const char *word, uint32_t hz, double scale)
{
	return samples((wordtone_ms(word) + WORDTONE_GAP_MS) * scale, hz);
}

/* Two sines by rotation: no call of sin() per sample. */
static void tone(int16_t *pcm, size_t n, uint32_t hz, int code)
{
	const int f[2] = {WORDTONE_LOW_HZ(code), WORDTONE_HIGH_HZ(code)};
	const size_t fade = samples(FADE_MS, hz);
	double x[2] = {0, 0}, y[2] = {1, 1}, c[2], s[2];

	for (int k = 0; k < 2; k++) {
		c[k] = cos(2 * M_PI * f[k] / hz);
		s[k] = sin(2 * M_PI * f[k] / hz);
	}
	for (size_t i = 0; i < n; i++) {
		const size_t edge = i < n - 1 - i ? i : n - 1 - i;
		const double gain =
			edge < fade ? (double)edge / (double)fade : 1;

		pcm[i] = (int16_t)(gain * amplitude * (x[0] + x[1]));
		for (int k = 0; k < 2; k++) {
			const double t = x[k] * c[k] + y[k] * s[k];

			y[k] = y[k] * c[k] - x[k] * s[k];
			x[k] = t;
		}
	}
}

size_t wordtone_encode(const char *word, uint32_t hz, double scale,
                       int16_t *pcm, size_t cap)
{
	const size_t total = wordtone_samples(word, hz, scale);
	const size_t half = samples(wordtone_ms(word) * scale / 2, hz);
	int code[2];

	if (total > cap)
		return 0;
	wordtone_code(word, code);
	memset(pcm, 0, total * sizeof(*pcm));
	tone(pcm, half, hz, code[0]);
	tone(pcm + half, half, hz, code[1]);
	return total;
}

int16_t wordtone_ulaw(uint8_t byte)
{
	const int v = ~byte & 0xff;
	const int t = (((v & 0x0f) << 3) + 0x84) << ((v & 0x70) >> 4);

	return (int16_t)(v & 0x80 ? 0x84 - t : t - 0x84);
}
