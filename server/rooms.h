/*
 * rooms.h - how many calls a plan at a provider allows at once, as configured
 *
 * STT_LIMIT and TTS_LIMIT: "100" for all calls together, or
 * "deepgram=100,flux=50", each provider by its name. What a call uses is told
 * by the bot that has a place for it (",stt:deepgram,llm:openai,"). The ledger
 * counts, see store/room.h.
 */
#ifndef SERVER_ROOMS_H
#define SERVER_ROOMS_H

#include <stddef.h>

#include "common/attr.h"
#include "server/store/room.h"

struct app;
struct buf;

enum {
	ROOMS_MAX = 8,         /* of both options */
	ROOMS_CALLS = 1000000, /* more than any plan allows */
};

struct rooms {
	struct store_room v[ROOMS_MAX];
	size_t n;
};

/* Add what @text says of @stage, "stt" or "tts". -EINVAL: it is none, or names
 * one twice. ERR_LIMIT: too many. */
int rooms_add(struct rooms *r, const char *stage, const char *text) MUST_CHECK;

/* For /metrics: each with its calls. */
int rooms_print(struct app *app, struct buf *out) MUST_CHECK;

#endif
