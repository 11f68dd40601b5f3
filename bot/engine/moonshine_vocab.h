/*
 * moonshine_vocab.h - the pieces of text that the recogniser's tokens mean
 */
#ifndef BOT_ENGINE_MOONSHINE_VOCAB_H
#define BOT_ENGINE_MOONSHINE_VOCAB_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;
struct vocab;

/* One piece a line, by token. -ENOENT and the like; ERR_PROTO; -ENOMEM. */
int vocab_new(struct vocab **vp, const char *path) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void vocab_free(struct vocab **vp);

/* Append the text of @n tokens, without white space at its ends; tokens that
 * stand for no text are left out. ERR_LIMIT, -ENOMEM. */
int vocab_text(const struct vocab *v, const int64_t *tokens, size_t n,
               struct buf *text) MUST_CHECK;

#endif
