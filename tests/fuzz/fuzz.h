/*
 * fuzz.h - what the fuzz targets share
 *
 * Each target is one file with LLVMFuzzerTestOneInput(). It does more than
 * not crash: it says what must hold of every input, and aborts otherwise.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void must(int cond)
{
	if (!cond)
		abort();
}

/* A block of exactly @len bytes, so that a byte too many read is seen. */
static inline char *fuzz_copy(const uint8_t *data, size_t len)
{
	char *v = malloc(len ? len : 1);

	must(v != NULL);
	if (len)
		memcpy(v, data, len);
	return v;
}

/* The same as a string: what is behind a NUL is cut off. */
static inline char *fuzz_string(const uint8_t *data, size_t len)
{
	char *v = malloc(len + 1);

	must(v != NULL);
	if (len)
		memcpy(v, data, len);
	v[len] = '\0';
	return v;
}

/* Take the bytes before the first NUL off the input, as a string. */
static inline char *fuzz_part(const uint8_t **data, size_t *len)
{
	const uint8_t *nul = *len ? memchr(*data, 0, *len) : NULL;
	size_t n = nul ? (size_t)(nul - *data) : *len;
	char *v = fuzz_string(*data, n);

	*data += n + (nul != NULL);
	*len -= n + (nul != NULL);
	return v;
}

#endif
