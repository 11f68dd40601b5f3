/*
 * plivo_callee.h - the person called: runs a script, 20 ms at a time
 *
 * Pure: hears a frame, says a frame, and tells what happened. It never
 * understands a word; the bot's speech is loudness to it.
 */
#ifndef TESTS_SIM_LIB_PLIVO_CALLEE_H
#define TESTS_SIM_LIB_PLIVO_CALLEE_H

#include "tests/sim/lib/plivo_playout.h"
#include "tests/sim/lib/plivo_script.h"

/* One thing that was said. Times are of the media clock [ms]. */
struct psim_said {
	unsigned number; /* 1, 2, 3 ... */
	const char *name;
	uint32_t from_ms, to_ms;             /* of the recording */
	uint32_t voice_from_ms, voice_to_ms; /* of what is loud in it */
	bool voiced;
};

struct psim_callee_h {
	void (*begin)(const struct psim_said *s, void *arg);
	void (*said)(const struct psim_said *s, void *arg);
	void (*dtmf)(char digit, void *arg);
	void (*wait_over)(const char *what, uint32_t waited_ms, void *arg);
	void (*barge_in)(uint32_t after_ms, void *arg);
	void (*hangup)(const char *why, void *arg); /* the last word */
};

struct psim_callee {
	const struct psim_script *s;
	const struct psim_callee_h *h;
	void *arg;
	size_t pc;
	struct {
		size_t start;
		uint32_t left;
	} loop[PSIM_SCRIPT_DEPTH];
	unsigned depth;
	bool entered; /* the command at pc has begun */
	bool done;
	uint32_t since_ms; /* media clock when it did */
	size_t at;         /* samples of a clip or tone, digits of dtmf */
	double phase;
	struct psim_said said;
	uint32_t noise; /* generator */
};

void psim_callee_init(struct psim_callee *c, const struct psim_script *s,
                      const struct psim_callee_h *h, void *arg);

/* The frame that begins at @now_ms. @ear has heard all frames before it;
 * @streaming: the bot can hear. A handler may end the call. */
void psim_callee_step(struct psim_callee *c, const struct psim_ear *ear,
                      bool streaming, uint32_t now_ms, int16_t *frame);

#endif
