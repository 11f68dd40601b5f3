/*
 * dg_script.h - what the recogniser will understand, burst by burst
 *
 * A file of sentences, one a line; the n-th burst of speech is the n-th
 * sentence. "[1840] I would like a table" says that the burst has 1,840 ms of
 * speech: words whose time never comes are then lost; without it the words
 * are spread by their length and what is left is given at the burst's end.
 * "== NAME" begins the script of another stream: streams take the scripts in
 * turn, or by tag=script:NAME in the query. "#" begins a comment.
 */
#ifndef TESTS_SIM_LIB_DG_SCRIPT_H
#define TESTS_SIM_LIB_DG_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum { DG_WORDS_MAX = 128 /* of a sentence */ };

struct dg_sentence {
	char *text;         /* as in the script */
	char *parts;        /* the same, cut into words */
	uint32_t voiced_ms; /* 0: not declared */
	size_t n_words;
	const char *word[DG_WORDS_MAX]; /* as written, in parts */
	uint32_t end_ms[DG_WORDS_MAX];  /* of voiced time */
};

struct dg_scripts;

/* @text: the file's; NULL: a few sentences of our own. NULL: a line is wrong,
 * said on standard error. */
struct dg_scripts *dg_scripts_new(const char *text) MUST_CHECK;
void dg_scripts_free(struct dg_scripts **sp);

/* The script by name, or for the n-th stream (from 1); -1: no such name. */
int dg_scripts_choose(const struct dg_scripts *s, const char *name,
                      unsigned stream);
const char *dg_scripts_name(const struct dg_scripts *s, int script);

/* The n-th sentence (from 0); behind the last one NULL, or again the first
 * with @loop. */
const struct dg_sentence *dg_scripts_get(const struct dg_scripts *s, int script,
                                         size_t n, bool loop);

#endif
