/*
 * plivo_media.h - the audio of an answered call, 20 ms at a time
 *
 * Says the callee's frame to the stream, lets it hear what the play-out buffer
 * has, records both, and finds in what was heard where the bot spoke.
 */
#ifndef TESTS_SIM_LIB_PLIVO_MEDIA_H
#define TESTS_SIM_LIB_PLIVO_MEDIA_H

#include "tests/sim/lib/plivo_callee.h"
#include "tests/sim/lib/plivo_playout.h"

struct psim_call;
struct psim_media;

/* The clock begins now. -ENOMEM. */
int psim_media_open(struct psim_media **mp, struct psim_call *c) MUST_CHECK;

/* Finish the recording and the open entries of the journal. */
void psim_media_close(struct psim_media **mp);

struct psim_playout *psim_media_playout(struct psim_media *m);

/* The end of the line has no words; Speak and Play are heard as a tone. */
void psim_media_hum(struct psim_media *m, uint32_t ms);

/* The bot has cleared its audio: one entry, with the time since the callee's
 * voice began. */
void psim_media_cleared(struct psim_media *m, uint32_t dropped_ms);

#endif
