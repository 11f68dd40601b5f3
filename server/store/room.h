/*
 * room.h - how many calls may use something at once
 *
 * What a call uses is a text of its row, such as ",stt:deepgram,tts:cartesia,",
 * written when a bot has given it a place. One of which that is not known may
 * use anything. A call has its part from the moment it is dialled to its end,
 * whichever server has dialled it. Errors are store.h's.
 */
#ifndef SERVER_STORE_ROOM_H
#define SERVER_STORE_ROOM_H

#include "common/attr.h"

struct store;

enum { STORE_ROOM_TEXT = 48 /* [bytes] */ };

struct store_room {
	/* Part of what calls use that it is for: ",stt:deepgram,", or ",stt:"
	 * for all of that stage. */
	char what[STORE_ROOM_TEXT];
	unsigned max;
};

/* How many calls use it now. With @id: how many but this one, and none if it
 * has no use for it, or has its part already. */
int store_room_used(struct store *s, const char *id,
                    const struct store_room *room, unsigned *used) MUST_CHECK;

#endif
