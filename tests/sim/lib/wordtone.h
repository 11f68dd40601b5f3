/*
 * wordtone.h - words as tones, and back
 *
 * A simulated voice speaks each word as two dual tones in a row, chosen by a
 * hash of the word, 180 to 300 ms together, with a pause behind. So whoever
 * hears the audio can say which words were spoken, where, and how much of each
 * was heard: the order of words, losses, overlaps and cuts can be measured at
 * the far end of a telephone line. The tones lie between 400 and 3360 Hz, so
 * that they survive 8 kHz and mu-law.
 *
 * A word is what is left of a piece of text in lower case without punctuation;
 * pieces without letters or digits are not spoken.
 */
#ifndef TESTS_SIM_LIB_WORDTONE_H
#define TESTS_SIM_LIB_WORDTONE_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	WORDTONE_WORD_MAX = 64, /* [bytes] of a word, with terminator */
	WORDTONE_GAP_MS = 40,   /* of silence behind a word */
};

/* The next word of a text: @raw and @raw_len get it as written, @word its
 * normal form. Returns where to go on; NULL: there is no further word. */
const char *wordtone_next(const char *text, const char **raw, size_t *raw_len,
                          char word[WORDTONE_WORD_MAX]);

/* How long a normalised word sounds, without the pause [ms]. */
uint32_t wordtone_ms(const char *word);

/* The word's tone of wordtone_ms() * @scale, then the pause (scaled, too).
 * Returns samples; writes at most @cap. */
size_t wordtone_encode(const char *word, uint32_t hz, double scale,
                       int16_t *pcm, size_t cap);

/* Samples that wordtone_encode() makes of the word. */
size_t wordtone_samples(const char *word, uint32_t hz, double scale);

struct wordtone_heard {
	const char *word;  /* borrowed from the decoder's vocabulary; "?" for
	                    * a tone that none of its words has */
	uint32_t begin_ms; /* in the audio that was fed */
	uint32_t end_ms;
	double part; /* how much of the word's tone was heard, 0..1 */
};

typedef void wordtone_heard_h(const struct wordtone_heard *heard, void *arg);

struct wordtone_dec;

/* A decoder for audio of @hz (8000, 16000, 24000 or 48000), @scale as spoken.
 * It knows the words of @vocabulary, a text; copied. Two words that sound
 * alike: -EEXIST. */
int wordtone_dec_new(struct wordtone_dec **dp, uint32_t hz, double scale,
                     const char *vocabulary, wordtone_heard_h *heardh,
                     void *arg) MUST_CHECK;

void wordtone_dec_feed(struct wordtone_dec *d, const int16_t *pcm, size_t n);

/* There is no more: what was begun is told. */
void wordtone_dec_end(struct wordtone_dec *d);

void wordtone_dec_free(struct wordtone_dec **dp);

/* mu-law to linear, for those who have a line's bytes. */
int16_t wordtone_ulaw(uint8_t byte);

#endif
