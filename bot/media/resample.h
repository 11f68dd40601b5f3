/*
 * resample.h - 8, 16 and 24 kHz into each other, as a stream
 *
 * Polyphase windowed sinc. Where the stream is cut into pieces makes no
 * difference to a single sample of the result. The filter looks 3 ms ahead:
 * that much comes out late, and the last of it with resample_flush(); in
 * return nothing is shifted, and n samples become exactly n * to / from.
 */
#ifndef BOT_MEDIA_RESAMPLE_H
#define BOT_MEDIA_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct resample;

/* @from and @to are 8000, 16000 or 24000 Hz; equal rates copy.
 * -EINVAL: other rates. -ENOMEM. */
int resample_new(struct resample **rp, uint32_t from, uint32_t to) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void resample_free(struct resample **rp);

/* Samples that @n more can bring at most, and the flush after them, too. */
size_t resample_room(const struct resample *r, size_t n);

/* Returns the number of samples written to @dst, which has room for them. */
size_t resample_run(struct resample *r, int16_t *dst, const int16_t *src,
                    size_t n);

/* The end of this sound: its last samples. The next one starts afresh. */
size_t resample_flush(struct resample *r, int16_t *dst);

/* Forget this sound. */
void resample_reset(struct resample *r);

#endif
