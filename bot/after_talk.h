/*
 * after_talk.h - a conversation as its events told it
 *
 * Kept beside a call whose agent wants something made of it when it is over,
 * because then the session is gone. What was heard, not what was meant to be
 * said. The oldest goes when the limit is reached.
 */
#ifndef BOT_AFTER_TALK_H
#define BOT_AFTER_TALK_H

#include "bot/provider/llm.h"
#include "bot/session.h"
#include "common/attr.h"

struct after_talk;

enum {
	AFTER_TALK_MAX = 64 * 1024, /* [bytes] of text */
	AFTER_TURNS_MAX = 400,
};

/* -ENOMEM. */
int after_talk_new(struct after_talk **tp) MUST_CHECK;
void after_talk_free(struct after_talk **tp);

/* Note turns and tools; other events tell nothing. What there is no memory for
 * is left out. */
void after_talk_note(struct after_talk *t, const struct session_event *ev);

/* The messages, the oldest first; borrowed. */
const struct llm_msg *after_talk_msgs(const struct after_talk *t, size_t *n);

#endif
