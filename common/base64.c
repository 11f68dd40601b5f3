#include "common/base64.h"

#include <stdbool.h>

#include "common/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BAD = 64 };

/* Value of a character of the standard alphabet, or BAD. */
static unsigned value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : BAD;
}

static unsigned value_lenient(char c)
{
	if (c == '-' || c == ' ')
		return 62;
	return c == '_' ? 63 : value(c);
}

size_t base64_encode(char *dst, const void *src, size_t len)
{
	const uint8_t *s = src;
	char *d = dst;

	for (; len >= 3; len -= 3, s += 3) {
		*d++ = alphabet[s[0] >> 2];
		*d++ = alphabet[(s[0] & 3) << 4 | s[1] >> 4];
		*d++ = alphabet[(s[1] & 15) << 2 | s[2] >> 6];
		*d++ = alphabet[s[2] & 63];
	}
	if (len) {
		unsigned second = len == 2 ? s[1] : 0;

		*d++ = alphabet[s[0] >> 2];
		*d++ = alphabet[(s[0] & 3U) << 4 | second >> 4];
		*d++ = len == 2 ? alphabet[(second & 15) << 2] : '=';
		*d++ = '=';
	}
	return (size_t)(d - dst);
}

/* Decode @len characters without padding. */
static long decode(uint8_t *dst, const char *src, size_t len, bool lenient)
{
	uint8_t *d = dst;
	unsigned bits = 0, have = 0;

	if (len % 4 == 1)
		return ERR_PROTO;
	for (size_t i = 0; i < len; i++) {
		unsigned v = lenient ? value_lenient(src[i]) : value(src[i]);

		if (v == BAD)
			return ERR_PROTO;
		bits = bits << 6 | v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*d++ = (uint8_t)(bits >> have);
		}
	}
	if (!lenient && (bits & ((1U << have) - 1)))
		return ERR_PROTO; /* stray bits: not what an encoder writes */
	return d - dst;
}

static size_t without_padding(const char *src, size_t len)
{
	for (int i = 0; i < 2 && len && src[len - 1] == '='; i++)
		len--;
	return len;
}

long base64_decode(void *dst, const char *src, size_t len)
{
	if (len % 4)
		return ERR_PROTO;
	return decode(dst, src, without_padding(src, len), false);
}

long base64_decode_lenient(void *dst, const char *src, size_t len)
{
	return decode(dst, src, without_padding(src, len), true);
}
