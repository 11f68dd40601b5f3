/*
 * speech.h - recordings of people, for tests and benches
 *
 * Debian's Asterisk prompts are 8 kHz recordings of a human speaker with a
 * list of what she says. A missing file fails the test and names the package.
 */
#ifndef TESTS_HARNESS_SPEECH_H
#define TESTS_HARNESS_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct speech {
	int16_t *v; /* 8000 Hz */
	size_t n;
};

/* The prompt @name, as "vm-goodbye" or "digits/5", once through u-law and
 * back as a telephone line would have it. Fails the test. */
void speech_prompt(struct speech *sp, const char *name);

/* Is there a prompt of this name? */
bool speech_exists(const char *name);

/* Any 16 bit mono WAV file, as it is. -ENOENT ...; ERR_PROTO; -ENOMEM. */
int speech_load(struct speech *sp, const char *path);

/* @ms of silence behind. Fails the test. */
void speech_pad(struct speech *sp, size_t before_ms, size_t after_ms);

void speech_fini(struct speech *sp);

/* The path of a model; fails the test when it is not there. */
const char *speech_model(const char *name);

#endif
