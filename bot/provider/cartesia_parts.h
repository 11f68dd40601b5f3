/*
 * cartesia_parts.h - Cartesia's messages and a reply's pieces, without I/O
 */
#ifndef BOT_PROVIDER_CARTESIA_PARTS_H
#define BOT_PROVIDER_CARTESIA_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/provider/tts.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/js.h"
#include "common/str.h"

enum {
	CA_REPLIES = 2,    /* at once: the one being spoken, and the next */
	CA_ID_MAX = 40,    /* [bytes] of a context's id, with terminator */
	CA_PIECES_MAX = 64 /* of one reply, not yet generated */
};

struct ca_piece {
	struct ca_piece *next;
	size_t len;
	char text[];
};

struct ca_reply {
	uint32_t number;         /* 0: none */
	char context[CA_ID_MAX]; /* "" before the first */
	struct ca_piece *first, **tail;
	unsigned waiting;   /* pieces in the list */
	unsigned submitted; /* of them, on this socket */
	bool heard;         /* the first piece has had audio */
	bool has_text;      /* there was something to say */
	bool finished;      /* no more text will come */
	bool ended;         /* the context was told so */
	uint64_t audio_b;   /* bytes of audio so far */
	uint64_t context_b; /* of those, before this context */
	uint64_t last_us;   /* when audio last came */
};

/* Queue a copy of @text and a space: pieces are joined verbatim, and the space
 * between them is ours. -EAGAIN: CA_PIECES_MAX wait. -ENOMEM. */
int ca_reply_add(struct ca_reply *r, const char *text, size_t len) MUST_CHECK;

/* Drop the first piece; there is one. */
void ca_reply_drop(struct ca_reply *r);

/* Make @r a free place. A zeroed struct will do. */
void ca_reply_clear(struct ca_reply *r);

/* The place of reply @number (0: a free place), or of a context; or NULL. */
struct ca_reply *ca_reply_find(struct ca_reply replies[CA_REPLIES],
                               uint32_t number);
struct ca_reply *ca_reply_of_context(struct ca_reply replies[CA_REPLIES],
                                     struct str id);

/* The members of a message that decide what it is; empty when absent. Without
 * the quotes: none of them has escapes. */
struct ca_parts {
	struct str type, context, data;
};

/* @msg has passed jtext_check() and is an object. */
void ca_parts_find(struct str msg, struct ca_parts *parts);

/* Decoded audio, and the half sample that a chunk may end in. */
struct ca_pcm {
	struct buf samples;
	uint8_t odd;
	const char *odd_of; /* the context it belongs to; NULL: none */
};

/* Decode a chunk of @context (compared by address) behind what the one before
 * left over. Returns the bytes of whole samples in p->samples; negative for
 * what is no audio. */
long ca_pcm_decode(struct ca_pcm *p, enum audio_fmt fmt, const char *context,
                   struct str data) MUST_CHECK;

/* Append the members that every submission repeats. -ENOMEM, ERR_LIMIT. */
int ca_constants(struct buf *out, const struct tts_params *prm) MUST_CHECK;

/* Append a whole submission of @text to @context. -ENOMEM, ERR_LIMIT. */
int ca_submission(struct buf *out, const struct buf *constants,
                  const char *context, struct str text, bool more) MUST_CHECK;

/* The @i-th of an array of seconds [ms]; what makes no sense is 0. */
uint32_t ca_seconds(const json_t *times, size_t i);

#endif
