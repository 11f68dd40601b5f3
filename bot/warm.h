/*
 * warm.h - what is made ready while the telephone rings
 *
 * From the moment the carrier has taken the call: the greeting is spoken into
 * a clip, with this call's custom data, and the connections of recogniser,
 * model and voice are made. When the stream comes the session takes over what is there;
 * what is not, it makes itself. A call that nobody answers costs the greeting.
 */
#ifndef BOT_WARM_H
#define BOT_WARM_H

#include "bot/session.h"
#include "common/attr.h"

struct greetings;
struct reservation;
struct warm;

enum { PREPARE_OFF, PREPARE_GREETING, PREPARE_ALL }; /* PREPARE */

enum {
	WARM_REPLY = 1, /* number of the greeting at a voice taken over */
	WARM_SPEAK_MS = 20000, /* for the voice to speak a greeting */
};

struct warm_env {
	const struct session_env *session;
	const char *agents_dir;
	const char *default_agent;
	int level; /* PREPARE_* */
};

/* Begin for the call that @r is kept for. What agent_load() and the providers
 * return; -ENOMEM. */
int warm_open(struct warm **wp, const struct warm_env *env,
              const struct reservation *r) MUST_CHECK;

/* Give it up. NULLs the caller's pointer. NULL is fine. */
void warm_close(struct warm **wp);

/* The same, but what is ready goes into @kit. */
void warm_take(struct warm **wp, struct session_kit *kit);

#endif
