/*
 * spool_file.h - events on disk, until their server has them
 *
 * A folder has one file for each bot that runs on it, and those of bots that
 * are gone. A file is a log of lines, "CRC E ID CALL URL JSON" for an event
 * and "CRC D ID" once nobody waits for it any more; what is left of a file is
 * what has an E and no D. A line whose sum is wrong, as the last one of a
 * machine that lost its power, is left out, and what is around it counts.
 *
 * Each file is locked by the bot that writes it. A lock that can be had means
 * that its bot is gone, and whoever gets it inherits the file. All of this
 * blocks, and is for one thread at a time; spool.h is for the loop.
 */
#ifndef BOT_SPOOL_FILE_H
#define BOT_SPOOL_FILE_H

#include <stddef.h>

#include "common/attr.h"
#include "common/str.h"

struct buf;
struct spool_file;

enum {
	SPOOL_FILE_MAX = 64 << 20,  /* [bytes]; live ones are EVENTS_SPOOL_MAX,
	                            * and the rest is what was delivered */
	SPOOL_LINE_MAX = 80 * 1024, /* [bytes] of one event, with its URL */
};

struct spool_event {
	struct spool_event *next;
	size_t len;
	const char *id; /* within json */
	size_t id_len;
	char json[]; /* an object, with terminator */
};

/* The events of one call, the oldest first. */
struct spool_feed {
	struct spool_feed *next;   /* whose first event came later */
	struct spool_feed *bucket; /* while they are read */
	char *url, *call_id;
	struct spool_event *head, **tail;
	size_t n, bytes; /* of the events */
};

/* A file of the past, locked. */
struct spool_heir;

/* An event of @json, copied; NULL: no memory. @id lies within it. */
struct spool_event *spool_event_new(struct str json, struct str id) MUST_CHECK;

/* The lines. -EINVAL: a part has a blank or a line's end and cannot be kept.
 * ERR_LIMIT, -ENOMEM. */
int spool_line_event(struct buf *out, const struct spool_event *e,
                     const char *call_id, const char *url) MUST_CHECK;
int spool_line_done(struct buf *out, struct str id) MUST_CHECK;

/* A new file in the folder @dir, which is made with mode 0700 if it is not
 * there. The file has mode 0600. What the system says. */
int spool_file_open(struct spool_file **fp, const char *dir) MUST_CHECK;

/* The file goes if nothing is in it. NULLs the caller's pointer. */
void spool_file_close(struct spool_file **fp);

size_t spool_file_size(const struct spool_file *f);

/* Append whole lines; all of them or none. -ENOSPC, ERR_LIMIT: the file has
 * its full size. */
int spool_file_append(struct spool_file *f, const char *v,
                      size_t len) MUST_CHECK;

/* Nothing in it is waited for. */
int spool_file_clear(struct spool_file *f) MUST_CHECK;

/* Onto the disk itself. */
int spool_file_sync(struct spool_file *f) MUST_CHECK;

/* Leave out what is done, in a new file that takes the old one's place. */
int spool_file_compact(struct spool_file *f) MUST_CHECK;

/* The next file whose bot is gone. -ENOENT: there is none. */
int spool_heir_open(struct spool_heir **hp,
                    const struct spool_file *f) MUST_CHECK;

/* What is left in it; *@list is NULL when that is nothing. @bad counts lines
 * that were none. -ENOMEM, or what reading said. */
int spool_heir_read(struct spool_heir *h, struct spool_feed **list,
                    size_t *bad) MUST_CHECK;

/* It is ours now, elsewhere: remove it. */
void spool_heir_remove(struct spool_heir **hp);

/* Leave it, for us until the process ends, or for others. */
void spool_heir_close(struct spool_heir **hp);

/* With what it has left of its events. */
void spool_feed_free(struct spool_feed *list);

#endif
