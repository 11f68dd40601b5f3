/*
 * str.h - borrowed slices of text, and small checked conversions
 *
 * Text that comes from the network is a struct str (pointer and length) until
 * it has been checked. A slice never owns its bytes and has no terminator.
 */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct str {
	const char *v;
	size_t len; /* [bytes] */
};

/* The arguments of a "%.*s"; for slices shorter than 2 GiB. */
#define STR_ARG(s) (int)(s).len, (s).v

enum { STR_PHONE_MAX = 24 /* [bytes] a masked number, with terminator */ };

/* A slice over a terminated text; NULL gives an empty slice. */
struct str str_of(const char *text);
struct str str_n(const char *v, size_t len);

bool str_eq(struct str a, const char *b);
bool str_eq_nocase(struct str a, const char *b); /* ASCII */
bool str_starts(struct str a, const char *prefix);

/* Without white space at both ends. */
struct str str_trim(struct str s);

/* Cut @s at the first @sep: the part before it is returned, @s keeps the rest.
 * Without @sep all of it is returned and @s is empty with v == NULL. */
struct str str_cut(struct str *s, char sep);

/* Copy with terminator. ERR_LIMIT: does not fit; @dst is then "". */
int str_copy(char *dst, size_t cap, struct str s) MUST_CHECK;

/* A decimal number, digits only. -EINVAL; -ERANGE: above @max. */
int str_u64(struct str s, uint64_t max, uint64_t *out) MUST_CHECK;

/* A number for logs: country and last two digits stay, as "+1******23".
 * What is no number is masked whole. Returns @dst. */
const char *str_mask_phone(char dst[STR_PHONE_MAX], const char *number);

/* Percent-decode in place, '+' is a space if @form. Returns the new length;
 * -1 for a broken escape or %00. */
long str_unescape(char *text, size_t len, bool form);

/* The value of the first four of @len characters as hexadecimal digits; -1. */
int str_hex4(const char *v, size_t len);

struct buf;

/* Append @s percent-encoded: all but [A-Za-z0-9._~-]. -ENOMEM, ERR_LIMIT. */
int str_escape(struct buf *out, struct str s) MUST_CHECK;

#endif
