#include "bot/media/ring.h"

#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/mem.h"

enum {
	CAP_MIN = 1024,       /* [bytes] first allocation */
	CAP_KEEP = 16 * 1024, /* [bytes] an empty ring may hold on to */
};

void ring_init(struct ring *r, size_t limit)
{
	*r = (struct ring){.limit = limit};
}

void ring_fini(struct ring *r)
{
	mem_free(r->v);
	ring_init(r, r->limit);
}

size_t ring_peek(const struct ring *r, size_t off, void *dst, size_t len)
{
	size_t at, first;

	if (off >= r->len)
		return 0;
	if (len > r->len - off)
		len = r->len - off;
	at = r->start + off;
	at -= at >= r->cap ? r->cap : 0;
	first = len < r->cap - at ? len : r->cap - at;
	memcpy(dst, r->v + at, first);
	memcpy((uint8_t *)dst + first, r->v, len - first);
	return len;
}

/* Room for @len bytes, which is at most the limit. */
static int reserve(struct ring *r, size_t len)
{
	size_t cap = r->cap > CAP_MIN ? r->cap : CAP_MIN;
	uint8_t *v;

	if (len <= r->cap)
		return 0;
	while (cap < len)
		cap *= 2;
	if (cap > r->limit)
		cap = r->limit;
	v = mem_alloc(cap);
	if (!v)
		return -ENOMEM;
	ring_peek(r, 0, v, r->len);
	mem_free(r->v);
	r->v = v;
	r->cap = cap;
	r->start = 0;
	return 0;
}

static void append(struct ring *r, const uint8_t *v, size_t len)
{
	size_t at = r->start + r->len, first;

	at -= at >= r->cap ? r->cap : 0;
	first = len < r->cap - at ? len : r->cap - at;
	memcpy(r->v + at, v, first);
	memcpy(r->v, v + first, len - first);
	r->len += len;
}

int ring_push(struct ring *r, const void *v, size_t len)
{
	int err;

	if (len > r->limit - r->len)
		return ERR_LIMIT;
	if (!len)
		return 0;
	err = reserve(r, r->len + len);
	if (!err)
		append(r, v, len);
	return err;
}

long ring_roll(struct ring *r, const void *v, size_t len)
{
	const uint8_t *from = v;
	size_t skip = len > r->limit ? len - r->limit : 0, over;
	int err;

	len -= skip;
	over = len > r->limit - r->len ? len - (r->limit - r->len) : 0;
	if (!len)
		return (long)skip;
	err = reserve(r, r->len + len - over);
	if (err)
		return err;
	/* Not ring_drop(), which may give the memory back. */
	r->start = (r->start + over) % r->cap;
	r->len -= over;
	append(r, from + skip, len);
	return (long)(skip + over);
}

static void shrink(struct ring *r)
{
	if (r->len)
		return;
	r->start = 0;
	if (r->cap > CAP_KEEP)
		ring_fini(r);
}

void ring_drop(struct ring *r, size_t len)
{
	if (len > r->len)
		len = r->len;
	if (len)
		r->start = (r->start + len) % r->cap;
	r->len -= len;
	shrink(r);
}

void ring_cut(struct ring *r, size_t len)
{
	if (len < r->len)
		r->len = len;
	shrink(r);
}
