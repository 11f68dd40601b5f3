/*
 * moonshine.h - the speech recogniser: a stretch of speech in, its text out
 *
 * Moonshine, English, in two sizes. It hears a whole turn at once, so that a
 * growing turn is given to it again and again. One net serves all calls and
 * may run on several threads; nothing is kept between two turns.
 */
#ifndef BOT_ENGINE_MOONSHINE_H
#define BOT_ENGINE_MOONSHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

struct buf;
struct moonshine;
struct ort;

enum {
	MOONSHINE_HZ = 16000,
	/* Beyond half a minute it repeats itself without end. */
	MOONSHINE_SEC_MAX = 20, /* and half a second of padding */
};

enum moonshine_size { MOONSHINE_BASE, MOONSHINE_TINY };

/* @dir as in models_find(). -ENOENT and the like: a file is missing, which is
 * logged; ERR_PROVIDER, ERR_PROTO, -ENOMEM. */
int moonshine_new(struct moonshine **mp, struct ort *ort, const char *dir,
                  enum moonshine_size size) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void moonshine_free(struct moonshine **mp);

/* Should the work end early? Asked between two pieces of text. */
typedef bool moonshine_stop_h(void *arg);

/* Append the text of @n samples at MOONSHINE_HZ, -1 to 1, to @text; of more
 * than MOONSHINE_SEC_MAX the last part is heard. No text at all is a result,
 * too. @stoph may be NULL. -ECANCELED, ERR_PROVIDER, ERR_LIMIT, -ENOMEM. */
int moonshine_hear(struct moonshine *m, float *pcm, size_t n, struct buf *text,
                   moonshine_stop_h *stoph, void *arg) MUST_CHECK;

#endif
