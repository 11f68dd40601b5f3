/*
 * reply.h - one numbered answer: what is said, and what of it was heard
 *
 * The record of a reply in the making. Text goes in piece by piece as it is
 * given to the voice, word times and audio come back from it, and at the end,
 * or at an interruption, the question is which words were heard. A word counts
 * when at least half of it was played. Pure; the session drives it.
 */
#ifndef BOT_REPLY_H
#define BOT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/sentence.h"
#include "bot/spoken.h"
#include "common/attr.h"
#include "common/buf.h"
#include "common/str.h"

struct llm;

enum {
	REPLY_TEXT_MAX = 48 * 1024, /* [bytes] */
	REPLY_WORDS_MAX = 8192,
	REPLY_CALLS_MAX = 16,
};

enum reply_kind {
	REPLY_ANSWER, /* the model's */
	REPLY_GREETING,
	REPLY_APOLOGY,
	REPLY_PROMPT, /* to a callee who is silent */
	REPLY_GOODBYE,
};

struct reply_word {
	uint32_t begin_ms, end_ms; /* of the reply's audio */
	size_t voice_end;          /* [bytes] of said.voice, up to its end */
};

struct reply_call {
	char *id, *name, *arguments;
};

struct reply {
	uint32_t n;
	enum reply_kind kind;
	bool protected; /* cannot be interrupted */

	struct llm *llm; /* the session's to open and close */
	struct sentence sentence;
	struct buf unsent; /* a piece that the voice could not take yet */
	bool guess;        /* begun before the turn was over; unheard */
	bool complete;     /* ... and its answer is: tools wait to be run */
	bool got_token;
	bool text_done;  /* no more text comes from the model */
	bool finished;   /* ... and the voice knows */
	bool voice_done; /* all audio has come */
	bool audible;    /* the first of it has left */
	bool reasked;    /* the voice was late with it, and is another */
	bool failed;     /* to be apologised for once it was heard */
	bool waits;      /* says nothing until its calls have results */
	size_t calls_at; /* ... in the history; with has_calls */
	bool has_calls;
	const char *filler; /* said if it has no words of its own; borrowed */
	unsigned told;      /* of the session's results, by its request */
	unsigned tries;
	bool broken; /* its model is gone; asked again once all is given */
	int broken_by;
	bool resumed;      /* its model broke off, and was asked for the rest */
	size_t resumed_at; /* [bytes] of said.text before that; 0: new text has
	                    * come since */
	uint64_t token_ms, audio_ms; /* a guess's first of each; 0: none */
	uint32_t tokens; /* of model, asked and answered; 0: not told */
	size_t asked;    /* [bytes] of the request's messages */
	struct reply_call calls[REPLY_CALLS_MAX];
	size_t n_calls;

	struct spoken said; /* given to the voice: as written, and as said */
	size_t lead;        /* [bytes] of said.text: not the model's own */
	size_t lead_audio;  /* ... of audio, which no voice made in this call */
	size_t lead_words;
	size_t voice_from; /* of it to this voice: less after a reconnect */
	struct reply_word *words;
	size_t n_words, cap_words;
	uint32_t base_ms; /* audio of an earlier voice of this reply */
	size_t audio_len; /* [bytes] so far, of the line's format */
	size_t bytes_per_ms;
};

/* @bytes_per_ms of the line's format. -ENOMEM. */
int reply_new(struct reply **rp, uint32_t n, enum reply_kind kind,
              size_t bytes_per_ms) MUST_CHECK;

/* The model must have been closed. NULLs the caller's pointer. */
void reply_free(struct reply **rp);

/* A piece goes to the voice, which is to be given *@voice for it; borrowed.
 * -ENOMEM, ERR_LIMIT. */
int reply_say(struct reply *r, struct str piece, struct str *voice) MUST_CHECK;

/* ... and was not taken. */
void reply_unsay(struct reply *r);

/* A word's place, counted from this voice's first sample. Words that are not
 * found in the text are passed over. -ENOMEM, ERR_LIMIT. */
int reply_word(struct reply *r, struct str word, uint32_t begin_ms,
               uint32_t end_ms) MUST_CHECK;

uint32_t reply_audio_ms(const struct reply *r);

/* The voice was lost: what it has not said of what it was given, for the next
 * one; borrowed. */
struct str reply_unspoken(struct reply *r);

/* @piece is heard before all else: its audio has been made before, and nothing
 * of the rest has any yet. Its words follow, then reply_led() with the length
 * of the audio. -EBUSY: the rest has audio. -ENOMEM, ERR_LIMIT. */
int reply_lead(struct reply *r, struct str piece) MUST_CHECK;
void reply_led(struct reply *r, size_t audio_len);

/* Has the reply text and sound beside what leads it? */
bool reply_has_sound(const struct reply *r);

/* Has the voice been given text of which no audio has come, as far as that can
 * be told? */
bool reply_owes(const struct reply *r);

/* A call the model asks for; copied. -ENOMEM, ERR_LIMIT. */
int reply_call(struct reply *r, const char *id, const char *name,
               const char *arguments) MUST_CHECK;
void reply_drop_calls(struct reply *r);

/* The text, as written, that was heard when @heard_ms were; borrowed, trimmed. @whole: it
 * was heard to its end. */
struct str reply_heard(const struct reply *r, uint32_t heard_ms, bool whole);

#endif
