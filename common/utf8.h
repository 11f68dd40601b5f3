/*
 * utf8.h - UTF-8, one character at a time
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at @v: 1-4, or 0 if it is no valid UTF-8 (overlong,
 * surrogate, above U+10FFFF, cut off). */
size_t utf8_len(const char *v, size_t len);

/* The code point of a character that utf8_len() has measured. */
uint32_t utf8_code(const char *v, size_t n);

/* Write @code; returns 1-4. @code is a valid scalar value. */
size_t utf8_put(char out[4], uint32_t code);

/* The longest prefix of @len bytes of at most @max that ends between two
 * characters. */
size_t utf8_cut(const char *v, size_t len, size_t max);

#endif
