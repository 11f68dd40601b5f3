/*
 * setup.h - the parts that all calls share, made from the configuration
 */
#ifndef BOT_SETUP_H
#define BOT_SETUP_H

#include "bot/engine/models.h"
#include "bot/fallback.h"
#include "bot/session.h"
#include "bot/tool_call.h"
#include "common/attr.h"

struct bot_config;
struct engine;
struct greetings;
struct net;
struct net_wake;
struct silero;
struct vad_batch;

struct setup {
	struct fallback providers; /* all that can be used */
	struct silero *silero;
	struct vad_batch *vad_batch;
	char turn[MODELS_PATH_MAX]; /* the net for the end of a turn; "" */
	bool hear, speak;           /* the embedded ones are loaded */
	struct engine *engine;      /* NULL: nothing is computed in process */
	struct net_wake *engine_wake;
	struct greetings *greetings;
	struct tool_fetch fetch;
	struct session_env env; /* for sessions */
};

/* Borrows @cfg and @net, which outlive it. What is missing is in the log. */
int setup_open(struct setup *s, const struct bot_config *cfg,
               struct net *net) MUST_CHECK;

void setup_close(struct setup *s);

#endif
