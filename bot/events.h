/*
 * events.h - what happened in calls, posted to the server
 *
 * Each call has a feed with a URL of its own. Its events leave in order, some
 * at a time, and stay until the server has said 200: at least once, never out
 * of order. Feeds go on after their call, until all is delivered or half an
 * hour has passed. Memory is bounded for all feeds together; over the bound
 * an event is counted and dropped, but that a call started or ended always
 * finds room.
 *
 * With a folder what waits is on disk as well (spool.h). What a bot leaves
 * there when it ends or dies is delivered by the next one, or by another that
 * uses the same folder, and is not given up for a day.
 */
#ifndef BOT_EVENTS_H
#define BOT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct events;
struct events_feed;
struct net;

enum {
	EVENTS_SPOOL_MAX = 8 << 20,    /* [bytes] of all that waits */
	EVENTS_BATCH_MAX = 128 * 1024, /* [bytes] of one POST, about */
};

struct events_stats {
	uint64_t delivered, dropped, refused; /* events */
	uint64_t unkept;                      /* not written to the disk */
	size_t waiting, waiting_bytes;        /* now */
};

/* @secret: bearer token for the server, copied; NULL without. @dir: a folder
 * to keep what waits, NULL for memory alone. -ENOMEM, or what is wrong with
 * the folder. */
int events_new(struct events **ep, struct net *net, const char *secret,
               const char *dir) MUST_CHECK;

/* What waits is dropped, or is left on disk. Feeds must be closed. NULLs the
 * caller's pointer. */
void events_free(struct events **ep);

/* Feed of @call_id. @url NULL or "": its events are counted and forgotten.
 * Texts are copied. -ENOMEM. */
int events_open(struct events_feed **fp, struct events *ev, const char *url,
                const char *call_id) MUST_CHECK;

/* The call was with @n other bots before: each event says so as "again". */
void events_again(struct events_feed *feed, unsigned n);

/* Post {"event_id","call_id","seq","at_ms","type", @members}. @members is the
 * inside of an object, or "". @at_us: of the loop's clock. @vital: needs room
 * even when there is none. */
void events_add(struct events_feed *feed, const char *type, uint64_t at_us,
                const char *members, bool vital);

/* No more events; what waits is delivered in the background. NULLs the
 * caller's pointer; NULL is fine. */
void events_close(struct events_feed **fp);

/* The server at @url is there: what waits for it leaves now. */
void events_hurry(struct events *ev, const char *url);

void events_stats(const struct events *ev, struct events_stats *st);

#endif
