/*
 * jtext.h - JSON as the text it came in
 *
 * A call's custom data is carried as the bytes the user sent: a number beyond
 * 64 bits, "42.80" or a repeated key must come out as it went in. This scanner
 * checks a text and finds values in it without building a tree, without
 * recursion and with bounded depth. Spans are borrowed from the text.
 */
#ifndef COMMON_JTEXT_H
#define COMMON_JTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

struct buf;

enum { JTEXT_DEPTH_MAX = 64 /* nesting that any caller may allow */ };

enum jtext_type {
	JTEXT_NULL,
	JTEXT_FALSE,
	JTEXT_TRUE,
	JTEXT_NUMBER,
	JTEXT_STRING,
	JTEXT_ARRAY,
	JTEXT_OBJECT,
};

struct jtext_fault {
	size_t at;        /* offset [bytes] */
	const char *what; /* static text, such as "a value was expected" */
};

/* Is @text exactly one JSON value (RFC 8259, UTF-8, white space around it)
 * of depth at most @depth (1..JTEXT_DEPTH_MAX)? Lone surrogates in \u escapes
 * and repeated keys are let be, as senders write them. ERR_PROTO, with @fault
 * (may be NULL) filled; ERR_LIMIT: deeper than that. */
int jtext_check(struct str text, unsigned depth,
                struct jtext_fault *fault) MUST_CHECK;

/* All functions below take text that jtext_check() has passed. */

/* Kind of the value that @value begins with (white space skipped). */
enum jtext_type jtext_type(struct str value);

/* Is it what scripting languages call false: null false 0 "" {} []? Numbers
 * equal to zero in any spelling (0, -0, 0.0, 0e5) count. */
bool jtext_falsy(struct str value);

/* The value under @key of an object; the last of repeated keys. -ENOENT. */
int jtext_get(struct str object, const char *key, struct str *value);

/* Step through an object or array: @pos starts at 0. False at the end. @key
 * is the raw text between the quotes, empty in arrays. */
bool jtext_next(struct str container, size_t *pos, struct str *key,
                struct str *value);

/* The value at a path of keys and array indexes: "user.phones.0". -ENOENT. */
int jtext_path(struct str value, struct str path, struct str *out);

/* Append the value as a person would read it: a string without quotes and
 * escapes (lone surrogates and \u0000 as U+FFFD), everything else as written.
 * -ENOMEM, ERR_LIMIT. */
int jtext_print(struct buf *out, struct str value) MUST_CHECK;

/* Decode a string value, its quotes included, into @dst with terminator.
 * -EINVAL: no string, or it has \u0000. ERR_LIMIT: does not fit. */
int jtext_string(char *dst, size_t cap, struct str value) MUST_CHECK;

#endif
