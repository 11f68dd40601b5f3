/*
 * stock.h - sentences that need no voice any more
 *
 * What an agent says when something has failed is said best by nothing that
 * can fail: its filler, apology and goodbyes are spoken once, when the bot
 * starts, by the voice of its calls, and kept with the greetings that are the
 * same for everybody. One after the other, in the background; what a provider
 * refuses now is tried again later. Sentences that name the callee, and voices
 * that are another under load, are left out.
 */
#ifndef BOT_STOCK_H
#define BOT_STOCK_H

#include "common/attr.h"

struct session_env;
struct stock;

enum {
	STOCK_AGENTS = 64, /* files of the folder that are looked at */
	STOCK_SPEAK_MS = 20000,
	STOCK_AGAIN_MS = 30000, /* after a failure */
	STOCK_TRIES = 5,        /* of one sentence */
};

/* Begin with the agents of @agents_dir. Both are borrowed. -ENOMEM. */
int stock_open(struct stock **sp, const struct session_env *env,
               const char *agents_dir) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void stock_close(struct stock **sp);

#endif
