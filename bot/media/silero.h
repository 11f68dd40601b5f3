/*
 * silero.h - how likely a piece of telephone audio is speech
 *
 * The 8 kHz net of Silero VAD v6, computed here: 32 ms of audio in, one
 * probability out. The weights are loaded once and shared by all calls; what a
 * call has of its own is a struct silero_state, which may be copied and needs
 * no release. The instructions are chosen at run time by what the processor
 * has. Several calls stepped together cost little more than half of the same
 * calls one by one, because a weight is fetched once for four of them.
 */
#ifndef BOT_MEDIA_SILERO_H
#define BOT_MEDIA_SILERO_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	SILERO_CHUNK = 256,  /* [samples] of one step at 8 kHz: 32 ms */
	SILERO_CONTEXT = 32, /* [samples] kept from the chunk before */
	SILERO_HIDDEN = 128,
};

/* All zeros is the beginning of a call. */
struct silero_state {
	float h[SILERO_HIDDEN], c[SILERO_HIDDEN];
	float context[SILERO_CONTEXT];
};

struct silero;

/* Load the weights that deploy/models.sh made. -ENOENT and the like; ERR_PROTO:
 * not that kind of file; -ENOMEM. */
int silero_new(struct silero **sp, const char *path) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void silero_free(struct silero **sp);

/* The probability of speech, 0..1, in the next 32 ms of a call. */
float silero_step(const struct silero *net, struct silero_state *state,
                  const int16_t chunk[SILERO_CHUNK]);

/* The same for @n calls at once; the results equal single steps within
 * rounding. */
void silero_step_many(const struct silero *net,
                      struct silero_state *const state[],
                      const int16_t *const chunk[], float prob[], size_t n);

/* What computes it: "avx2" or "plain". For logs and benches. */
const char *silero_kernel_name(const struct silero *net);

/* Compute with the instructions of every processor. For tests and benches. */
void silero_use_plain(struct silero *net);

#endif
