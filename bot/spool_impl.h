/*
 * spool_impl.h - the lines of a spool file, for its own files
 */
#ifndef BOT_SPOOL_IMPL_H
#define BOT_SPOOL_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "bot/spool_file.h"

struct buf;

/* A line, borrowed from the file's text. */
struct spool_line {
	struct str text; /* all of it, without its end */
	bool is_event;
	struct str id;
	struct str call_id, url, json; /* of an event */
};

/* False: it is none, or its sum is wrong. */
bool spool_line_read(struct spool_line *l, struct str line);

/* Append @body as a line, with its sum in front. -ENOMEM, ERR_LIMIT. */
int spool_line_seal(struct buf *out, struct str body) MUST_CHECK;

/* A negative return ends the walk and is returned. */
typedef int spool_line_h(const struct spool_line *l, void *arg);

/* The events of @text that are not done. -ENOMEM. */
int spool_lines_left(struct str text, spool_line_h *h, void *arg,
                     size_t *bad) MUST_CHECK;

struct spool_feeds {
	struct spool_feed *head, **tail;
	struct spool_feed *buckets[256]; /* by their calls */
};

/* The same as feeds; *@list is NULL on failure. -ENOMEM. */
int spool_feeds_read(struct str text, struct spool_feed **list,
                     size_t *bad) MUST_CHECK;

#endif
