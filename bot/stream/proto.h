/*
 * proto.h - a carrier's media-stream protocol, as pure functions
 *
 * A protocol turns text messages of the carrier's WebSocket into values and
 * back. It does no I/O, keeps no state and reads no clock, so each is tested
 * from recorded messages and fuzzed as it is. Audio messages, fifty a second
 * each way, need no memory: received ones are scanned where they lie, sent
 * ones are a template filled in.
 */
#ifndef BOT_STREAM_PROTO_H
#define BOT_STREAM_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "bot/media/audio.h"
#include "common/attr.h"

enum {
	STREAM_ID_MAX = 64,      /* [bytes] with terminator */
	STREAM_NUMBER_MAX = 64,  /* [bytes] telephone number or SIP address */
	STREAM_NAME_MAX = 64,    /* [bytes] of a mark, with terminator */
	STREAM_TRACK_MAX = 16,   /* [bytes] with terminator */
	STREAM_EXTRA_MAX = 4096, /* [bytes] with terminator */
	STREAM_MEDIA_MAX = 12 * 1024, /* [bytes] of audio in a message */
	STREAM_FRAME_MAX = 64 * 1024, /* [bytes] of a message, Plivo's */
	STREAM_DIGITS_MAX = 32,       /* in one message */
	STREAM_WRAP_MAX = 512,        /* [bytes] a message adds to audio */
};

/* Characters of a message with @n bytes of audio, at most. */
#define STREAM_AUDIO_LEN(n) (((n) + 2) / 3 * 4 + STREAM_WRAP_MAX)

enum stream_msg_type {
	STREAM_IGNORED, /* well formed, and of no interest */
	STREAM_START,
	STREAM_MEDIA,
	STREAM_DTMF,
	STREAM_PLAYED,  /* everything before the mark has been heard */
	STREAM_CLEARED, /* what was queued at the carrier is gone */
	STREAM_ERROR,   /* the carrier could not do something: name says what */
	STREAM_STOP,    /* a hint; the end is the socket's */
};

/* Only the fields of its type are set. Large: keep one and use it again. */
struct stream_msg {
	enum stream_msg_type type;

	char stream_id[STREAM_ID_MAX]; /* START */
	char call_id[STREAM_ID_MAX];   /* START */
	char from[STREAM_NUMBER_MAX];  /* START; "" if not told */
	char to[STREAM_NUMBER_MAX];    /* START; "" if not told */
	/* START: extra headers or custom parameters as sent: text, or JSON if
	 * it was an object; "" without, or if they are too long. */
	char extra[STREAM_EXTRA_MAX];
	enum audio_fmt fmt; /* START */

	char name[STREAM_NAME_MAX]; /* PLAYED: the mark; ERROR: the reason */
	char digit;                 /* DTMF: 0-9 * # A-D */

	char track[STREAM_TRACK_MAX]; /* MEDIA: "inbound"; "" if not told */
	uint64_t chunk;               /* MEDIA: counts from 1; 0 if not told */
	uint64_t timestamp;           /* MEDIA [ms]: use differences only */
	size_t media_len;             /* MEDIA [bytes] */
	uint8_t media[STREAM_MEDIA_MAX]; /* MEDIA: the line's format */
};

/* What one stream's messages begin and end with. No memory of its own. */
struct stream_writer {
	enum audio_fmt fmt;
	size_t head_len, tail_len, id_len;
	char head[160];
	char tail[STREAM_ID_MAX + 32];
	char id[STREAM_ID_MAX]; /* as it stands between quotes */
};

struct stream_proto {
	const char *name;

	/* One received message. ERR_PROTO: not a message of this protocol.
	 * ERR_LIMIT: a field is longer than struct stream_msg can hold. */
	int (*decode)(struct stream_msg *msg, const char *text, size_t len);

	/* -EINVAL: @stream_id is empty, too long, or not printable ASCII. */
	int (*writer_init)(struct stream_writer *w, const char *stream_id,
	                   enum audio_fmt fmt);

	/* All write one message without terminator and return its length, or
	 * ERR_LIMIT if it does not fit into @cap.
	 * audio: at most STREAM_MEDIA_MAX bytes of the line's format.
	 * mark, dtmf: -EINVAL for names that are no plain text of 1 to
	 * STREAM_NAME_MAX - 1 characters [A-Za-z0-9._-], for digits other
	 * than 0-9 * # A-D w W, none, or more than STREAM_DIGITS_MAX. */
	long (*audio)(const struct stream_writer *w, char *dst, size_t cap,
	              const uint8_t *audio, size_t len);
	long (*mark)(const struct stream_writer *w, char *dst, size_t cap,
	             const char *name);
	long (*clear)(const struct stream_writer *w, char *dst, size_t cap);
	long (*dtmf)(const struct stream_writer *w, char *dst, size_t cap,
	             const char *digits);
};

extern const struct stream_proto stream_plivo;

/* By name ("plivo"); NULL if there is none. */
const struct stream_proto *stream_proto_find(const char *name);

#endif
