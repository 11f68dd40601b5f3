/*
 * ring.h - bytes in the order they came, up to a limit
 *
 * Memory grows with what is held and goes back when it is empty again, so
 * that a silent call costs nothing. An offset counts from the oldest byte.
 */
#ifndef BOT_MEDIA_RING_H
#define BOT_MEDIA_RING_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct ring {
	uint8_t *v;
	size_t cap;   /* [bytes] allocated */
	size_t start; /* of the oldest byte in v */
	size_t len;   /* [bytes] held */
	size_t limit; /* [bytes] len never exceeds this */
};

void ring_init(struct ring *r, size_t limit);
void ring_fini(struct ring *r);

/* Append all or nothing; copied. ERR_LIMIT, -ENOMEM. */
int ring_push(struct ring *r, const void *v, size_t len) MUST_CHECK;

/* Append, and forget the oldest bytes where the limit asks for it (of more
 * than the limit the last part stays). Returns the number of bytes forgotten
 * or -ENOMEM, when nothing has changed. For what may be replayed later. */
long ring_roll(struct ring *r, const void *v, size_t len) MUST_CHECK;

/* Copy up to @len bytes from offset @off; returns how many. */
size_t ring_peek(const struct ring *r, size_t off, void *dst, size_t len);

/* Drop the @len oldest, or all but the @len oldest; at most what is held. */
void ring_drop(struct ring *r, size_t len);
void ring_cut(struct ring *r, size_t len);

#endif
