/*
 * render.h - a voice speaks a text into a clip
 *
 * As the session would have it spoken: sentence by sentence, without signs,
 * numbers as words where they are wanted. Whoever has the voice gives its
 * events on.
 */
#ifndef BOT_RENDER_H
#define BOT_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct clip;
struct tts;
struct tts_event;

/* Give @tts all of @c->asked as @reply. -ENODATA: there is nothing to say; what
 * tts_speak() returns; -ENOMEM. */
int render_speak(struct tts *tts, uint32_t reply, struct clip *c,
                 bool words_for_numbers) MUST_CHECK;

/* An event of that reply. 0: more will come; 1: the clip is whole; else it
 * cannot be made. */
int render_event(struct clip *c, const struct tts_event *ev) MUST_CHECK;

#endif
