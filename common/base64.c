#include "common/base64.h"

#include <stdbool.h>

#include "common/base64_part.h"
#include "common/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

enum { VALID = 64 /* set in the value of each character that has one */ };

/* clang-format off */
static const uint8_t values[256] = {
	['A'] = VALID, ['B'] = 1 | VALID, ['C'] = 2 | VALID,
	['D'] = 3 | VALID, ['E'] = 4 | VALID, ['F'] = 5 | VALID,
	['G'] = 6 | VALID, ['H'] = 7 | VALID, ['I'] = 8 | VALID,
	['J'] = 9 | VALID, ['K'] = 10 | VALID, ['L'] = 11 | VALID,
	['M'] = 12 | VALID, ['N'] = 13 | VALID, ['O'] = 14 | VALID,
	['P'] = 15 | VALID, ['Q'] = 16 | VALID, ['R'] = 17 | VALID,
	['S'] = 18 | VALID, ['T'] = 19 | VALID, ['U'] = 20 | VALID,
	['V'] = 21 | VALID, ['W'] = 22 | VALID, ['X'] = 23 | VALID,
	['Y'] = 24 | VALID, ['Z'] = 25 | VALID, ['a'] = 26 | VALID,
	['b'] = 27 | VALID, ['c'] = 28 | VALID, ['d'] = 29 | VALID,
	['e'] = 30 | VALID, ['f'] = 31 | VALID, ['g'] = 32 | VALID,
	['h'] = 33 | VALID, ['i'] = 34 | VALID, ['j'] = 35 | VALID,
	['k'] = 36 | VALID, ['l'] = 37 | VALID, ['m'] = 38 | VALID,
	['n'] = 39 | VALID, ['o'] = 40 | VALID, ['p'] = 41 | VALID,
	['q'] = 42 | VALID, ['r'] = 43 | VALID, ['s'] = 44 | VALID,
	['t'] = 45 | VALID, ['u'] = 46 | VALID, ['v'] = 47 | VALID,
	['w'] = 48 | VALID, ['x'] = 49 | VALID, ['y'] = 50 | VALID,
	['z'] = 51 | VALID, ['0'] = 52 | VALID, ['1'] = 53 | VALID,
	['2'] = 54 | VALID, ['3'] = 55 | VALID, ['4'] = 56 | VALID,
	['5'] = 57 | VALID, ['6'] = 58 | VALID, ['7'] = 59 | VALID,
	['8'] = 60 | VALID, ['9'] = 61 | VALID, ['+'] = 62 | VALID,
	['/'] = 63 | VALID,
};
/* clang-format on */

static unsigned value(char c)
{
	return values[(uint8_t)c];
}

static unsigned value_lenient(char c)
{
	if (c == '-' || c == ' ')
		return value('+');
	return value(c == '_' ? '/' : c);
}

size_t base64_table_encode(char *dst, const uint8_t *src, size_t len)
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

size_t base64_encode(char *dst, const void *src, size_t len)
{
	size_t done =
		base64_have_avx2() ? base64_avx2_encode(dst, src, len) : 0;
	size_t out = done / 3 * 4;

	return out + base64_table_encode(dst + out, (const uint8_t *)src + done,
	                                 len - done);
}

/* Decode the last, incomplete group: 0, 2 or 3 characters. */
static long decode_rest(uint8_t *dst, const char *src, size_t len, bool lenient)
{
	unsigned bits = 0;

	if (len == 1)
		return ERR_PROTO;
	for (size_t i = 0; i < len; i++) {
		unsigned v = lenient ? value_lenient(src[i]) : value(src[i]);

		if (!(v & VALID))
			return ERR_PROTO;
		bits |= (v & 63) << (18 - 6 * i);
	}
	if (!lenient && (bits & (len == 2 ? 0xffffU : 0xffU)))
		return ERR_PROTO; /* stray bits: not what an encoder writes */
	for (size_t i = 0; i + 1 < len; i++)
		dst[i] = (uint8_t)(bits >> (16 - 8 * i));
	return len ? (long)len - 1 : 0;
}

static size_t without_padding(const char *src, size_t len)
{
	for (int i = 0; i < 2 && len && src[len - 1] == '='; i++)
		len--;
	return len;
}

long base64_table_decode(uint8_t *dst, const char *src, size_t len)
{
	uint8_t *d = dst;
	long rest;

	if (len % 4)
		return ERR_PROTO;
	len = without_padding(src, len);
	for (; len >= 4; len -= 4, src += 4) {
		unsigned a = value(src[0]), b = value(src[1]);
		unsigned c = value(src[2]), e = value(src[3]);
		unsigned bits = (a & 63) << 18 | (b & 63) << 12 |
		                (c & 63) << 6 | (e & 63);

		if (!(a & b & c & e & VALID))
			return ERR_PROTO;
		*d++ = (uint8_t)(bits >> 16);
		*d++ = (uint8_t)(bits >> 8);
		*d++ = (uint8_t)bits;
	}
	rest = decode_rest(d, src, len, false);
	return rest < 0 ? rest : d - dst + rest;
}

long base64_decode(void *dst, const char *src, size_t len)
{
	uint8_t *d = dst;
	size_t done = 0;
	long rest;

	/* Of nothing, both may be NULL. */
	if (!len)
		return 0;
	if (base64_have_avx2() && len % 4 == 0)
		done = base64_avx2_decode(d, src, len);
	d += done / 4 * 3;
	rest = base64_table_decode(d, src + done, len - done);
	return rest < 0 ? rest : (long)(done / 4 * 3) + rest;
}

long base64_decode_lenient(void *dst, const char *src, size_t len)
{
	uint8_t *d = dst;
	long rest;

	len = without_padding(src, len);
	for (; len >= 4; len -= 4, src += 4) {
		unsigned bits = 0;

		for (int i = 0; i < 4; i++) {
			unsigned v = value_lenient(src[i]);

			if (!(v & VALID))
				return ERR_PROTO;
			bits = bits << 6 | (v & 63);
		}
		*d++ = (uint8_t)(bits >> 16);
		*d++ = (uint8_t)(bits >> 8);
		*d++ = (uint8_t)bits;
	}
	rest = decode_rest(d, src, len, true);
	return rest < 0 ? rest : d - (uint8_t *)dst + rest;
}
