/*
 * voices.h - recordings of people: Debian's Asterisk prompts, all languages
 *
 * Every folder of a voice below one folder: WAV of 8 kHz, and GSM 06.10 where
 * libgsm is there to read it. What is a tone or music and no speech is left
 * out by its name.
 */
#ifndef TESTS_BENCH_VOICES_H
#define TESTS_BENCH_VOICES_H

#include <stddef.h>
#include <stdint.h>

enum { VOICES_FILES_MAX = 8192, VOICES_MAX = 16, VOICES_NAME_MAX = 64 };

struct voices_file {
	char path[192];
	size_t voice; /* of voices.names */
};

struct voices {
	char names[VOICES_MAX][VOICES_NAME_MAX];
	size_t n_voices;
	struct voices_file files[VOICES_FILES_MAX];
	size_t n_files;
};

/* All that are in @root, sorted by path. The program ends when there is none.
 */
void voices_find(struct voices *v, const char *root);

/* Samples of 8000 Hz into @out, @cap at most; 0: not readable. */
size_t voices_load(const struct voices_file *file, int16_t *out, size_t cap);

#endif
