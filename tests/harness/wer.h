/*
 * wer.h - how far a recognised text is from the spoken one
 *
 * Both are brought to the same words first: lower case, numbers spelt out,
 * contractions undone, punctuation gone. Texts that differ in spaces alone
 * ("voice mail") are equal.
 */
#ifndef TESTS_HARNESS_WER_H
#define TESTS_HARNESS_WER_H

#include <stddef.h>

struct wer {
	size_t words;  /* spoken */
	size_t errors; /* replaced, missing and added ones */
};

/* Add one text to the sum; returns its errors. */
size_t wer_add(struct wer *sum, const char *spoken, const char *heard);

/* In percent. */
double wer_percent(const struct wer *sum);

#endif
