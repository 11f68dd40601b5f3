/*
 * base64.h - base64 for the media path and for everything else
 *
 * The fast forms use AVX2 where the processor has it, found at run time, and
 * tables elsewhere. They are not for secrets: time depends on the data.
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

/* Characters that @n bytes take, padded, without terminator. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Standard alphabet, padded, not terminated. @dst holds BASE64_LEN(@len).
 * Returns the number of characters. */
size_t base64_encode(char *dst, const void *src, size_t len);

/* Standard alphabet, strict: padding required, no white space, no stray bits.
 * @dst holds @len / 4 * 3 bytes. Returns bytes, or ERR_PROTO. */
long base64_decode(void *dst, const char *src, size_t len) MUST_CHECK;

/* What URLs bring: standard and URL-safe alphabets, with or without padding,
 * a space for '+'. Same bounds and returns, @dst holds @len / 4 * 3 + 3. */
long base64_decode_lenient(void *dst, const char *src, size_t len) MUST_CHECK;

#endif
