/*
 * greetings.h - greetings that are the same for everybody, spoken once
 *
 * Clips are kept by what was to be said, by whom and in which format: the last
 * few in memory, more of them in a folder that survives the bot and that bots
 * of one machine share. What cannot be kept is only spoken again.
 */
#ifndef BOT_GREETINGS_H
#define BOT_GREETINGS_H

#include "bot/clip.h"
#include "common/attr.h"

struct greetings;
struct provider_cfg;

enum {
	GREETINGS_MEMORY = 64, /* clips */
	GREETINGS_FILES = 256, /* in the folder; the oldest go */
};

/* Where they are kept: @dir, made when it is missing; NULL or "": in memory
 * alone. -ENOMEM. */
int greetings_new(struct greetings **gp, const char *dir) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void greetings_free(struct greetings **gp);

/* The clip of @text by this voice, or NULL; borrowed until the next call. */
const struct clip *greetings_find(struct greetings *g, const char *provider,
                                  const struct provider_cfg *cfg,
                                  struct str text, enum audio_fmt fmt);

/* Keep a copy of @c, which this voice has spoken. */
void greetings_keep(struct greetings *g, const char *provider,
                    const struct provider_cfg *cfg, const struct clip *c);

#endif
