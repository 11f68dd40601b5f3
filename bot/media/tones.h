/*
 * tones.h - tones on a telephone line: a beep, a fax, a network announcement
 *
 * A bank of Goertzel filters, 50 Hz apart, over blocks of 20 ms says whether a
 * block is one pure tone and which; runs of blocks with the same one are
 * judged by pitch and length. Speech has harmonics and moves, so it is none.
 *
 *	beep   350 to 2050 Hz, steady, 160 ms to 5 s, then silence or speech
 *	fax    2100 Hz (the answering machine's CED) for half a second
 *	SIT    three rising tones near 914/985, 1371/1429 and 1777 Hz, 274 or
 *	       380 ms each: a network announcement follows (ITU-T E.180)
 *
 * Pure; no allocation.
 */
#ifndef BOT_MEDIA_TONES_H
#define BOT_MEDIA_TONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TONES_HZ = 8000,
	TONES_BLOCK = 160, /* [samples] 20 ms */
	TONES_LOW_HZ = 350,
	TONES_STEP_HZ = 50,
	TONES_BINS = 40, /* up to 2300 Hz */
};

enum tone {
	TONE_NONE,
	TONE_BEEP, /* it has ended */
	TONE_FAX,  /* it goes on */
	TONE_SIT,  /* all three were heard */
};

struct tones {
	int16_t block[TONES_BLOCK];
	size_t n;
	unsigned run;    /* blocks of the tone that is heard; 0: none */
	float run_hz;    /* ... its pitch, the mean so far */
	unsigned gap;    /* blocks without it: one may be missed */
	unsigned levels; /* of its blocks but for the ends; their power */
	float level_sum, level_squares, last_level;
	unsigned sit;    /* tones of a SIT heard so far */
	unsigned idle;   /* blocks since the last of them */
	uint32_t ago_ms; /* the beep that is told began so long ago */
	bool fax_told;
};

void tones_init(struct tones *t);

/* Feed samples of TONES_HZ. What was recognised in them; the last of it. */
enum tone tones_feed(struct tones *t, const int16_t *pcm, size_t n);

/* Is one block of TONES_BLOCK samples a single tone? Its pitch [Hz], or 0. */
float tones_pitch(const int16_t *block);

#endif
