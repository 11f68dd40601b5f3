/*
 * playout.h - the bot's voice, paced to the telephone line
 *
 * Replies arrive in bursts and leave in real time, never more than the lead
 * ahead of what the callee hears; that is what makes an interruption short.
 * When there is nothing to say nothing is sent. Marks in the stream, at the
 * end of each reply, every half second within and where the voice kept the
 * line waiting, tell how much was really
 * heard; when they stay away the clock does. What was not heard yet is kept,
 * so that a reply can go on from the exact sample after a pause.
 *
 * A reply has a number, from 1, greater than those before it. Positions are
 * milliseconds of the reply's own audio. A mark's name says both: "r7.1480",
 * "r7.2312.end".
 */
#ifndef BOT_PLAYOUT_H
#define BOT_PLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/media/audio.h"
#include "common/attr.h"

struct playout;
struct stream_proto;
struct timers;

enum {
	PLAYOUT_LEAD_MS = 200,  /* default */
	PLAYOUT_PACKET_MS = 40, /* default */
	PLAYOUT_MARK_MS = 500,  /* between marks within a reply */
	PLAYOUT_DELAY_MS = 100, /* from sending to hearing, until marks
	                                 * have measured it */
	PLAYOUT_GRACE_MS =
		400, /* a mark later than that by so much is not waited
	                                 * for */
	PLAYOUT_QUEUE_MS = 120 * 1000, /* audio held at most */
	PLAYOUT_REPLIES_MAX = 32,      /* replies held at once */
};

enum playout_event_type {
	PLAYOUT_STARTED, /* the first packet of the reply has left */
	PLAYOUT_HEARD,   /* heard_ms has grown */
	PLAYOUT_DONE,    /* the whole reply was heard; its last event */
};

struct playout_event {
	enum playout_event_type type;
	uint32_t reply;
	uint32_t heard_ms;
	bool by_clock; /* marks stayed away: heard_ms is computed */
};

/* Called from the timer and from playout_marked() alone, never from another
 * function below. May call any of them, playout_free() included. */
typedef void playout_event_h(const struct playout_event *ev, void *arg);

/* Send one text message of the stream; borrowed. An error means that nothing
 * was taken: it is tried again a packet later. Must not call back. */
typedef int playout_send_h(const char *text, size_t len, void *arg);

struct playout_params {
	struct timers *timers;            /* borrowed */
	const struct stream_proto *proto; /* borrowed */
	const char *stream_id;            /* copied */
	enum audio_fmt fmt;
	uint32_t lead_ms;   /* 100 to 200; 0: PLAYOUT_LEAD_MS */
	uint32_t packet_ms; /* 20 to 60; 0: PLAYOUT_PACKET_MS */
	playout_send_h *sendh;
	playout_event_h *eventh;
	void *arg;
};

/* -EINVAL: a number out of bounds, or an id the protocol cannot carry.
 * -ENOMEM. */
int playout_new(struct playout **pp,
                const struct playout_params *prm) MUST_CHECK;

/* Sends nothing. NULLs the caller's pointer. NULL is fine. */
void playout_free(struct playout **pp);

/* Queue audio of @reply in the line's format; copied. ERR_STALE: @reply was
 * cleared, has ended, or a later one has begun. ERR_LIMIT: too much is queued;
 * nothing was taken. -ENOMEM. */
int playout_push(struct playout *p, uint32_t reply, const uint8_t *audio,
                 size_t len) MUST_CHECK;

/* Nothing more comes of @reply; its last packet is filled up with silence.
 * PLAYOUT_DONE follows, also if there never was any audio. Errors as above. */
int playout_end(struct playout *p, uint32_t reply) MUST_CHECK;

/* The carrier reports that everything before the mark @name was heard. False:
 * not one of ours, or of a reply that is gone. */
bool playout_marked(struct playout *p, const char *name);

/* How much of @reply was heard by now, the best estimate: the last mark, and
 * the clock since. 0 for a reply that is not (or no longer) here. */
uint32_t playout_heard_ms(const struct playout *p, uint32_t reply);

/* Drop every reply up to and including @reply, here and at the carrier; ask
 * for what was heard of it before. Nothing of them is told any more, a pause is
 * over, later replies go on. */
void playout_clear(struct playout *p, uint32_t reply);

/* Fall silent at once, and keep everything from the sample that was heard
 * last; audio may still be pushed. Resume goes on there. */
void playout_pause(struct playout *p);
void playout_resume(struct playout *p);
bool playout_paused(const struct playout *p);

/* The line is another one: send there what was not heard yet. With another
 * format everything is dropped as by playout_clear(). -EINVAL: bad id; the line is as it was. */
int playout_reline(struct playout *p, const char *stream_id,
                   enum audio_fmt fmt) MUST_CHECK;

/* Press keys, at once: 0-9 * # A-D, w and W for pauses. -EINVAL: others, none
 * or too many. Else what sending returns. */
int playout_digits(struct playout *p, const char *digits) MUST_CHECK;

/* Audio that was not sent yet. */
uint32_t playout_queued_ms(const struct playout *p);

/* Is something being heard, or will be? */
bool playout_busy(const struct playout *p);

struct playout_stats {
	uint64_t packets, marks;
	uint32_t clears;
	uint32_t late_marks;    /* that were not waited for any longer */
	uint32_t send_failures; /* packets that had to be tried again */
	uint32_t underruns;     /* a reply's audio came too late */
	uint32_t dry_ms;        /* silence that this made */
};

void playout_stats(const struct playout *p, struct playout_stats *st);

#endif
