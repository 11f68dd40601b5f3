/*
 * kokoro_symbols.h - the numbers of Kokoro's symbols
 */
#ifndef BOT_ENGINE_KOKORO_SYMBOLS_H
#define BOT_ENGINE_KOKORO_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* The numbers of @len bytes of UTF-8 symbols in @text, @max at most; what is none is
 * left out. Returns how many. */
size_t kokoro_ids(int64_t *ids, size_t max, const char *text, size_t len);

#endif
