/*
 * provider.h - what every provider of speech or language is configured with
 *
 * Values are owned by the bot's configuration and outlive every session. A
 * provider takes what it needs and ignores the rest.
 */
#ifndef BOT_PROVIDER_PROVIDER_H
#define BOT_PROVIDER_PROVIDER_H

#include <stdbool.h>

#include "bot/media/audio.h"

struct net;    /* bot/net/net.h: loop, timers, sockets */
struct engine; /* bot/engine: pool and models; NULL without */

enum { PROVIDER_CALL_ID_MAX = 128 /* [bytes] with terminator */ };

struct provider_cfg {
	const char *key;        /* credential; NULL without */
	const char *url;        /* base URL */
	const char *model;      /* NULL: the provider's default */
	const char *voice;      /* TTS; NULL: default */
	const char *language;   /* BCP 47, "en" if NULL */
	bool words_for_numbers; /* what a voice is given has no figures */
	const char *script;     /* LLM=script: path of the rule file */
	unsigned tries; /* to connect, before it is given up; 0: as ever */
	struct engine *engine;
};

#endif
