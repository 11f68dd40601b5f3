/*
 * flite_voice.h - the small voice: robotic, and never late
 *
 * Flite's rms. Its library counts references without locks, so one thread at
 * a time may use any part of it: flite_enter() and flite_leave() are held
 * around every use, here and in g2p.c.
 */
#ifndef BOT_ENGINE_FLITE_VOICE_H
#define BOT_ENGINE_FLITE_VOICE_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum { FLITE_HZ = 16000 };

void flite_enter(void);
void flite_leave(void);

/* Gets @n samples at FLITE_HZ as they are made; not 0 ends the speech. */
typedef int flite_sink_h(const int16_t *pcm, size_t n, void *arg);

/* Speak a terminated text of say_clean(); returns when all of it was made.
 * ERR_PROVIDER; what @sinkh returned. */
int flite_speak(const char *text, flite_sink_h *sinkh, void *arg) MUST_CHECK;

#endif
