/*
 * at_hand.h - what the bot has spoken before any call: filler, apology, goodbye
 *
 * In sound that is numbered as that of flow.h, by replies which no call has.
 */
#ifndef TESTS_FLOW_AT_HAND_H
#define TESTS_FLOW_AT_HAND_H

#include "tests/flow/flow.h"

enum { AT_HAND_FILLER = FLOW_REPLIES - 3, AT_HAND_APOLOGY, AT_HAND_GOODBYE };

/* For flow_opts.greetings; the caller frees it. Fails the test. */
struct greetings *at_hand_new(void);

/* The words of these in f->made. */
void at_hand_words(struct flow *f);

#endif
