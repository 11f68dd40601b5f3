/*
 * clip.h - a sentence that was spoken before it is needed
 *
 * The audio of a greeting with the places of its words, made while the
 * telephone rings, or read from a file that an earlier call has left. Pure
 * but for clip_save() and clip_load(), which block as long as a small file
 * takes.
 */
#ifndef BOT_CLIP_H
#define BOT_CLIP_H

#include <stddef.h>
#include <stdint.h>

#include "bot/media/audio.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

enum {
	CLIP_MS_MAX = 60 * 1000,  /* of audio */
	CLIP_TEXT_MAX = 8 * 1024, /* [bytes] */
	CLIP_WORDS_MAX = 512,
};

struct clip_word {
	uint32_t begin_ms, end_ms; /* of the audio */
	size_t at, len;            /* [bytes] of the clip's words */
};

struct clip {
	enum audio_fmt fmt;
	char *asked;       /* the text that was to be spoken */
	struct buf spoken; /* ... without signs, each piece a line */
	struct buf audio;
	struct buf words; /* their texts, one after the other */
	struct clip_word word[CLIP_WORDS_MAX];
	size_t n_words;
};

/* An empty clip for @text, which is copied. -ENOMEM. */
int clip_new(struct clip **cp, struct str text, enum audio_fmt fmt) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void clip_free(struct clip **cp);

/* A copy of its own. -ENOMEM. */
int clip_copy(struct clip **cp, const struct clip *from) MUST_CHECK;

/* A piece was given to the voice; audio and words have come from it. What is
 * beyond a limit: ERR_LIMIT. -ENOMEM. */
int clip_say(struct clip *c, struct str piece) MUST_CHECK;
int clip_audio(struct clip *c, const void *v, size_t len) MUST_CHECK;
int clip_word(struct clip *c, struct str word, uint32_t begin_ms,
              uint32_t end_ms) MUST_CHECK;

/* The text of word @i; borrowed. */
struct str clip_word_text(const struct clip *c, size_t i);

/* Write it to @path, by rename, so that nobody reads a half. What the system
 * says. */
int clip_save(const struct clip *c, const char *path) MUST_CHECK;

/* Read a clip for @text. -ENOENT: none. -EINVAL: not a whole clip, or one of
 * another text or format. -ENOMEM. */
int clip_load(struct clip **cp, const char *path, struct str text,
              enum audio_fmt fmt) MUST_CHECK;

#endif
