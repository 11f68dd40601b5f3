/*
 * dg_query.h - the query of a Deepgram stream: which names, which values
 */
#ifndef TESTS_SIM_LIB_DG_QUERY_H
#define TESTS_SIM_LIB_DG_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/lib/sim.h"

enum dg_encoding { DG_LINEAR16, DG_MULAW, DG_ALAW };

struct dg_params {
	char model[64];
	char script[64]; /* of tag=script:NAME; "" without */
	enum dg_encoding encoding;
	uint32_t hz, channels;
	bool interim, punctuate, vad_events, numerals;
	int endpointing_ms;        /* -1: never */
	uint32_t utterance_end_ms; /* 0: never */
};

/* Check path, credentials and every parameter of the upgrade. 0, or the HTTP
 * status of the refusal with its code and text. What a real server lets pass
 * though it means nothing becomes a violation. */
int dg_query_check(struct sim *s, struct simreq *r, unsigned stream,
                   struct dg_params *p, const char **code,
                   const char **text) MUST_CHECK;

#endif
