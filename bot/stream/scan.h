/*
 * scan.h - the one message that comes fifty times a second, found fast
 *
 * Reads the structure of a JSON text without building anything: members in any
 * order, what is of no interest skipped, whatever it holds. What it cannot
 * read in passing, such as an escape within a value it wants, it leaves to
 * the full parser, and says so.
 */
#ifndef BOT_STREAM_SCAN_H
#define BOT_STREAM_SCAN_H

#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

/* Values as they stand in the text, strings with their quotes; v == NULL
 * where there is none. */
struct scan_media {
	struct str payload, track, chunk, timestamp;
};

/* Is @text an object whose "event" is "media", with an object "media" in it?
 * Of repeated keys the last counts. -ENOENT: no, or not to be told without
 * the full parser. */
int scan_media(struct scan_media *m, const char *text, size_t len) MUST_CHECK;

/* The text of a string value between its quotes; v == NULL if it is none or
 * has escapes in it. */
struct str scan_text(struct str value);

#endif
