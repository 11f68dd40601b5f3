/*
 * base64_part.h - the ways to do base64, one by one
 *
 * For base64.c, which picks, and for tests, which compare them.
 */
#ifndef COMMON_BASE64_PART_H
#define COMMON_BASE64_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Has this processor AVX2? */
bool base64_have_avx2(void);

/* Encode whole groups of three bytes from the beginning, as far as wide
 * registers go; returns bytes of @src done. Only where base64_have_avx2(). */
size_t base64_avx2_encode(char *dst, const uint8_t *src, size_t len);

/* Decode whole groups of four characters from the beginning up to the first
 * bad one, as far as wide registers go; returns characters done. */
size_t base64_avx2_decode(uint8_t *dst, const char *src, size_t len);

/* base64_encode() and base64_decode() without wide registers. */
size_t base64_table_encode(char *dst, const uint8_t *src, size_t len);
long base64_table_decode(uint8_t *dst, const char *src, size_t len);

#endif
