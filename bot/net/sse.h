/*
 * sse.h - server-sent events out of bytes
 *
 * Pure: bytes in any pieces go in, the data of whole events come out. Lines
 * end in CR, LF or CRLF; comments and fields other than "data" are skipped.
 */
#ifndef BOT_NET_SSE_H
#define BOT_NET_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buf.h"

enum { SSE_EVENT_MAX = 256 * 1024 /* [bytes] of one event's data */ };

/* An event's data, lines joined by LF; terminated, borrowed. A return other
 * than 0 ends the feeding and is returned by it. */
typedef int sse_event_h(const char *data, size_t len, void *arg);

struct sse {
	struct buf line, data;
	bool has_data;
	bool after_cr; /* an LF that follows belongs to that CR */
};

void sse_init(struct sse *s);

/* ERR_LIMIT: an event or a line is too long. -ENOMEM. What the handler
 * returned, when it was not 0. */
int sse_feed(struct sse *s, const char *v, size_t len, sse_event_h *handler,
             void *arg) MUST_CHECK;

void sse_fini(struct sse *s);

#endif
