/*
 * ear.h - a carrier and the callee's ear, in virtual time
 *
 * It plays a byte each 125 us as the callee hears it, answers checkpoints when
 * it gets to them, and drops on clearAudio. Time goes in steps of a
 * millisecond. There is one, and one playout that speaks into it.
 */
#ifndef TESTS_FAKE_EAR_H
#define TESTS_FAKE_EAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/playout.h"
#include "common/timer.h"

enum {
	EAR_HEARD_MAX = 8 * 200000, /* [bytes] */
	EAR_QUEUE_MAX = 8 * 2000,   /* [bytes] */
	EAR_CHECKS_MAX = 64,
};

struct ear {
	struct timers *ts;
	struct playout *po;
	uint64_t now_ms;
	uint8_t heard[EAR_HEARD_MAX]; /* by the callee, silence left out */
	size_t n_heard;
	uint8_t queue[EAR_QUEUE_MAX];
	size_t head, tail; /* positions; of the queue modulo its size */
	struct {
		char name[64];
		size_t at;
		uint64_t back_ms; /* set when reached */
	} check[EAR_CHECKS_MAX];
	size_t n_check;
	bool mute; /* checkpoints are never answered */
	bool full; /* the socket takes nothing */
	uint32_t delay_ms;
	uint32_t packets, clears, max_lead;
	uint64_t packet_at[4096];
	size_t packet_len;
	/* What the playout told: "S1@1000 D1@2000 ". */
	char told[8192];
	uint32_t heard_ms[64];
	bool close_in_event;
};

extern struct ear ear;

/* Handlers of the playout that speaks into it. */
int ear_send(const char *text, size_t len, void *arg);
void ear_event(const struct playout_event *ev, void *arg);

/* A playout of these parameters, 0 being its own; with timers at 1000 ms. */
void ear_open(void);
void ear_open_with(uint32_t lead_ms, uint32_t packet_ms);
void ear_close(void);

/* Let time pass; the loop runs its timers every @stall milliseconds. */
void ear_pass(uint32_t ms);
void ear_pass_stalled(uint32_t ms, uint32_t stall);

/* Every reply has bytes of its own, none of them silence. */
int ear_push(uint32_t reply, size_t from_ms, size_t ms);
void ear_say(uint32_t reply, size_t ms); /* the whole of a reply */

/* From @at_ms of what was heard on, @ms of the reply from @from_ms were. */
void ear_heard(size_t at_ms, uint32_t reply, size_t from_ms, size_t ms);

#endif
