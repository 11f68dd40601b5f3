/*
 * dial.h - a call from /start to the carrier's answer
 *
 * A place is reserved on a bot, then the call waits for its turn, then the
 * one POST goes out. Each step is in the ledger before it is taken, and the
 * steps go on whether or not anybody still waits for the result. A call that
 * the carrier has taken is no longer in hand here.
 */
#ifndef SERVER_DIAL_H
#define SERVER_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct app;
struct dial;
struct dials;
struct store_call;

enum {
	DIAL_UUID_MAX = 64,  /* [bytes] */
	DIAL_TEXT_MAX = 512, /* [bytes] */
};

/* What the ledger says of a call that has expired. */
#define DIAL_EXPIRED "expires_at passed before it was dialled"

enum dial_phase {
	DIAL_RESERVING, /* asking bots for a place */
	DIAL_QUEUED,    /* waiting for its turn */
	DIAL_SENDING,   /* the POST is out */
	DIAL_OVER,      /* the rest of the view is filled in */
};

struct dial_view {
	enum dial_phase phase;
	int status;               /* HTTP status that tells how it went */
	char uuid[DIAL_UUID_MAX]; /* "" unless placed */
	char text[DIAL_TEXT_MAX]; /* why not; "" if placed */
	unsigned retry_sec;       /* 0: no use in trying again */
};

int dials_new(struct dials **dp, struct app *app) MUST_CHECK;

/* The carrier's and bots' handlers must have ended. */
void dials_free(struct dials **dp);

/* Go on with @call, which is in the ledger as RESERVING or QUEUED; borrowed
 * until this returns. @dp is dial_drop()'s to release. -ENOMEM. */
int dial_begin(struct dials *ds, const struct store_call *call,
               struct dial **dp) MUST_CHECK;

/* Wait at most @ms for the end; true when it has come. */
bool dial_wait(struct dial *d, uint32_t ms);

void dial_look(struct dial *d, struct dial_view *view);

/* No more interest; the call goes on. NULLs the caller's pointer. */
void dial_drop(struct dial **dp);

/* Stop this call as soon as can be: before it is dialled, or by a hang-up as
 * soon as the carrier has told its name. False: it is not in hand. */
bool dial_cancel(struct dials *ds, const char *id);

/* Will it never be sent, if it is stopped now? Then it is stopped. */
bool dial_withdraw(struct dials *ds, const char *id);

/* Those whose expires_ms has come, and that were not sent, end as expired. */
void dials_expire(struct dials *ds, int64_t now_ms);

/* Is it in hand? */
bool dials_has(struct dials *ds, const char *id);

/* On the thread of REST calls, every few seconds: those that wait keep their
 * places on bots. @now_ms is of a clock that never jumps. */
void dials_keep_places(struct dials *ds, int64_t now_ms);

/* Calls in hand. */
unsigned dials_count(struct dials *ds);

#endif
