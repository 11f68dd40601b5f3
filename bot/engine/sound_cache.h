/*
 * sound_cache.h - clauses that were spoken lately
 *
 * Found by text, voice and rate; the one that was not asked for the longest
 * goes first. From any thread.
 */
#ifndef BOT_ENGINE_SOUND_CACHE_H
#define BOT_ENGINE_SOUND_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct sound_cache;

/* @limit bytes of samples at most. -ENOMEM. */
int sound_cache_new(struct sound_cache **cp, size_t limit) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void sound_cache_free(struct sound_cache **cp);

/* A copy becomes the caller's. false: not there, or no memory. */
bool sound_cache_get(struct sound_cache *c, const char *key, int16_t **pcm,
                     size_t *n);

/* Copied; without memory it is not kept. */
void sound_cache_put(struct sound_cache *c, const char *key, const int16_t *pcm,
                     size_t n);

#endif
