/*
 * plain.h - what is written, as it can be spoken and kept
 *
 * Models write markdown and emoji however kindly they are asked not to; a
 * voice would read out the signs. Pure.
 */
#ifndef BOT_PLAIN_H
#define BOT_PLAIN_H

#include "common/attr.h"
#include "common/str.h"

struct buf;

/* Append @text without emphasis, headings, bullets, code fences, link targets
 * and emoji, with single spaces. -ENOMEM, ERR_LIMIT. */
int plain_add(struct buf *out, struct str text) MUST_CHECK;

/* Append @text as one line: every run of white space and control characters
 * becomes a space, ends are trimmed, and what is longer than @max bytes is cut
 * between two characters. -ENOMEM, ERR_LIMIT. */
int plain_line(struct buf *out, struct str text, size_t max) MUST_CHECK;

#endif
