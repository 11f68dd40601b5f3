/*
 * door.h - the first seconds of a stream, before it is anybody's
 *
 * An upgraded socket must say `start` as its first message, and soon. Until
 * then nothing is known of the call, and no provider is contacted.
 */
#ifndef BOT_DOOR_H
#define BOT_DOOR_H

#include "common/attr.h"
#include "common/list.h"
#include "common/timer.h"

struct stream_msg;
struct ws;

enum { DOOR_START_MS = 5000 /* from the upgrade to `start` [ms] */ };

struct door_guest;

/* What comes of a guest. Both take @ws over; @tag is the upgrade's. */
struct door_handlers {
	void (*started)(struct ws *ws, const struct stream_msg *start,
	                void *tag, void *arg);
	/* It said something else, nothing, or left; its socket is closed. */
	void (*left)(void *tag, void *arg);
};

struct door {
	struct timers *timers;
	struct link guests;
	unsigned n_guests;
	struct door_handlers h;
	struct stream_msg *msg; /* room for one */
	void *arg;
};

/* -ENOMEM. */
int door_init(struct door *d, struct timers *ts, const struct door_handlers *h,
              void *arg) MUST_CHECK;

/* Shows all guests out. */
void door_fini(struct door *d);

/* Take @ws over and wait for its start. Without memory it is closed, and left
 * is called at once. */
void door_wait(struct door *d, struct ws *ws, void *tag);

#endif
