/*
 * ca_voice.h - text to audio, a chunk at a time
 *
 * Words become the tones of wordtone.h; a sentence's end is a pause; of the
 * tags <break time="1s"/> is obeyed and others are left out.
 */
#ifndef TESTS_SIM_LIB_CA_VOICE_H
#define TESTS_SIM_LIB_CA_VOICE_H

#include <stdbool.h>

#include "tests/sim/lib/ca_audio.h"

struct ca_voice;

/* A word as written, and its place in seconds of the voice's audio. */
typedef void ca_word_h(const char *raw, size_t len, double begin, double end,
                       void *arg);

struct ca_voice *ca_voice_new(const struct ca_format *f, double scale,
                              ca_word_h *wordh, void *arg);
void ca_voice_free(struct ca_voice **vp);

/* Append about @ms of what is left of @text, the same text until it is said.
 * @spoken_ms gets how much it was. False: all of it is said. */
bool ca_voice_speak(struct ca_voice *v, const char *text, uint32_t ms,
                    struct buf *audio, uint32_t *spoken_ms);

/* The next text begins. */
void ca_voice_rewind(struct ca_voice *v);

/* Of audio given out. */
double ca_voice_seconds(const struct ca_voice *v);

#endif
