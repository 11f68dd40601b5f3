/*
 * vad.h - does the callee speak?
 *
 *	8 kHz samples --> chunks of 256 --+--> loudness --> gate --+
 *	                                  |                        v
 *	                                  +--> net: probability --> counts --> edges
 *
 * A chunk (32 ms) is speech when the net is sure enough and it is loud enough;
 * six such chunks in a row begin speech, six others end it. Every chunk is
 * judged by itself, however the samples are cut into packets. While it is
 * quiet the net does not run; when the gate opens it is first given what it
 * missed, 256 ms at most. With a batch (vad_batch.h) the net runs for many
 * calls together, some milliseconds later. Time is the audio's own: samples fed so far.
 */
#ifndef BOT_MEDIA_VAD_H
#define BOT_MEDIA_VAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	VAD_HZ = 8000,
	VAD_CHUNK = 256,   /* [samples] */
	VAD_CHUNK_MS = 32, /* [ms] */
};

/* Where the probability comes from; a test scripts it. */
struct vad_ops {
	const char *name;
	size_t state_size; /* [bytes] per call; zeroed before the first step */
	/* Probability of speech, 0 to 1, in the chunk that follows the last
	 * one. @model is shared by all calls. */
	float (*step)(void *state, const void *model,
	              const int16_t pcm[VAD_CHUNK]);
	/* The same for @n calls at once; NULL: it has no such way. */
	void (*step_many)(void *const state[], const void *model,
	                  const int16_t *const pcm[], float prob[], size_t n);
};

/* Silero's net; its model is a struct silero. */
extern const struct vad_ops vad_silero;

enum vad_volume {
	VAD_VOLUME_FAST, /* 400 ms loudness as it is: rises within a chunk, so
	                  * that a short "yes" after digital silence counts */
	VAD_VOLUME_SLOW, /* smoothed over chunks and zero for the first 400 ms,
	                  * as Pipecat's */
};

struct vad_batch;

struct vad_params {
	float confidence;  /* 0: 0.7 */
	float min_volume;  /* 0: 0.6; 0.6 is -50 LUFS, 0.8 is -30 */
	uint32_t start_ms; /* of speech until SPEECH [ms]; 0: 200 */
	uint32_t stop_ms;  /* of silence until SILENCE [ms]; 0: 200 */
	enum vad_volume volume;
	bool no_gate; /* run the net on every chunk, silent ones, too */
	/* Judge chunks together with other calls', a little later; borrowed.
	 * NULL: each within vad_feed(). */
	struct vad_batch *batch;
	/* A chunk of the batch was judged; may be NULL. As edges. */
	void (*judgedh)(void *arg);
};

enum vad_edge_type { VAD_SPEECH, VAD_SILENCE };

struct vad_edge {
	enum vad_edge_type type;
	uint64_t at_ms;    /* decided here */
	uint64_t since_ms; /* speech or silence has lasted from here */
};

/* Must not close the vad. */
typedef void vad_edge_h(const struct vad_edge *edge, void *arg);

struct vad;

/* @prm may be NULL. @model is borrowed and outlives it. -ENOMEM. */
int vad_new(struct vad **vp, const struct vad_ops *ops, const void *model,
            const struct vad_params *prm, vad_edge_h *edgeh,
            void *arg) MUST_CHECK;

/* NULLs the caller's pointer. NULL is fine. */
void vad_free(struct vad **vp);

/* The next @n samples, 8000 Hz, any number of them. */
void vad_feed(struct vad *v, const int16_t *pcm, size_t n);

/* No audio came for a while (a second, say): speech has ended. An edge only
 * if there was speech. What comes then starts anew. */
void vad_starved(struct vad *v);

bool vad_speaking(const struct vad *v);

/* Does a chunk wait for those of other calls? What vad_level() says is older
 * than vad_now_ms() then. */
bool vad_pending(const struct vad *v);

/* Audio fed so far [ms]. */
uint64_t vad_now_ms(const struct vad *v);

struct vad_level {
	float confidence; /* of the last chunk; 0 while the gate is closed */
	float volume;     /* 0 to 1 */
	uint64_t chunks;  /* judged */
	uint64_t steps;   /* of the net */
};

void vad_level(const struct vad *v, struct vad_level *lv);

#endif
