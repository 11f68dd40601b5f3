/*
 * el_context.h - a socket of the simulated ElevenLabs, and its contexts
 */
#ifndef TESTS_SIM_LIB_EL_CONTEXT_H
#define TESTS_SIM_LIB_EL_CONTEXT_H

#include "common/list.h"
#include "tests/sim/lib/ca_audio.h"
#include "tests/sim/lib/sim.h"

enum {
	EL_CONTEXTS_MAX = 5,  /* of a socket; the next one is an error */
	EL_RECORDS_MAX = 500, /* contexts kept for the state */
};

struct el_cfg {
	uint32_t latency_ms; /* from text to audio */
	double pace;         /* of audio, times real time */
	struct link conns;
	json_t *records;
};

/* Accept a checked upgrade. */
void el_conn_open(struct el_cfg *cfg, struct sim *s, struct simreq *r,
                  unsigned no, const struct ca_format *f);

#endif
