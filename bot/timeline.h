/*
 * timeline.h - when things happened in a turn
 *
 * Kept for the turn that is being answered; written into the bot's turn event
 * as `"latency":{...}`: speech_end in milliseconds of the call, the others in
 * milliseconds after it. A reply that answers nobody (the first greeting, an
 * idle prompt) counts from the moment it was decided on. What did not happen
 * is null.
 */
#ifndef BOT_TIMELINE_H
#define BOT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct buf;

enum timeline_point {
	TIMELINE_SPEECH_END,  /* true end of the callee's speech */
	TIMELINE_FINAL,       /* its last final text */
	TIMELINE_FIRST_TOKEN, /* of the model */
	TIMELINE_FIRST_AUDIO, /* of the voice */
	TIMELINE_HEARD,       /* the callee hears the first of it */
	TIMELINE_POINTS
};

struct timeline {
	uint64_t at_ms[TIMELINE_POINTS]; /* of the call */
	bool known[TIMELINE_POINTS];
};

void timeline_reset(struct timeline *tl);

/* Note a point; later notes of SPEECH_END and FINAL replace, others do not. */
void timeline_note(struct timeline *tl, enum timeline_point p, uint64_t at_ms);

/* Append `"latency":{...}`. -ENOMEM, ERR_LIMIT. */
int timeline_json(const struct timeline *tl, struct buf *out) MUST_CHECK;

#endif
