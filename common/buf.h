/*
 * buf.h - a byte buffer that grows up to a limit
 *
 * Every buffer names the most it may ever hold; input of the network can
 * therefore cost a call its life, never the process its memory. On failure a
 * buffer keeps what it had. The bytes are always followed by a zero byte.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "common/attr.h"

struct buf {
	char *v;      /* NULL while nothing was ever added */
	size_t len;   /* [bytes] without the final zero */
	size_t cap;   /* [bytes] allocated */
	size_t limit; /* [bytes] len never exceeds this */
};

void buf_init(struct buf *b, size_t limit);

/* Append. ERR_LIMIT, -ENOMEM. */
int buf_add(struct buf *b, const void *v, size_t len) MUST_CHECK;
int buf_adds(struct buf *b, const char *text) MUST_CHECK;
int buf_addf(struct buf *b, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(2, 3);
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) MUST_CHECK
	PRINTF_LIKE(2, 0);

/* Drop the first @len bytes; @len is at most b->len. */
void buf_drop(struct buf *b, size_t len);

/* The bytes as a terminated text; "" while nothing was ever added. */
const char *buf_str(const struct buf *b);

/* Empty it, and keep the memory for the next use. */
void buf_reset(struct buf *b);

/* The bytes become the caller's, to be released with mem_free(). */
char *buf_take(struct buf *b, size_t *len);

void buf_fini(struct buf *b);

#endif
