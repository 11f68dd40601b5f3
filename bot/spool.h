/*
 * spool.h - the bot's events on disk, written by a thread of their own
 *
 *	loop:   spool_keep, spool_done --> lines --> thread: write, fdatasync
 *	        events of bots that are gone <-----  thread: inherit
 *
 * What waits for the server is in memory in any case; the file is for the
 * next start. Lines are handed to the kernel at once, so that a bot that is
 * killed loses what one turn of its loop has made at most. They are forced
 * onto the disk once a second, and only while something waits for longer than
 * that: a loss of power costs the last second, and it ends the calls anyway,
 * of which the carrier then tells the server. The loop never waits for a
 * disk. One that is full or stuck costs the file, not the call: it is logged,
 * and events go on from memory.
 */
#ifndef BOT_SPOOL_H
#define BOT_SPOOL_H

#include <stdint.h>

#include "bot/spool_file.h"
#include "common/attr.h"

struct net;
struct spool;

enum {
	SPOOL_LINES_MAX = 16 << 20, /* [bytes] that wait for the disk */
};

/* Inherited events, on the loop; takes @list over. Each must be kept again by
 * spool_keep() before the handler returns. */
typedef void spool_found_h(struct spool_feed *list, void *arg);

/* Keep events in the folder @dir, copied. What is there of bots that are gone
 * is looked for now and once a minute. What spool_file_open() says. */
int spool_open(struct spool **sp, struct net *net, const char *dir,
               spool_found_h *found, void *arg) MUST_CHECK;

/* Write what is to be written, and wait for that. NULLs the caller's pointer.
 * NULL is fine. */
void spool_close(struct spool **sp);

/* @e waits for the server at @url. */
void spool_keep(struct spool *s, const struct spool_event *e,
                const char *call_id, const char *url);

/* @e does not wait any more. */
void spool_done(struct spool *s, const struct spool_event *e);

/* Nothing waits any more. */
void spool_clear(struct spool *s);

/* Events that could not be kept. */
uint64_t spool_lost(const struct spool *s);

#endif
