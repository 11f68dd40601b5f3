/*
 * hook_room.h - the calls that hooks know by number
 *
 * The host's functions get numbers from code that may have kept them too long.
 * A call that has hooks takes a seat here while it lasts; what is asked for in
 * its name finds it, or nobody. Belongs to the loop's thread, but for what
 * post() hands in.
 */
#ifndef BOT_HOOK_ROOM_H
#define BOT_HOOK_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "bot/hooks.h"
#include "common/attr.h"
#include "common/list.h"

struct net;

/* What can be done with a call; results are those of hooks.h. */
struct hook_seat_ops {
	int (*get)(void *arg, const char *path, char *dst, size_t cap);
	int (*set)(void *arg, const char *name, const char *value);
	int (*say)(void *arg, const char *text);
	int (*answer)(void *arg, uint64_t ticket, const char *result);
	int (*end)(void *arg, const char *last_words);
	int (*record)(void *arg, const char *name, const char *text);
	int (*wake)(void *arg, uint32_t ms);
	int (*keep)(void *arg, const char *text);
	const char *(*name)(void *arg); /* for logs */
};

struct hook_seat {
	struct link link;
	uint64_t call; /* 0: no seat */
	uint32_t tickets;
	const struct hook_seat_ops *ops;
	void *arg;
};

void hook_room_enter(struct hook_seat *seat, const struct hook_seat_ops *ops,
                     void *arg);
void hook_room_leave(struct hook_seat *seat); /* twice is fine */

/* A number for answer(), of this call. */
uint64_t hook_room_ticket(struct hook_seat *seat);

extern const struct dialout_host hook_room_host;

/* From here on post() is answered. -ENOMEM, or what the loop refuses. */
int hook_room_open(struct net *net) MUST_CHECK;
void hook_room_close(void); /* nobody posts any more; twice is fine */

/* Before and after a hook: whether it kept the deadline. */
uint64_t hook_watch(void);
void hook_watched(uint64_t since, const char *hooks, const char *hook,
                  const char *call_id);

#endif
