/*
 * watch.h - the servers that places were reserved by: are they still there?
 *
 * A conversation does not need its server, so without this a bot would find
 * out that it is gone by its next event, which may be minutes later. Each
 * server of late is asked once a second, by an empty array of events. That it
 * has gone or is back is logged, and told for what waits for it.
 */
#ifndef BOT_WATCH_H
#define BOT_WATCH_H

#include <stdbool.h>

#include "common/attr.h"

struct net;
struct watch;

enum {
	WATCH_MAX = 16,       /* servers; beyond, the least recent is let go */
	WATCH_KEEP_SEC = 600, /* after the last place [s] */
};

/* The server that takes events at @url is back. */
typedef void watch_back_h(const char *url, void *arg);

/* @secret: bearer token for the servers, copied; NULL without. -ENOMEM. */
int watch_new(struct watch **wp, struct net *net, const char *secret,
              watch_back_h *back, void *arg) MUST_CHECK;

/* NULLs the caller's pointer; NULL is fine. */
void watch_free(struct watch **wp);

/* @url, copied, has a place here. @heard: it has asked for it just now, so it
 * is there. "": nobody takes the events. Over and over: it is one server.
 * Without memory it is not watched. */
void watch_add(struct watch *w, const char *url, bool heard);

#endif
