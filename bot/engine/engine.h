/*
 * engine.h - what computes speech in this process, loaded once
 *
 * Owns the pool of threads, the runtime and the models. Providers reach it
 * through struct provider_cfg, once it is started: the loop gives it a way to
 * be woken and then calls engine_drain(). Until then it has no threads.
 */
#ifndef BOT_ENGINE_ENGINE_H
#define BOT_ENGINE_ENGINE_H

#include <stdbool.h>

#include "bot/engine/pool.h"
#include "common/attr.h"

struct engine;
struct recogniser;
struct silero;
struct smart_turn;
struct speaker;

struct engine_params {
	const char *models_dir; /* NULL: the default, see models.h */
	const char *voice;      /* of the natural voice; NULL: its default */
	bool hear;              /* recogniser and voice detector */
	bool speak;             /* the natural voice; the small one is always
	                         * there and needs no model */
	const char *turn; /* path of the net that hears the end of a turn; NULL:
	                   * none */
	unsigned threads; /* 0: as many as processors, 2 at least */
};

/* Takes a second or two. -ENOENT and the like: a model is missing (logged);
 * ERR_PROVIDER, ERR_PROTO, -ENOMEM. */
int engine_new(struct engine **ep, const struct engine_params *prm) MUST_CHECK;

/* Start the threads. @wake, from any of them: call engine_drain() soon.
 * -EAGAIN, -ENOMEM. */
int engine_start(struct engine *e, pool_wake_h *wake, void *arg) MUST_CHECK;

/* All providers on it have been closed. NULLs the caller's pointer. NULL is
 * fine. */
void engine_free(struct engine **ep);

/* Give back what the threads have finished. On the loop's thread. */
void engine_drain(struct engine *e);

/* Borrowed. The recogniser, the detector and the net for the end of a turn are
 * NULL unless asked for. */
struct pool *engine_pool(struct engine *e);
struct recogniser *engine_recogniser(struct engine *e);
const struct silero *engine_silero(const struct engine *e);
struct smart_turn *engine_turn(struct engine *e);
struct speaker *engine_speaker(struct engine *e);

#endif
