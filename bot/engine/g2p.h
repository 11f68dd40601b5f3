/*
 * g2p.h - how English text is pronounced, in Kokoro's symbols
 *
 * Flite's front end reads numbers, times and abbreviations, knows the words
 * of the CMU dictionary and guesses the others; its phonemes are then written
 * the way Kokoro was trained on.
 */
#ifndef BOT_ENGINE_G2P_H
#define BOT_ENGINE_G2P_H

#include "common/attr.h"

struct buf;

/* Append the pronunciation of a terminated text of say_clean(), with its
 * punctuation, as UTF-8. From any thread. ERR_PROVIDER, ERR_LIMIT, -ENOMEM. */
int g2p_symbols(struct buf *out, const char *text) MUST_CHECK;

#endif
