/*
 * fallback.h - the providers of a stage in the order in which they are tried
 *
 * One struct fallback is all providers that this process could use. A call
 * takes from it those that its agent names (or STT, LLM and TTS do), begins
 * with the first that works, and goes on to the next when one fails; within a
 * call there is no way back. What fails in one call is remembered for the
 * others: a provider that failed three times in a row, or refuses our key, is
 * left out for a while, and then tried by one call again.
 */
#ifndef BOT_FALLBACK_H
#define BOT_FALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/budget.h"
#include "bot/config_providers.h"
#include "bot/provider/provider.h"
#include "common/attr.h"

struct llm_ops;
struct stt_ops;
struct tts_ops;

enum {
	FALLBACK_STAGES = 3,
	FALLBACK_MAX = 12, /* providers of a stage that exist */
	FALLBACK_PICK = 4, /* ... that a call may name */
	FALLBACK_FAILURES = 3,
	FALLBACK_OPEN_MS = 30000, /* left out for so long */
};

struct fallback_entry {
	const char *name;
	const struct stt_ops *stt; /* of its stage; the others are NULL */
	const struct llm_ops *llm;
	const struct tts_ops *tts;
	struct provider_cfg cfg;
	unsigned failures;    /* in a row */
	uint64_t left_out_us; /* until then; 0: it works */
	struct budget budget; /* of all calls */
};

struct fallback {
	struct fallback_entry entry[FALLBACK_STAGES][FALLBACK_MAX];
	size_t n[FALLBACK_STAGES];
	const char *order[FALLBACK_STAGES]; /* "first,second"; borrowed */
};

/* A call's own; zeroed: no provider to choose from. */
struct fallback_pick {
	struct fallback_entry *entry[FALLBACK_PICK];
	size_t n, at;
};

/* Add a provider of @stage. ERR_LIMIT. */
int fallback_add(struct fallback *f, enum stage stage,
                 const struct fallback_entry *e) MUST_CHECK;

/* The providers for a call: @names, or the configured order when @n is 0 or
 * none of them exists here. The first that is not left out is its own. */
void fallback_choose(struct fallback *f, enum stage stage,
                     const char *const *names, size_t n, uint64_t now_us,
                     struct fallback_pick *pick);

/* The name of the one that a call would begin with, without a claim on it;
 * NULL: there is none. Static storage. */
const char *fallback_first(const struct fallback *f, enum stage stage,
                           const char *const *names, size_t n, uint64_t now_us);

/* The one that is used; NULL if there is none. */
struct fallback_entry *fallback_now(const struct fallback_pick *pick);

/* Is there another one behind it that works? */
bool fallback_has_next(const struct fallback_pick *pick, uint64_t now_us);

/* It has failed with @err. True: there is another, and that is used now. */
bool fallback_failed(struct fallback_pick *pick, int err, uint64_t now_us);

/* It is asked, for the first time; and once more: true, it may be. */
void fallback_request(const struct fallback_pick *pick, uint64_t now_us);
bool fallback_retry(const struct fallback_pick *pick, uint64_t now_us);

/* It does its work. */
void fallback_good(const struct fallback_pick *pick);

/* Is every provider of @stage left out that a call could choose? @names as for
 * fallback_choose(). */
bool fallback_is_down(const struct fallback *f, enum stage stage,
                      const char *const *names, size_t n, uint64_t now_us);

#endif
