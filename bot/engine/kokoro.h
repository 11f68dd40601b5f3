/*
 * kokoro.h - the natural voice: a clause in, its sound out
 *
 * Kokoro-82M, made whole clause by whole clause; several times faster than
 * speech on a processor of today. One net serves all calls.
 */
#ifndef BOT_ENGINE_KOKORO_H
#define BOT_ENGINE_KOKORO_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct kokoro;
struct ort;

enum { KOKORO_HZ = 24000 };

/* @dir as in models_find(); @voice as "am_michael" (NULL: that one). -ENOENT
 * and the like, ERR_PROVIDER, ERR_PROTO, -ENOMEM. */
int kokoro_new(struct kokoro **kp, struct ort *ort, const char *dir,
               const char *voice) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void kokoro_free(struct kokoro **kp);

/* Speak a terminated text of say_clean(), one clause. @pcm becomes the
 * caller's, to be released with mem_free(): @n samples at KOKORO_HZ, without
 * the silence at both ends beyond some 50 ms; none for a text without words.
 * From any thread. ERR_PROVIDER, -ENOMEM. */
int kokoro_speak(struct kokoro *k, const char *text, int16_t **pcm,
                 size_t *n) MUST_CHECK;

#endif
