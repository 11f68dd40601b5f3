/*
 * words.h - looking at a transcript word by word
 *
 * A word is a run of letters, digits, apostrophes and of everything outside
 * ASCII; marks and spaces stand between words. Comparison ignores case.
 */
#ifndef BOT_WORDS_H
#define BOT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/* Take the first word off @text; empty when there is none left. */
struct str words_cut(struct str *text);

struct str words_last(struct str text);

unsigned words_count(struct str text);

/* Is @word one of @list? */
bool words_listed(struct str word, const char *const *list, size_t n);

#endif
