/*
 * plivo_audio.h - samples: mu-law, base64, tones, loudness
 *
 * Everything the callee says or hears is mono, 16 bit, 8,000 Hz, in frames of
 * 20 ms. These are plain textbook forms, kept apart from the bot's on purpose.
 */
#ifndef TESTS_SIM_LIB_PLIVO_AUDIO_H
#define TESTS_SIM_LIB_PLIVO_AUDIO_H

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

enum {
	PSIM_HZ = 8000,
	PSIM_FRAME_MS = 20,
	PSIM_FRAME = PSIM_HZ / 1000 * PSIM_FRAME_MS, /* samples */
};

uint8_t psim_ulaw(int16_t pcm);
int16_t psim_ulaw_pcm(uint8_t ulaw);

/* Standard alphabet, padded, no terminator. Returns characters written. */
size_t psim_base64(char *dst, const void *src, size_t len);

/* Strict: whole groups, padding only at the end, no stray bits. Returns bytes,
 * or ERR_PROTO. @dst holds @len / 4 * 3. */
long psim_base64_decode(uint8_t *dst, const char *src, size_t len) MUST_CHECK;

/* Root mean square of @n samples. */
double psim_rms(const int16_t *v, size_t n);

/* Amplitude of a sine whose level is @dbfs (0: full scale). */
double psim_amplitude(double dbfs);

/* Fill with a sine that goes on at @phase [radians], which is moved on. */
void psim_tone(int16_t *v, size_t n, double hz, double amplitude,
               double *phase);

/* The loudest frequency of @n samples [Hz], and how much of the energy it
 * has (0..1). 0 Hz when there is next to none. */
double psim_pitch(const int16_t *v, size_t n, double *share);

#endif
