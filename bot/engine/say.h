/*
 * say.h - text as it is to be read out
 *
 * What a language model writes and a synthesiser stumbles over: typographic
 * quotes and dashes, accents, signs, slashes in dates, asterisks of emphasis.
 * And where to cut a text, so that its beginning can be heard while the rest
 * is still being made. Pure functions.
 */
#ifndef BOT_ENGINE_SAY_H
#define BOT_ENGINE_SAY_H

#include <stddef.h>

#include "common/attr.h"

struct buf;

/* Append @len bytes of UTF-8 as ASCII that can be read out. ERR_LIMIT,
 * -ENOMEM. */
int say_clean(struct buf *out, const char *text, size_t len) MUST_CHECK;

/* The length of the first clause of @len bytes, with its punctuation and the
 * white space behind it: some words up to a comma or the end of a sentence,
 * never more than some 160 bytes. 0 for an empty text. */
size_t say_clause(const char *text, size_t len);

#endif
