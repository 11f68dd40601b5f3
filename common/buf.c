#include "common/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"

enum { FIRST_CAP = 256 /* [bytes] */ };

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

/* Make room for @len more bytes and the final zero. */
static int reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	char *v;

	if (len > b->limit - b->len)
		return ERR_LIMIT;
	if (b->v && b->len + len < b->cap)
		return 0;
	while (cap <= b->len + len)
		cap *= 2;
	if (cap > b->limit + 1)
		cap = b->limit + 1;

	v = mem_realloc(b->v, cap);
	if (!v)
		return -ENOMEM;
	b->v = v;
	b->cap = cap;
	return 0;
}

int buf_add(struct buf *b, const void *v, size_t len)
{
	int err = reserve(b, len);

	if (err)
		return err;
	if (len)
		memcpy(b->v + b->len, v, len);
	b->len += len;
	b->v[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n, err;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return -EINVAL;

	err = reserve(b, (size_t)n);
	if (err)
		return err;
	vsnprintf(b->v + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return err;
}

void buf_drop(struct buf *b, size_t len)
{
	ASSERT(len <= b->len);
	if (!len)
		return;
	b->len -= len;
	memmove(b->v, b->v + len, b->len + 1);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->v)
		b->v[0] = '\0';
}

char *buf_take(struct buf *b, size_t *len)
{
	char *v = b->v;

	if (len)
		*len = b->len;
	*b = (struct buf){.limit = b->limit};
	return v;
}

const char *buf_str(const struct buf *b)
{
	return b->v ? b->v : "";
}

void buf_fini(struct buf *b)
{
	mem_free(b->v);
	*b = (struct buf){.limit = b->limit};
}
