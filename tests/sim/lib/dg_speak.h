/*
 * dg_speak.h - Deepgram's voice: /v1/speak as a WebSocket
 *
 * Text is kept until a Flush; its audio goes out as binary messages in words of
 * wordtone.h, then Flushed. Clear drops what waits, but what was on its way
 * still comes before Cleared.
 */
#ifndef TESTS_SIM_LIB_DG_SPEAK_H
#define TESTS_SIM_LIB_DG_SPEAK_H

#include "common/list.h"
#include "tests/sim/lib/sim.h"

enum { DG_SPEAK_RECORDS_MAX = 200 /* sockets kept for the state */ };

struct dg_speak_cfg {
	uint32_t latency_ms; /* from Flush to audio */
	double pace;         /* of audio, times real time */
	struct link sockets;
	json_t *records;
};

/* Check the query of an upgrade; 0 or the status that refuses it. */
int dg_speak_check(struct sim *s, struct simreq *r, unsigned no,
                   const char **code, const char **text) MUST_CHECK;

/* Accept a checked upgrade. */
void dg_speak_open(struct dg_speak_cfg *cfg, struct sim *s, struct simreq *r,
                   unsigned no, const char *request_id);

#endif
