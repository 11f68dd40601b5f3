/*
 * sentences.h - what the benches of speech have said and heard
 *
 * Heard are the sentences of Debian's Asterisk prompts, a human voice: all of
 * five words and more, up to 30 s, without notes in brackets, once each. Said
 * are sentences of an agent, each with a first clause of five words.
 */
#ifndef TESTS_BENCH_SENTENCES_H
#define TESTS_BENCH_SENTENCES_H

#include <stdio.h>

#include "tests/harness/speech.h"

enum {
	SENTENCES_TO_SAY = 25,
	SENTENCE_SEC_MAX = 30,
	SENTENCE_TEXT_MAX = 2048, /* [bytes] with terminator */
};

extern const char *const sentences_to_say[SENTENCES_TO_SAY];

struct sentence_heard {
	char text[SENTENCE_TEXT_MAX];
	struct speech sound;
};

/* The next one of the package's list of what the prompts say; 0 at its end.
 * Release the sound with speech_fini(). Fails the test. */
int sentences_next(struct sentence_heard *s, FILE *list);

#endif
