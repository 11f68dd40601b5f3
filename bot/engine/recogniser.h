/*
 * recogniser.h - what was said in a turn: both sizes of Moonshine, and retries
 *
 * The small net gives quick partial texts, the large one the final text. The
 * large one now and then hears nothing at all in clear speech; such a turn is
 * tried again in other ways before it counts as silence.
 */
#ifndef BOT_ENGINE_RECOGNISER_H
#define BOT_ENGINE_RECOGNISER_H

#include "bot/engine/moonshine.h"
#include "bot/media/pcm.h"
#include "common/attr.h"

struct buf;
struct ort;
struct recogniser;

enum recogniser_effort {
	RECOGNISER_PARTIAL, /* the small net, once */
	RECOGNISER_FINAL,   /* the large net; the small one as a last resort */
};

/* @dir as in models_find(). Errors are those of moonshine_new(). */
int recogniser_new(struct recogniser **rp, struct ort *ort,
                   const char *dir) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void recogniser_free(struct recogniser **rp);

/* How many samples of @pcm to hear at once: all of them up to 20 s; of more,
 * those before the quietest moment between 12 and 20 s. */
size_t recogniser_cut(const struct pcm *pcm);

/* Append the text of @pcm to @text; see moonshine_hear(). Any of our sampling
 * rates; long speech is cut by recogniser_cut(). May run on several threads at
 * once. */
int recogniser_hear(struct recogniser *r, const struct pcm *pcm,
                    enum recogniser_effort effort, struct buf *text,
                    moonshine_stop_h *stoph, void *arg) MUST_CHECK;

#endif
