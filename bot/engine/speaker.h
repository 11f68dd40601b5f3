/*
 * speaker.h - both voices as one: which may speak, and what they have said
 *
 * The natural voice speaks as long as it keeps up. How fast it is here is
 * measured once at the start; whether it keeps up is then learnt from the
 * calls, which report how late a clause came. Whoever cannot have it gets the
 * small voice. Clauses that were made lately are kept, so that a greeting is
 * computed once and not once a call.
 *
 * speaker_choose(), _release() and _late() belong to the loop's thread,
 * speaker_say() to the workers.
 */
#ifndef BOT_ENGINE_SPEAKER_H
#define BOT_ENGINE_SPEAKER_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct ort;
struct speaker;

enum speaker_voice { SPEAKER_SMALL, SPEAKER_NATURAL };

enum {
	SPEAKER_LATE_MS = 300, /* a gap that one hears */
	/* How long new replies then get the small voice. */
	SPEAKER_REST_MS = 10000,
};

/* @ort NULL: the small voice alone. @dir and @voice as in kokoro_new().
 * @threads may speak at once. Takes a second to measure. Errors are those of
 * kokoro_new(). */
int speaker_new(struct speaker **sp, struct ort *ort, const char *dir,
                const char *voice, unsigned threads) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void speaker_free(struct speaker **sp);

/* The voice for a reply that begins now; released at its end. */
enum speaker_voice speaker_choose(struct speaker *s, uint64_t now_us);
void speaker_release(struct speaker *s, enum speaker_voice voice);

/* A clause came @late_ms after it should have been heard. */
void speaker_late(struct speaker *s, uint32_t late_ms, uint64_t now_us);

/* Seconds of computing for a second of the natural voice; 0: there is none. */
double speaker_cost(const struct speaker *s);

typedef int speaker_stop_h(void *arg); /* not 0: end with that code */

struct speaker_clause {
	enum speaker_voice voice;
	uint32_t hz;      /* wanted: 8000 or 16000 */
	const char *text; /* UTF-8, not terminated */
	size_t len;       /* [bytes] */
};

/* Speak a clause. @pcm becomes the caller's, to be released with mem_free().
 * If the natural voice fails the small one speaks. @stoph may be NULL.
 * ERR_PROVIDER, ERR_LIMIT, -ENOMEM, what @stoph returned. */
int speaker_say(struct speaker *s, const struct speaker_clause *clause,
                int16_t **pcm, size_t *n, speaker_stop_h *stoph,
                void *arg) MUST_CHECK;

#endif
