/*
 * oracle.h - what must hold in a conversation, by what the line has played
 *
 * Judges a flow by three things that are not the bot's: the script, the sound
 * that was really played at the callee's end of the fake line, and the words
 * which the voice had put into that sound. What the bot believes about them is
 * what is judged.
 */
#ifndef TESTS_FLOW_ORACLE_H
#define TESTS_FLOW_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/flow/flow.h"

enum {
	ORACLE_SLACK_MS = 20,  /* a frame of the line */
	ORACLE_FAULT_MAX = 512 /* [bytes] */
};

/* Something of the callee's; without words it is a noise. */
struct oracle_sound {
	uint32_t from_ms, to_ms;
	bool words;
	bool unfinished; /* the callee is given time to go on */
	size_t news;     /* the final text, of f->news; with words */
};

/* Is every word of the bot's in @text (as of flow_chat(), or of a request) one
 * that was heard, in the order in which they were heard? @all: and is none
 * missing? A word was heard when half of it was; it may be taken as either
 * within a frame of that, and within what the line differs from the delay that
 * the bot takes it to have before it knows better. False: @fault says what is wrong. */
bool oracle_context(const struct flow *f, const char *text, bool all,
                    char fault[ORACLE_FAULT_MAX]);

/* A request for the rest of the answer @reply, which has broken off: its last
 * message is what the voice has of it. Is that true, is everything else in
 * @text as above, and is no word that was heard missing, of this answer or
 * another? */
bool oracle_rest(const struct flow *f, const char *text, uint32_t reply,
                 char fault[ORACLE_FAULT_MAX]);

/* The longest time up to @end_ms in which nobody made a sound and the bot owed
 * one: an answer, its greeting, or the rest of what it had begun. *@at_ms: when
 * it was over. */
uint32_t oracle_silence(const struct flow *f, const struct oracle_sound *sounds,
                        size_t n, uint32_t end_ms, uint32_t *at_ms);

#endif
